"""Runs jobs on any ``concurrent.futures.Executor``, also on machines that see none of the files.

What a job asks of the files travels with it: its own bytes, those of the files that mention its
cells, and what its imports lead to. Where that was not all, the job comes back with its question
and goes out again with the answer, so a machine without the files decides as one that has them.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from rnn_codemod import __version__
from rnn_codemod.files.search import may_be_legacy
from rnn_codemod.imports import imported_files
from rnn_codemod.treat import Job
from rnn_codemod.tree import Question, Recorded, Sent, Tree, Unanswered
from rnn_codemod.workers import DEPTH

Result = TypeVar("Result")
Work = Callable[[Tree, Job], Result]
Died = Callable[[Job, str], Result]

IN_FLIGHT = 256
"""How many jobs wait at the executor: enough for any cluster, and a bound on memory."""

ME = "rnn_codemod {} on Python {}.{}".format(__version__, *sys.version_info)
"""Another version could decide otherwise, and an older Python cannot read what a newer one can."""

_ONE_THREAD = threading.Lock()
"""``ast.parse`` of Python 3.11 counts its depth for all threads together, and fails now and then
where two of them parse. What is done here holds the interpreter anyway."""


def in_executor(
    executor: Executor, work: Work[Result], died: Died[Result], jobs: Sequence[Job], tree: Tree
) -> Iterator[Result]:
    """``work`` of each job with the answers of ``tree``, in the order of ``jobs``.

    A job that the executor fails to run has the result ``died(job, cause)``. ``work`` has to be
    picklable where the executor asks for it, and must not raise.
    """
    remote = _Remote(executor, work, died, jobs, tree)
    try:
        yield from remote.results()
    finally:
        remote.end()


@dataclass(frozen=True, slots=True)
class _Asks:
    """Instead of a result: what has to be known first."""

    question: Question


class _Remote(Generic[Result]):
    def __init__(
        self,
        executor: Executor,
        work: Work[Result],
        died: Died[Result],
        jobs: Sequence[Job],
        tree: Tree,
    ) -> None:
        self._executor = executor
        self._work = work
        self._died = died
        self._jobs = jobs
        self._tree = tree
        self._folder = tree.absolute("")
        self._going: dict[Future[Result | _Asks], tuple[int, Recorded]] = {}
        self._early: dict[int, Result] = {}

    def results(self) -> Iterator[Result]:
        waiting = iter(range(len(self._jobs)))
        for position in range(len(self._jobs)):
            while position not in self._early:
                for number in islice(waiting, IN_FLIGHT - len(self._going)):
                    known = Recorded(self._tree)
                    gather(known, self._jobs[number])
                    self._send(number, known)
                self._receive()
            yield self._early.pop(position)

    def end(self) -> None:
        for future in self._going:
            future.cancel()

    def _send(self, number: int, known: Recorded) -> None:
        sent = Sent(self._folder, dict(known.answers))
        job = self._jobs[number]
        try:
            future = self._executor.submit(_attempt, ME, self._work, sent, job)
        except Exception as error:
            self._early[number] = self._died(job, _cause(error))
        else:
            self._going[future] = (number, known)

    def _receive(self) -> None:
        for future in wait(self._going, return_when=FIRST_COMPLETED).done:
            number, known = self._going.pop(future)
            try:
                result = future.result()
            except Exception as error:
                self._early[number] = self._died(self._jobs[number], _cause(error))
                continue
            if isinstance(result, _Asks):
                kind, path = result.question
                known.answer(result.question)
                if kind == "read":
                    imported_files(known, path)
                self._send(number, known)
            else:
                self._early[number] = result


def gather(tree: Tree, job: Job) -> None:
    """Asks ``tree`` what treating a file will most likely ask."""
    for module in imported_files(tree, job.path):
        with suppress(OSError):
            if may_be_legacy(tree.read(module)):
                imported_files(tree, module)
    known = {verdict.name for verdict in job.verdicts}
    for name, users in job.users.items():
        if name not in known:
            for path in users:
                imported_files(tree, tree.absolute(path))


def _attempt(sender: str, work: Work[Result], tree: Tree, job: Job) -> Result | _Asks:
    """Runs on the other side."""
    if sender != ME:
        raise RuntimeError(f"{ME} was sent a file by {sender}")
    if sys.getrecursionlimit() < DEPTH:
        sys.setrecursionlimit(DEPTH)
    try:
        with _ONE_THREAD:
            return work(tree, job)
    except Unanswered as stopped:
        return _Asks(stopped.question)


def _cause(error: Exception) -> str:
    said = f": {error}" if str(error) else ""
    return f"the executor failed: {type(error).__name__}{said}"
