"""Makes docs/runtime-benchmarks.md and .svg from docs/runtime-benchmarks.json.

python benchmarks/runtime/report.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"
MEMORY, MEMORY_AGAIN, COMPILE = 0.70, 0.45, 1.6
NOT_JAX = ("torch",)
# What a file may lack of its machine; the note is written by hand, and goes with the next figures.
UNTOLD = {"flax": "(version not recorded)", "note": ""}
# The least ratios to flax.linen that are aimed at, forward and backward.
TARGETS = {
    "LSTM tiny": (1.3, 1.2),
    "LSTM mid": (1.2, 1.15),
    "LSTM rl": (1.0, 1.0),
    "LSTM speech": (1.0, 1.3),
    "LSTM big": (1.0, 1.2),
    "GRU tiny": (1.0, 1.1),
    "GRU mid": (1.0, 1.1),
    "GRU rl": (1.0, 1.1),
    "GRU speech": (1.0, 1.1),
    "GRU big": (1.0, 1.1),
    "Bidirectional mid": (1.3, 1.1),
    "ConvLSTM": (0.97, 8.0),
}
HEAD = """# The runtime, measured

Written by `benchmarks/runtime/report.py` from `docs/runtime-benchmarks.json`, which
`benchmarks/runtime/run.py` writes:

    PYTHONPATH=. JAX_PLATFORMS=cpu KERAS_BACKEND=jax python benchmarks/runtime/run.py
    python benchmarks/runtime/report.py

Python {python}, jax {jax}, flax {flax}, {platform}, {cores} cores, float32. **Nothing here was
measured on a GPU.** Shapes (batch, time, in, width): tiny (1, 128, 64, 128), mid (32, 128, 128,
256), rl (256, 128, 64, 64), speech (8, 2000, 80, 320), big (64, 512, 128, 512); ConvLSTM (8, 20,
32, 32, 3) to 16 channels, window 3 x 3. "Backward" is a forward and a backward pass, for parameters
and inputs.

In every round each library ran once, in random order and after a pause, and a ratio is the median
over rounds of flax.linen's time over the library's: above 1 is faster than flax.linen. The
milliseconds are medians of the same rounds. Memory (temporary bytes of the backward pass, exact)
and compile time (of the backward pass, the least of three) are rnn_runtime's over flax.linen's:
below 1 is better. A case without a row was not measured.{note}

![ratios to flax.linen](runtime-benchmarks.svg)
"""


def aims(results: dict[str, Any]) -> list[str]:
    """rnn_runtime against flax.linen and what was aimed at."""
    lines = [
        "## rnn_runtime against flax.linen",
        "",
        "| | forward (CPU time) | aim | backward (CPU time) | aim |"
        f" memory (aim {MEMORY:.2f}) | with gates recomputed (aim {MEMORY_AGAIN:.2f}) |"
        f" compile time (aim {COMPILE}) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for case in measured(results):
        own = results[case]
        cells = [case]
        for direction, aim in zip(("forward", "backward"), TARGETS[case], strict=True):
            entry = own[direction]["rnn_runtime"]
            cells += [f"{entry['ratio']:.2f} ({entry['cpu_ratio']:.2f})"]
            cells += [f"{aim}{missed(round(entry['ratio'], 2) >= aim)}"]
        facts = own["to_flax"]
        again = facts["rnn_runtime, gates recomputed"]
        for value, aim in (
            (facts["rnn_runtime"]["memory"], MEMORY),
            (again["memory"], MEMORY_AGAIN),
            (facts["rnn_runtime"]["compile"], COMPILE),
        ):
            cells.append(f"{value:.2f}{missed(round(value, 2) <= aim)}")
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", *slower(results), ""]


def measured(results: dict[str, Any]) -> list[str]:
    """The cases that have results."""
    return [case for case in TARGETS if case in results]


def missed(reached: bool) -> str:
    """The mark behind a figure."""
    return "" if reached else ", **missed**"


def slower(results: dict[str, Any]) -> list[str]:
    """Where the backward pass of another JAX library was faster: none is aimed at."""
    lines = [
        f"- {case}: {name}, {entry['to_ours']:.2f} of rnn_runtime's time"
        for case in measured(results)
        for name, entry in results[case]["backward"].items()
        if name not in NOT_JAX and not name.startswith("rnn_runtime")
        if round(entry["to_ours"], 2) < 1
    ]
    if not lines:
        return ["No other JAX library had a faster backward pass in any case."]
    return ["Other JAX libraries with a faster backward pass (**missed**):", "", *lines]


def peers(results: dict[str, Any], direction: str) -> list[str]:
    """All libraries' ratios and milliseconds."""
    cases = measured(results)
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
    cases = measured(results)
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
            cut = " (bar cut at 4)" if ratio > 4 else ""
            parts.append(f'<text x="{166 + length:.0f}" y="{y + 12}">{ratio:.2f}{cut}</text>')
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
    lines = [HEAD.format(**UNTOLD | results["machine"]), *aims(results)]
    lines += [*peers(results, "forward"), *peers(results, "backward")]
    (DOCS / "runtime-benchmarks.md").write_text("\n".join(lines).rstrip() + "\n")
    (DOCS / "runtime-benchmarks.svg").write_text(picture(results))


if __name__ == "__main__":
    main()
