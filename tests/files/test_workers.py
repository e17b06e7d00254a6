"""Many items in other processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rnn_codemod import workers
from rnn_codemod.workers import in_processes


def died(item: int, cause: str) -> str:
    return f"{item} died: {cause}"


def slowest_first(item: int) -> str:
    time.sleep(0.05 * (item == 0))
    return str(item)


def killed(item: int) -> str:
    if item in (1, 3):
        os.kill(os.getpid(), signal.SIGKILL)
    return str(item)


def leaves(item: int) -> str:
    if item == 2:
        os._exit(7)
    return str(item)


SEGV = "the process that read it was ended by SIGKILL"


@pytest.mark.parametrize("processes", [1, 2, 5, 50])
@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (str, ["0", "1", "2", "3"]),
        (slowest_first, ["0", "1", "2", "3"]),
        (killed, ["0", f"1 died: {SEGV}", "2", f"3 died: {SEGV}"]),
        (leaves, ["0", "1", "2 died: the process that read it ended with code 7", "3"]),
    ],
)
def test_results_in_order(
    function: Callable[[int], str], expected: list[str], processes: int
) -> None:
    assert list(in_processes(function, died, range(4), processes)) == expected


def test_new_interpreters_instead_of_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the system's libraries do not bear a fork."""
    monkeypatch.setattr(sys, "platform", "darwin")
    expected = ["0", "1", "2 died: the process that read it ended with code 7", "3"]
    assert list(in_processes(leaves, died, range(4), 2)) == expected


def endless(item: int) -> str:
    while item == 1:
        pass
    return str(item)


def test_an_item_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "SECONDS", 0.2)
    expected = ["0", "1 died: takes longer than 0.2 s to read", "2", "3"]
    assert list(in_processes(endless, died, range(4), 2)) == expected


def test_nothing_to_do() -> None:
    assert list(in_processes(str, died, [], 3)) == []


def test_in_this_process() -> None:
    mine = list(in_processes(lambda _: str(os.getpid()), died, [1, 2], 0))
    assert mine == [str(os.getpid())] * 2


def test_large_items_and_results() -> None:
    items = [b"x" * 3_000_000, b"y" * 3_000_000]
    assert list(in_processes(bytes.upper, died, items, 2)) == [i.upper() for i in items]


def test_deep_recursion() -> None:
    def deep(item: int) -> int:
        return 0 if item == 0 else 1 + deep(item - 1)

    assert list(in_processes(deep, died, [5000], 1)) == [5000]


def test_stopping_early_ends_the_processes() -> None:
    results = in_processes(lambda _: os.getpid(), died, range(100), 2)
    pids = {next(results), next(results)}
    results.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_process_outlives_the_first(tmp_path: Path) -> None:
    script = tmp_path / "first.py"
    script.write_text(
        "import os, time\n"
        "from rnn_codemod.workers import in_processes\n"
        "results = in_processes(lambda _: os.getpid(), None, range(100), 3)\n"
        "print(next(results), next(results), next(results), flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        pids = {int(pid) for pid in first.stdout.readline().split()}
        first.kill()
    for _ in range(200):
        if not any(running(pid) for pid in pids):
            break
        time.sleep(0.05)
    assert not any(running(pid) for pid in pids)


def running(pid: int) -> bool:
    try:
        return "first.py" in Path(f"/proc/{pid}/cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
