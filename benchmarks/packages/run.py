"""Migrates copies of published legacy packages, says what became of every site, and runs them.

Per package: files, sites, migrated, refused with reasons, files changed, whether the output parses,
whether a second run changes nothing, and, where a probe exists, whether its recurrent modules
compute the same numbers on flax 0.6.11 before and on the current flax after. Exit code 1 where one
of these does not hold. The packages are downloaded into ``.packages``, never committed.
"""

from __future__ import annotations

import argparse
import ast
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from compare import compare
from registry import PACKAGES, Package, fetch, unpack
from trial import ProbeError, codemod, record

from rnn_codemod.findings import Finding, Options
from rnn_codemod.migration import migrate

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one package."""

    package: Package
    files: int
    migrated: int
    refused: tuple[tuple[str, Finding], ...]
    left_alone: int
    changed: int
    failures: tuple[str, ...]
    numbers: str

    @property
    def row(self) -> str:
        cells = (
            self.package,
            self.files,
            self.migrated + len(self.refused),
            self.migrated,
            len(self.refused),
            self.left_alone,
            self.changed,
            "; ".join(self.failures) or "yes",
            self.numbers,
        )
        return "| " + " | ".join(str(cell) for cell in cells) + " |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--legacy-python", required=True, help="an interpreter with flax 0.6.11")
    parser.add_argument("--cache", type=Path, default=ROOT / ".packages")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "packages.md")
    arguments = parser.parse_args()
    outcomes = []
    for package in PACKAGES:
        wheel = fetch(package, arguments.cache)
        with tempfile.TemporaryDirectory(prefix="rnn-codemod-packages-") as folder:
            outcomes.append(examine(package, wheel, Path(folder), arguments.legacy_python))
        print(outcomes[-1].row, flush=True)
    text = page(outcomes)
    arguments.out.write_text(text, encoding="utf-8")
    return 1 if any(outcome.failures for outcome in outcomes) else 0


def examine(package: Package, wheel: Path, scratch: Path, legacy_python: str) -> Outcome:
    before, after = unpack(wheel, scratch / "before"), unpack(wheel, scratch / "after")
    files = sorted(path.relative_to(before) for path in before.rglob("*.py"))
    migrated, left_alone, refused = 0, 0, []
    for path in files:
        result = migrate((before / path).read_text(encoding="utf-8"), Options())
        migrated += len(result.rewritten)
        left_alone += result.left_alone
        refused += [(path.as_posix(), finding) for finding in result.refused]

    failures = []
    codemod("migrate", ".", folder=after)
    once = {path: (after / path).read_bytes() for path in files}
    codemod("migrate", ".", folder=after)
    if once != {path: (after / path).read_bytes() for path in files}:
        failures.append("a second run changes files")
    changed = [path for path in files if once[path] != (before / path).read_bytes()]
    failures += [f"{path} does not parse" for path in changed if not parses(once[path])]

    numbers = "not run"
    if package.probe:
        try:
            old = record(legacy_python, package.probe, before, scratch / "before.npz")
            new = record(sys.executable, package.probe, after, scratch / "after.npz")
        except ProbeError as error:
            failures.append(f"the probe fails: {error}")
        else:
            comparison = compare(old, new)
            numbers = str(comparison)
            if not comparison.agree:
                failures.append("the numbers differ")
    return Outcome(
        package,
        len(files),
        migrated,
        tuple(refused),
        left_alone,
        len(changed),
        tuple(failures),
        numbers,
    )


def parses(source: bytes) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def page(outcomes: list[Outcome]) -> str:
    lines = [
        "# Published legacy packages, migrated",
        "",
        "Written by `make packages`; the packages are downloaded, migrated in a scratch folder and",
        "thrown away. *Sound* means: every changed file parses, and a second run changes nothing.",
        "*Numbers* compares parameter paths, shapes, dtypes and values, carries and outputs of the",
        f"recurrent modules: flax 0.6.11 before, flax {version('flax')} and jax {version('jax')}",
        "after.",
        "",
        "| package | files | sites | migrated | refused | left alone | files changed | sound "
        "| numbers |",
        "|---|---|---|---|---|---|---|---|---|",
        *(outcome.row for outcome in outcomes),
        "",
        "## What was refused, and why",
        "",
    ]
    for outcome in outcomes:
        for path, finding in outcome.refused:
            reason = finding.reason or finding.message
            lines.append(
                f"- {outcome.package}, `{path}:{finding.line}` {finding.rule}: {reason}",
            )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    raise SystemExit(main())
