"""Draws and judges many programs, and sorts what went wrong.

    JAX_PLATFORMS=cpu python tests/generated/sweep.py --first 0 --count 1000 [--target runtime]

Program N is the same on every machine; those of odd numbers are in an odd layout. The
exit code is 1 where a promise was broken.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

from grammar import numbered
from judge import BrokenProgram, judge

from rnn_codemod.findings import Options


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--target", default="flax", choices=["flax", "runtime"])
    parser.add_argument("--keep", type=Path, help="a folder for the programs that failed")
    given = parser.parse_args()
    started = time.monotonic()
    faults: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    examples: dict[str, int] = {}
    whole = 0
    for number in range(given.first, given.first + given.count):
        drawn = numbered(number)
        try:
            verdict = judge(drawn.text, Options(target=given.target))
        except BrokenProgram as broken:
            print(f"{number}: {broken}")
            faults["the grammar wrote a program that does not run"] += 1
            continue
        whole += not verdict.refused and not verdict.left_whole
        if verdict.left_whole:
            refusals[f"whole file: {verdict.left_whole}"] += 1
            examples.setdefault(f"whole file: {verdict.left_whole}", number)
        for finding in verdict.refused:
            refusals[f"{finding.rule}: {finding.reason}"] += 1
            examples.setdefault(f"{finding.rule}: {finding.reason}", number)
        for fault in verdict.faults:
            faults[fault.kind] += 1
            print(f"{number}: {fault} {drawn.tags}", flush=True)
            if given.keep:
                given.keep.mkdir(parents=True, exist_ok=True)
                (given.keep / f"{number}.py").write_text(drawn.text, newline="")
    print(f"\n{given.count} programs, {whole} migrated whole, {time.monotonic() - started:.0f} s")
    for name, count in refusals.most_common(40):
        print(f"refused {count:5}  {name} (program {examples[name]})")
    for kind, count in faults.most_common():
        print(f"FAULT {count:5}  {kind}")
    return int(bool(faults))


if __name__ == "__main__":
    raise SystemExit(main())
