"""Times the codemod beside other tools, all in one run; writes ``docs/benchmarks.md``.

    python benchmarks/codemod/run.py

CPU time is that of all processes of a tool together, the least of several runs, so that other
work on the machine counts little. What a peer needs to start is measured on an empty file and
taken off where files per second are compared.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import corpus
from measure import Cost, cost
from peers import PEERS, installed

ROOT = Path(__file__).parents[2]
OURS = [sys.executable, "-m", "rnn_codemod"]

MATCHING = 400
SLOWER = {"torchfix": 60, "bump-pydantic": 8}
"""On how many of the matching files the slower peers are timed."""


def least(runs: int, command: list[str], make: Callable[[], Path]) -> Cost:
    """The least CPU time and the most memory of several runs, each in a folder made for it."""
    costs = [cost(command, make()) for _ in range(runs)]
    return Cost(min(it.cpu for it in costs), max(it.memory for it in costs))


class Benchmark:
    """One run; ``lines`` is what it found, as Markdown."""

    def __init__(self, scratch: Path, peers: Path) -> None:
        self._scratch = scratch
        self._commands = {name: installed(name, peers) for name in PEERS}
        self._empty = scratch / "empty"
        self._empty.mkdir()
        (self._empty / "empty.py").write_bytes(b"")
        self.lines: list[str] = []

    def start(self) -> None:
        """What ``--help`` costs."""
        helped = least(9, [*OURS, "--help"], lambda: self._empty)
        bare = least(9, [sys.executable, "-c", "pass"], lambda: self._empty)
        self._say(
            "## Start",
            "",
            f"`rnn-codemod --help`: {helped.cpu:.3f} s, of which the interpreter itself takes "
            f"{bare.cpu:.3f} s (goal: <= 0.06 s in all).",
        )

    def no_match(self) -> None:
        """A tree without a site."""
        folder = self._scratch / "library"
        corpus.library(folder)
        files = sum(1 for _ in folder.rglob("*.py"))
        ruff, version = self._commands["ruff"]
        ours = least(5, [*OURS, "check", "--no-cache", "."], lambda: folder)
        theirs = [ruff, "check", "--isolated", "--quiet", "--select", "UP", "--no-cache", "."]
        peer = least(5, theirs, lambda: folder)
        self._say(
            "## A tree without a match",
            "",
            f"The standard library of CPython {platform.python_version()}, {files:,} files.",
            "",
            "| tool | CPU s | files/s | peak MiB | times the CPU of rnn-codemod |",
            "|---|---|---|---|---|",
            self._row("rnn-codemod check", ours, files, ours.cpu),
            self._row(f"ruff {version} --select UP --no-cache", peer, files, ours.cpu),
            "",
            "Goals: <= 0.3 s in all for about 1,500 files, and no more than ruff.",
        )

    def all_match(self) -> None:
        """Files in which every tool has something to rewrite."""
        ours = least(3, [*OURS, "migrate", "--no-cache", "."], lambda: self._matching(MATCHING))
        rate = MATCHING / ours.cpu
        rows = [
            f"| rnn-codemod migrate | {MATCHING} | {ours.cpu:.2f} | {rate:.1f} "
            f"| {ours.memory:.0f} | |"
        ]
        for name, arguments in (("torchfix", ["--fix", "."]), ("bump-pydantic", ["."])):
            command, version = self._commands[name]
            files = SLOWER[name]
            started = least(2, [command, *arguments], self._nothing)
            theirs = least(1, [command, *arguments], lambda files=files: self._matching(files))
            peer_rate = files / (theirs.cpu - started.cpu)
            rows.append(
                f"| {name} {version} | {files} | {theirs.cpu:.2f} ({started.cpu:.2f} to start) "
                f"| {peer_rate:.2f} | {theirs.memory:.0f} | {rate / peer_rate:.0f} |"
            )
        size = (self._matching(1) / "module_000.py").stat().st_size
        self._say(
            "## Files that all match",
            "",
            f"Modules of {size / 1000:.1f} kB; in each of them every tool has something to "
            "rewrite, and rewrites it. The start is taken off the peers' time, not off ours.",
            "",
            "| tool | files | CPU s | files/s | peak MiB | rnn-codemod is faster, times |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            "Goals: 10 times torchfix, 30 times bump-pydantic, < 80 MiB in each process.",
        )

    def _matching(self, files: int) -> Path:
        folder = self._scratch / "matching"
        shutil.rmtree(folder, ignore_errors=True)
        corpus.matching(folder, files)
        return folder

    def _nothing(self) -> Path:
        return self._empty

    def _row(self, name: str, used: Cost, files: int, ours: float) -> str:
        return (
            f"| {name} | {used.cpu:.2f} | {files / used.cpu:,.0f} | {used.memory:.0f} "
            f"| {used.cpu / ours:.1f} |"
        )

    def _say(self, *lines: str) -> None:
        print(*lines, "", sep="\n", flush=True)
        self.lines += [*lines, ""]


def main() -> None:
    """Runs all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    home = ROOT / "build" / "peers"
    parser.add_argument("--peers", type=Path, default=home, help="where the peers are installed")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks.md")
    arguments = parser.parse_args()
    os.environ["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory() as scratch:
        benchmark = Benchmark(Path(scratch), arguments.peers.absolute())
        benchmark.start()
        benchmark.no_match()
        benchmark.all_match()
    title = [
        "# Speed of the codemod",
        "",
        f"Written by `benchmarks/codemod/run.py` on {platform.machine()}, CPython "
        f"{platform.python_version()}, {len(os.sched_getaffinity(0))} processors. Seconds are CPU "
        "time over all processes of a tool; what counts are the ratios, taken in one run.",
        "",
    ]
    arguments.output.write_text("\n".join(title + benchmark.lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
