"""Migrates a real legacy package in a scratch folder and compares the numbers, before and after.

The package is evosax 0.1.0, or the bundled project ``fixtures/demo`` where the registry does not
answer. Before: flax 0.6.11 where an interpreter with it is named, else the deprecated cells of
``rnn_runtime``, patched over the current flax.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from compare import Comparison, compare
from registry import PACKAGES, RegistryError, fetch, unpack
from trial import codemod, legacy_side, record, record_before

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--legacy-python", default="", help="an interpreter with flax 0.6.11")
    parser.add_argument("--cache", type=Path, default=ROOT / ".packages")
    parser.add_argument("--bundled", action="store_true", help="do not ask the registry")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rnn-codemod-demo-") as folder:
        scratch = Path(folder)
        probe = legacy_code(scratch / "before", arguments.cache, arguments.bundled)
        shutil.copytree(scratch / "before", scratch / "after")
        migrate(scratch / "after")
        comparison = before_and_after(probe, scratch, arguments.legacy_python)
    print(f"Before and after {comparison}.")
    return 0 if comparison.agree else 1


def legacy_code(folder: Path, cache: Path, bundled: bool) -> str:
    """Put legacy code into ``folder``; returns the probe that runs it."""
    if not bundled:
        package = PACKAGES[0]
        try:
            unpack(fetch(package, cache), folder)
        except RegistryError as error:
            print(f"The registry does not answer ({error}): the bundled project is used.")
        else:
            print(f"{package}, as published:")
            return package.probe
    shutil.copytree(ROOT / "fixtures" / "demo", folder)
    print("The bundled project fixtures/demo:")
    return "weather"


def migrate(folder: Path) -> None:
    """Show the diff, then rewrite ``folder``; both as a user would."""
    print(codemod("migrate", "--diff", ".", folder=folder).stdout)
    done = codemod("migrate", ".", folder=folder)
    print(done.stdout, done.stderr, sep="")
    if done.returncode:
        raise SystemExit(f"rnn-codemod ended with exit code {done.returncode}")


def before_and_after(probe: str, scratch: Path, legacy_python: str) -> Comparison:
    """Run both sides and compare what they computed."""
    print(f"Before: {legacy_side(legacy_python)}. After: flax {version('flax')}.", flush=True)
    old = record_before(legacy_python, probe, scratch / "before", scratch / "before.npz")
    new = record(sys.executable, probe, scratch / "after", scratch / "after.npz")
    return compare(old, new)


if __name__ == "__main__":
    raise SystemExit(main())
