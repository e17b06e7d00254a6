"""Draws and judges many programs, and sorts what went wrong.

    JAX_PLATFORMS=cpu python tests/generated/sweep.py --first 0 --count 1000 [--target runtime]
    JAX_PLATFORMS=cpu python tests/generated/sweep.py --projects --first 0 --count 1000
    JAX_PLATFORMS=cpu python tests/generated/sweep.py --documents --style idiomatic

Program N, or project N, is the same on every machine; those of odd numbers are in an odd layout.
The exit code is 1 where a promise was broken.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

from grammar import numbered
from judge import BrokenProgram, Fault, judge
from judge_documents import judge_document
from judge_projects import judge_project
from projects import numbered_project

from rnn_codemod.findings import Options


@dataclass(frozen=True)
class Outcome:
    """What became of one program: what was refused and why, what went wrong, where it is kept."""

    refused: tuple[str, ...]
    faults: tuple[Fault, ...]
    tags: tuple[str, ...]
    files: dict[str, str]


def of_program(number: int, options: Options) -> Outcome:
    """Draws and judges program ``number``."""
    drawn = numbered(number)
    verdict = judge(drawn.text, options)
    refused = [f"{finding.rule}: {finding.reason}" for finding in verdict.refused]
    if verdict.left_whole:
        refused.append(f"whole file: {verdict.left_whole}")
    return Outcome(tuple(refused), verdict.faults, drawn.tags, {f"{number}.py": drawn.text})


def of_document(number: int, options: Options) -> Outcome:
    """Draws program ``number`` and judges it as the code of a notebook or a page."""
    drawn = numbered(number)
    text = drawn.text.replace("\r\n", "\n")
    verdict = judge_document(text, Random(number), options)
    refused = tuple(f"{finding.rule}: {finding.reason}" for finding in verdict.refused)
    return Outcome(refused, verdict.faults, drawn.tags, {f"{number}.py": text})


def of_project(number: int, options: Options) -> Outcome:
    """Draws and judges project ``number``; each tenth in three processes as well."""
    drawn = numbered_project(number)
    verdict = judge_project(drawn, options, processes=0 if number % 10 else 3)
    refused = tuple(f"{finding.rule}: {finding.reason}" for _, finding in verdict.refused)
    files = {f"{number}/{path}": text for path, text in drawn.files.items()}
    return Outcome(refused, verdict.faults, drawn.tags, files)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--target", default="flax", choices=["flax", "runtime"])
    parser.add_argument("--style", default="minimal", choices=["minimal", "idiomatic"])
    parser.add_argument("--projects", action="store_true", help="of several files each")
    parser.add_argument("--documents", action="store_true", help="in notebooks and pages")
    parser.add_argument("--keep", type=Path, help="a folder for the programs that failed")
    given = parser.parse_args()
    started = time.monotonic()
    faults: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    examples: dict[str, int] = {}
    whole = 0
    draw = of_project if given.projects else of_document if given.documents else of_program
    options = Options(target=given.target, style=given.style)
    for number in range(given.first, given.first + given.count):
        try:
            outcome = draw(number, options)
        except BrokenProgram as broken:
            print(f"{number}: {broken}", flush=True)
            faults["the grammar wrote a program that does not run"] += 1
            continue
        whole += not outcome.refused
        for told in outcome.refused:
            refusals[_without_numbers(told)] += 1
            examples.setdefault(_without_numbers(told), number)
        for fault in outcome.faults:
            faults[fault.kind] += 1
            print(f"{number}: {fault} {outcome.tags}", flush=True)
        if outcome.faults and given.keep:
            for name, text in outcome.files.items():
                (given.keep / name).parent.mkdir(parents=True, exist_ok=True)
                (given.keep / name).write_text(text, newline="")
    print(f"\n{given.count} programs, {whole} migrated whole, {time.monotonic() - started:.0f} s")
    for name, count in refusals.most_common(40):
        print(f"refused {count:5}  {name} (program {examples[name]})")
    for kind, count in faults.most_common():
        print(f"FAULT {count:5}  {kind}")
    return int(bool(faults))


def _without_numbers(reason: str) -> str:
    return re.sub(r"\S+: |\d+", "", reason) if "/" in reason else re.sub(r"\d+", "", reason)


if __name__ == "__main__":
    raise SystemExit(main())
