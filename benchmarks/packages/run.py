"""Migrates copies of published legacy packages, says what became of every site, and runs them.

Per package: files, sites, migrated, refused with reasons, files changed, whether the output parses,
whether a second run changes nothing, and, where a probe exists, whether its recurrent modules
compute the same numbers on flax 0.6.11 before and on the current flax after. Exit code 1 where one
of these does not hold. The packages are downloaded into ``.packages``, never committed.
"""

from __future__ import annotations

import argparse
import ast
import os
import sys
import tempfile
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from compare import compare
from registry import PACKAGES, Package, fetch, unpack
from trial import ProbeError, legacy_side, record, record_before

from rnn_codemod import FileResult, Mode, Options, migrate_paths

TARGETS = ("flax", "runtime")
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one package; ``results`` has one entry per file."""

    package: Package
    results: tuple[FileResult, ...]
    failures: tuple[str, ...]
    numbers: tuple[str, ...]
    """What the comparison says, for each target."""

    @property
    def row(self) -> str:
        """The package as a row of the table."""
        migrated = sum(len(result.rewritten) for result in self.results)
        refused = sum(len(result.refused) for result in self.results)
        cells = (
            self.package,
            len(self.results),
            migrated + refused,
            migrated,
            refused,
            sum(result.left_alone for result in self.results),
            sum(result.before != result.after for result in self.results),
            "; ".join(self.failures) or "yes",
            *self.numbers,
        )
        return "| " + " | ".join(str(cell) for cell in cells) + " |"

    @property
    def unfinished(self) -> list[str]:
        """Every refusal, and every file that could not be treated, with its reason."""
        lines = []
        for result in self.results:
            for finding in result.refused:
                place = f"`{result.path}:{finding.line}` {finding.rule}"
                lines.append(f"- {self.package}, {place}: {finding.reason or finding.message}")
            if result.problem:
                lines.append(f"- {self.package}, `{result.path}`: {result.problem.cause}")
        return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--legacy-python", default="", help="an interpreter with flax 0.6.11")
    parser.add_argument("--cache", type=Path, default=ROOT / ".packages")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "packages.md")
    arguments = parser.parse_args()
    outcomes = []
    for package in PACKAGES:
        wheel = fetch(package, arguments.cache)
        with tempfile.TemporaryDirectory(prefix="rnn-codemod-packages-") as folder:
            outcomes.append(examine(package, wheel, Path(folder), arguments.legacy_python))
        print(outcomes[-1].row, flush=True)
    arguments.out.parent.mkdir(exist_ok=True)
    arguments.out.write_text(page(outcomes, legacy_side(arguments.legacy_python)), encoding="utf-8")
    return 1 if any(outcome.failures for outcome in outcomes) else 0


def examine(package: Package, wheel: Path, scratch: Path, legacy_python: str) -> Outcome:
    """Migrate ``package`` in ``scratch``, check the result, and run it where a probe exists."""
    before = unpack(wheel, scratch / "before")
    after = {target: unpack(wheel, scratch / target) for target in TARGETS}
    results, _ = (migrated(folder, target) for target, folder in after.items())
    changed = [result for result in results if result.before != result.after]
    failures = [f"{result.path} does not parse" for result in changed if not parses(result.after)]
    for target, folder in after.items():
        if any(result.before != result.after for result in migrated(folder, target)):
            failures.append(f"a second run changes files (target {target})")

    numbers = ["not run"] * len(TARGETS)
    if package.probe:
        try:
            old = record_before(legacy_python, package.probe, before, scratch / "before.npz")
            comparisons = [
                compare(old, record(sys.executable, package.probe, folder, scratch / "after.npz"))
                for folder in after.values()
            ]
        except ProbeError as error:
            failures.append(f"the probe fails: {error}")
        else:
            numbers = [str(comparison) for comparison in comparisons]
            if not all(comparison.agree for comparison in comparisons):
                failures.append("the numbers differ")
    return Outcome(package, results, tuple(failures), tuple(numbers))


def migrated(folder: Path, target: str) -> tuple[FileResult, ...]:
    """The result for every file of ``folder``, which is rewritten; paths are relative to it."""
    results = migrate_paths([str(folder)], Options(target=target), Mode.WRITE)
    return tuple(replace(result, path=os.path.relpath(result.path, folder)) for result in results)


def parses(source: bytes) -> bool:
    """Whether ``source`` is Python."""
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def page(outcomes: list[Outcome], legacy: str) -> str:
    """The Markdown page; ``legacy`` says what the code ran on before."""
    lines = [
        "# Published legacy packages, migrated",
        "",
        "Written by `make packages`; the packages are downloaded, migrated in a scratch folder and",
        "thrown away. *Sound* means: every changed file parses, and a second run changes nothing.",
        "*Numbers* compares parameter paths, shapes, dtypes and values, carries and outputs of the",
        f"recurrent modules. Before: {legacy}. After: flax {version('flax')}, "
        f"jax {version('jax')}.",
        "",
        "Where a site is refused the package is not run: it does not work on the current flax yet.",
        "",
        "| package | files | sites | migrated | refused | left alone | files changed | sound "
        "| numbers | numbers with --target runtime |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(outcome.row for outcome in outcomes),
        "",
        "## What was refused, and why",
        "",
    ]
    for outcome in outcomes:
        lines += outcome.unfinished
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
