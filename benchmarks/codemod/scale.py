"""Measures runs over the synthetic monorepo as it grows; writes the end of ``docs/scale.md``.

    python benchmarks/codemod/scale.py

Every figure is of one run of the command line with all processes that it starts: wall and CPU
time, the peak memory of the largest of them, and that of all together. For the latter the pages
that they share count once; it is read from Linux every few hundredths of a second.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import os
import platform
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import monorepo
from measure import cost

from rnn_codemod import Mode, Options, Shard, migrate_paths

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "scale.md"
HEADING = "## Measured"

FILES = (1_000, 5_000, 10_000, 20_000)
USERS = (25, 100, 400)
COMPARED = 1_000
"""On how many files the runs in different ways are compared."""

OURS = [sys.executable, "-m", "rnn_codemod"]
SEARCH = (
    "from rnn_codemod.files.discover import discover; from rnn_codemod.looks import look_at; "
    "from rnn_codemod.tree import Disk; look_at(discover(['.']).files, Disk())"
)


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds, and MiB of the largest process and of all together."""

    wall: float
    cpu: float
    largest: float
    together: float

    def cells(self) -> str:
        return f"{self.wall:.1f} | {self.cpu:.1f} | {self.largest:.0f} | {self.together:.0f}"


def measured(command: list[str], folder: Path) -> Run:
    """Runs ``command`` in ``folder``. Raises RuntimeError where it fails."""
    over = threading.Event()
    peaks = [0]
    watcher = threading.Thread(target=_watch, args=(over, peaks))
    watcher.start()
    started = time.perf_counter()
    try:
        used = cost(command, folder)
    finally:
        wall = time.perf_counter() - started
        over.set()
        watcher.join()
    return Run(wall, used.cpu, used.memory, peaks[0] / 2**10)


def _watch(over: threading.Event, peaks: list[int]) -> None:
    """Keeps the most KiB that the processes below the one in between held together."""
    while not over.wait(0.03):
        held = sum(_held(pid) for between in _children(os.getpid()) for pid in _below(between))
        peaks[0] = max(peaks[0], held)


def _below(pid: int) -> Iterator[int]:
    for child in _children(pid):
        yield child
        yield from _below(child)


def _children(pid: int) -> list[int]:
    try:
        lists = [task / "children" for task in Path(f"/proc/{pid}/task").iterdir()]
        return [int(child) for it in lists for child in it.read_text().split()]
    except OSError:
        return []  # gone


def _held(pid: int) -> int:
    """The KiB of a process, its part of what it shares; 0 where it is gone."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def growth(scratch: Path) -> list[str]:
    """Runs over 1,000 to 20,000 files."""
    rows = []
    fresh: dict[int, Run] = {}
    for files in FILES:
        folder = scratch / str(files)
        sites = monorepo.write(folder, files)
        cache = ["--cache-dir", str(scratch / f"kept-{files}")]
        commands = {
            "byte search alone": [sys.executable, "-c", SEARCH],
            "`check --no-cache`": [*OURS, "check", "--no-cache", "."],
            "`check`, first run": [*OURS, "check", *cache, "."],
            "`check`, second run": [*OURS, "check", *cache, "."],
            "`migrate --no-cache`": [*OURS, "migrate", "--no-cache", "."],
        }
        for name, command in commands.items():
            run = measured(command, folder)
            if name == "`check --no-cache`":
                fresh[files] = run
            rows.append(f"| {files:,} | {sites:,} | {name} | {run.cells()} |")
            print(rows[-1], flush=True)
        shutil.rmtree(folder)
    few, most = FILES[0], FILES[-1]
    times = fresh[most].cpu / fresh[few].cpu
    return [
        "A team of the monorepo has 100 files and 10 sites: a cell of its own that two modules "
        "use, a wrapper, a trainer, a notebook, and much around them.",
        "",
        "| files | sites | run | wall s | CPU s | largest process MiB | all together MiB |",
        "|---|---|---|---|---|---|---|",
        *rows,
        "",
        f"From {few:,} to {most:,} files the CPU time of `check --no-cache` grows {times:.1f} "
        f"times, with the files to the power {math.log(times) / math.log(most / few):.2f}; "
        f"what is linear grows {most / few:.0f} times.",
    ]


def shared_cell(scratch: Path) -> list[str]:
    """Runs over files that all use one cell."""
    rows = []
    for users in USERS:
        folder = scratch / f"shared-{users}"
        monorepo.write_shared(folder, users)
        run = measured([*OURS, "check", "--no-cache", "."], folder)
        rows.append(f"| {users} | {run.cells()} |")
        print(rows[-1], flush=True)
    return [
        "One custom cell that so many files use, `check --no-cache`:",
        "",
        "| users | wall s | CPU s | largest process MiB | all together MiB |",
        "|---|---|---|---|---|",
        *rows,
    ]


def same_bytes(scratch: Path) -> list[str]:
    """The monorepo after ``migrate``, done in different ways."""
    ways: dict[str, list[tuple[int, Shard]]] = {
        "one process": [(1, Shard(1, 1))],
        "two processes": [(2, Shard(1, 1))],
        "four shards": [(1, Shard(part, 4)) for part in range(1, 5)],
    }
    sums = {}
    for name, parts in ways.items():
        before = scratch / "before"
        monorepo.write(before, COMPARED)
        after = shutil.copytree(before, scratch / "after")
        for processes, shard in parts:
            os.chdir(before)
            for result in migrate_paths(
                ["."], Options(), Mode.DIFF, processes=processes, shard=shard
            ):
                if result.before != result.after:
                    (after / result.path).write_bytes(result.after)
        sums[name] = _digest(after)
        os.chdir(scratch)
        shutil.rmtree(before)
        shutil.rmtree(after)
    if len(set(sums.values())) != 1:
        raise RuntimeError(f"not the same bytes: {sums}")
    return [f"{COMPARED:,} files migrated by {', '.join(ways)}: the same bytes."]


def _digest(folder: Path) -> str:
    whole = hashlib.blake2b()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            whole.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return whole.hexdigest()


def main() -> None:
    """Runs all of it."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    os.environ["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name).resolve()
        parts = [same_bytes(scratch), shared_cell(scratch), growth(scratch)]
        os.chdir(ROOT)
    lines = [
        HEADING,
        "",
        f"By `make scale` (`benchmarks/codemod/scale.py`) on {platform.machine()}, CPython "
        f"{platform.python_version()}, {len(os.sched_getaffinity(0))} processors.",
    ]
    for part in reversed(parts):
        lines += ["", *part]
    kept = PAGE.read_text().partition(HEADING)[0].rstrip()
    PAGE.write_text("\n".join([kept, "", *lines]) + "\n")


if __name__ == "__main__":
    main()
