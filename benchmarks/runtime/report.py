"""Makes docs/runtime-benchmarks.md and .svg from docs/runtime-benchmarks.json.

python benchmarks/runtime/report.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"
TARGETS = {
    "LSTM tiny": (1.3, 1.2),
    "LSTM mid": (1.2, 1.15),
    "LSTM rl": (1.0, 1.0),
    "LSTM speech": (1.0, 1.3),
    "LSTM big": (1.0, 1.2),
    "GRU tiny": (1.0, 1.1),
    "GRU mid": (1.0, 1.1),
    "GRU rl": (1.0, 1.1),
    "Bidirectional mid": (1.3, 1.1),
    "ConvLSTM": (0.97, 8.0),
}
HEAD = """# The runtime, measured

Written by `benchmarks/runtime/report.py` from `docs/runtime-benchmarks.json`, which
`benchmarks/runtime/run.py` writes:

    JAX_PLATFORMS=cpu KERAS_BACKEND=jax python benchmarks/runtime/run.py
    python benchmarks/runtime/report.py

Python {python}, jax {jax}, {platform}, {cores} cores, float32. **Nothing here was measured on a
GPU.** Shapes (batch, time, in, width): tiny (1, 128, 64, 128), mid (32, 128, 128, 256), rl (256,
128, 64, 64), speech (8, 2000, 80, 320), big (64, 512, 128, 512); ConvLSTM (8, 20, 32, 32, 3) to 16
channels, window 3 x 3. "Backward" is a forward and a backward pass, for parameters and inputs.

The machine was shared with other work. In every round each library ran once, in random order,
and a ratio is the median over rounds of flax.linen's time over the library's: above 1 is faster
than flax.linen. The milliseconds are medians of the same rounds and say more about the machine's
load, and so do compile times. A case without a row was not measured in this run.

The figures of torch are no measure of torch: its threads and those of XLA wait for one another's
cores in one process, and a loaded machine of two cores stops them for whole time slices.

![ratios to flax.linen](runtime-benchmarks.svg)
"""


def aims(results: dict[str, Any]) -> list[str]:
    """rnn_runtime against flax.linen and what was aimed at."""
    lines = [
        "## rnn_runtime against flax.linen",
        "",
        "| | forward (CPU time) | aim | backward (CPU time) | aim | memory, backward |"
        " with gates recomputed | compile time |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case, (forward_aim, backward_aim) in TARGETS.items():
        if case not in results:
            continue
        own = results[case]
        cells = [case]
        for direction, aim in (("forward", forward_aim), ("backward", backward_aim)):
            entry = own[direction]["rnn_runtime"]
            mark = "" if entry["ratio"] >= aim else ", **missed**"
            cells += [f"{entry['ratio']:.2f} ({entry['cpu_ratio']:.2f})", f"{aim}{mark}"]
        facts = own["to_flax"]
        again = facts["rnn_runtime, gates recomputed"]
        cells += [f"{facts['rnn_runtime']['memory']:.2f}", f"{again['memory']:.2f}"]
        cells.append(f"{facts['rnn_runtime']['compile']:.1f}")
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def peers(results: dict[str, Any], direction: str) -> list[str]:
    """All libraries' ratios and milliseconds."""
    cases = [case for case in TARGETS if case in results]
    names = list(dict.fromkeys(name for case in cases for name in results[case][direction]))
    lines = [f"## All libraries, {direction}: ratio to flax.linen (milliseconds)", ""]
    lines += [f"| | {' | '.join(cases)} |", "|---" * (len(cases) + 1) + "|"]
    for name in names:
        entries = (results[case][direction].get(name) for case in cases)
        cells = (f"{e['ratio']:.2f} ({e['ms']:.3g})" if e else "" for e in entries)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return [*lines, ""]


def picture(results: dict[str, Any]) -> str:
    """Bars of rnn_runtime's ratios; a line at 1, cut at 4."""
    cases = [case for case in TARGETS if case in results]
    parts = []
    for row, case in enumerate(cases):
        top = 30 + 44 * row
        parts.append(f'<text x="150" y="{top + 20}" text-anchor="end">{case}</text>')
        for offset, (direction, colour) in enumerate(
            (("forward", "#8da0cb"), ("backward", "#fc8d62"))
        ):
            ratio = results[case][direction]["rnn_runtime"]["ratio"]
            length, y = 120 * min(ratio, 4), top + 16 * offset
            parts.append(
                f'<rect x="160" y="{y}" width="{length:.0f}" height="14" fill="{colour}"/>'
            )
            parts.append(f'<text x="{166 + length:.0f}" y="{y + 12}">{ratio:.2f}</text>')
    height = 44 * len(cases) + 40
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{height}"'
        ' font-family="sans-serif" font-size="12">'
        '<rect width="100%" height="100%" fill="white"/>'
        '<text x="160" y="18">rnn_runtime, times as fast as flax.linen: forward (blue), backward'
        " (orange)</text>"
        + "".join(parts)
        + f'<line x1="280" y1="24" x2="280" y2="{height - 10}" stroke="black"/></svg>\n'
    )


def main() -> None:
    """Writes both files."""
    results = json.loads((DOCS / "runtime-benchmarks.json").read_text())
    lines = [HEAD.format(**results["machine"]), *aims(results)]
    lines += [*peers(results, "forward"), *peers(results, "backward")]
    (DOCS / "runtime-benchmarks.md").write_text("\n".join(lines).rstrip() + "\n")
    (DOCS / "runtime-benchmarks.svg").write_text(picture(results))


if __name__ == "__main__":
    main()
