"""Who does the jobs of a run: processes of this machine, or an executor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from rnn_codemod.treat import Job
from rnn_codemod.tree import Disk, Tree

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from rnn_codemod.cache.entries import Cache

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Crew:
    """``processes`` of this machine (0 is this one), unless there is an ``executor``.

    With a ``cache`` they do only what is not kept there.
    """

    processes: int
    executor: Executor | None = None
    cache: Cache | None = None

    def work(
        self,
        work: partial[Result],
        died: Callable[[Job, str], Result],
        jobs: Sequence[Job],
    ) -> Iterator[Result]:
        """``work`` of each job, in the order of the jobs; ``died(job, cause)`` where it failed."""
        if self.cache is not None:
            return self.cache.over(self._done, work, died, jobs)
        return self._done(work, died, jobs)

    def _done(
        self,
        work: Callable[[Tree, Job], Result],
        died: Callable[[Job, str], Result],
        jobs: Sequence[Job],
    ) -> Iterator[Result]:
        # Imported when there are jobs: most runs end without them.
        if self.executor is not None:
            from rnn_codemod.executors import in_executor

            return in_executor(self.executor, work, died, jobs, Disk())
        from rnn_codemod.workers import in_processes

        return in_processes(partial(work, Disk()), died, jobs, self.processes)
