"""Runs one function over many items in other processes, and outlives the death of any of them."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Generic, TypeVar

DEPTH = 10_000
"""How deep a process may recurse. Sums of 3,000 terms need it; it fits a stack of 8 MB."""

SECONDS = 300
"""How much processor time one item may take. A file of 5 MB needs some twenty seconds."""

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(slots=True)
class _Worker(Generic[Item]):
    process: BaseProcess
    pipe: Connection
    position: int = -1


def in_processes(
    function: Callable[[Item], Result],
    died: Callable[[Item, str], Result],
    items: Sequence[Item],
    processes: int,
) -> Iterator[Result]:
    """``function`` of each item, in the order of ``items``, whichever is ready first.

    With ``processes`` of 0 it runs in this process, and a crash of the interpreter ends all.
    Otherwise an item whose process dies has the result ``died(item, cause)``, and another process
    goes on. ``function`` must not raise.
    """
    if processes == 0:
        yield from map(function, items)
        return
    pool = _Pool(function, died, items)
    try:
        yield from pool.results(min(processes, len(items)))
    finally:
        pool.end()


class _Pool(Generic[Item, Result]):
    def __init__(
        self,
        function: Callable[[Item], Result],
        died: Callable[[Item, str], Result],
        items: Sequence[Item],
    ) -> None:
        # A fork costs a tenth of a new interpreter. Only Linux's C libraries bear it reliably.
        self._forks = sys.platform == "linux"
        self._function = function
        self._died = died
        self._items = items
        self._next = 0
        self._workers: list[_Worker[Item]] = []

    def results(self, processes: int) -> Iterator[Result]:
        for _ in range(processes):
            self._start()
        early: dict[int, Result] = {}
        for position in range(len(self._items)):
            while position not in early:
                for worker in self._ready():
                    taken = worker.position
                    early[taken] = self._receive(worker)
            yield early.pop(position)

    def end(self) -> None:
        for worker in self._workers:
            worker.pipe.close()
            worker.process.terminate()
        for worker in self._workers:
            worker.process.join()

    def _start(self) -> None:
        context = get_context("fork") if self._forks else get_context("spawn")
        ours, theirs = context.Pipe()
        inherited = [worker.pipe for worker in self._workers] + [ours]
        process = context.Process(
            target=_serve,
            args=(theirs, self._function, inherited if self._forks else []),
            daemon=True,
        )
        process.start()
        theirs.close()
        worker: _Worker[Item] = _Worker(process, ours)
        self._workers.append(worker)
        self._feed(worker)

    def _feed(self, worker: _Worker[Item]) -> None:
        if self._next == len(self._items):
            self._leave(worker)
            return
        worker.position = self._next
        self._next += 1
        # A process that is dead already is found out when its answer is read.
        with suppress(OSError):
            worker.pipe.send(self._items[worker.position])

    def _ready(self) -> list[_Worker[Item]]:
        pipes = wait([worker.pipe for worker in self._workers])
        return [worker for worker in self._workers if worker.pipe in pipes]

    def _receive(self, worker: _Worker[Item]) -> Result:
        try:
            result: Result = worker.pipe.recv()
        except (EOFError, OSError):
            self._leave(worker)
            if self._next < len(self._items):
                self._start()
            return self._died(self._items[worker.position], _cause(worker.process.exitcode))
        self._feed(worker)
        return result

    def _leave(self, worker: _Worker[Item]) -> None:
        self._workers.remove(worker)
        worker.pipe.close()
        worker.process.join()


def _serve(
    pipe: Connection, function: Callable[[Item], object], inherited: list[Connection]
) -> None:
    # An interrupt is the business of the first process. A copy of its end of a pipe in here would
    # keep the others waiting for ever if it were killed.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    sys.setrecursionlimit(DEPTH)
    for other in inherited:
        other.close()
    with suppress(EOFError, OSError):
        while True:
            item = pipe.recv()
            _limit(SECONDS)
            result = function(item)
            _limit(0)
            pipe.send(result)


def _limit(seconds: float) -> None:
    """Lets the system end this process after so much processor time; 0 takes it back."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)


def _cause(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        if sys.platform != "win32" and exitcode == -signal.SIGVTALRM:
            return f"takes longer than {SECONDS} s to read"
        with suppress(ValueError):
            return f"the process that read it was ended by {signal.Signals(-exitcode).name}"
    return f"the process that read it ended with code {exitcode}"
