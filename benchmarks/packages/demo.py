"""Migrates a real legacy package in a scratch folder and verifies the numbers, before and after.

The package is evosax 0.1.0, or the bundled project ``fixtures/demo`` where the registry does not
answer. Before: flax 0.6.11 where an interpreter with it is named, else the deprecated cells of
``rnn_runtime``, patched over the current flax.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from registry import PACKAGES, RegistryError, fetch, unpack
from trial import PROBES, codemod, has_legacy_flax

ROOT = Path(__file__).resolve().parents[2]
STAND_INS = PROBES.with_name("stand_ins.py")


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
        return verify(probe, scratch, arguments.legacy_python)


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


def verify(probe: str, scratch: Path, legacy_python: str) -> int:
    """Run ``rnn-codemod verify`` on both folders, in sight of the user; its exit code."""
    for side in ("before", "after"):
        for script in (PROBES, STAND_INS):
            shutil.copy(script, scratch / side)
    words = ["verify", "--before", "../before"]
    if has_legacy_flax(legacy_python):
        words += ["--before-python", os.path.abspath(legacy_python)]
    words += ["--", PROBES.name, probe, ".", "numbers.npz"]
    print("$ rnn-codemod", *words, flush=True)
    return codemod(*words, folder=scratch / "after", shown=True).returncode


if __name__ == "__main__":
    raise SystemExit(main())
