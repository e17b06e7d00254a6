"""The whole way of a run: discover, search, migrate, write; one result for every file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from rnn_codemod.cache.traced import Traced
from rnn_codemod.crew import Crew
from rnn_codemod.files.discover import discover
from rnn_codemod.files.problem import Problem, os_cause
from rnn_codemod.files.search import may_be_legacy
from rnn_codemod.findings import Options
from rnn_codemod.imports import Imports
from rnn_codemod.jobs import jobs_of, with_wide_floats
from rnn_codemod.looks import Candidate, Looks, look_at, settled
from rnn_codemod.results import FileResult
from rnn_codemod.shard import WHOLE, Shard
from rnn_codemod.treat import Engine, Job, the_rules, treat
from rnn_codemod.tree import Disk, Tree

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from rnn_codemod.cache.entries import Cache

BYTES_PER_PROCESS = 150_000
"""With less source than this for each, another process costs more than it saves."""


class Mode(Enum):
    """What becomes of a file in which something would change."""

    CHECK = "check"
    DIFF = "diff"
    WRITE = "write"


def migrate_paths(
    paths: Sequence[str],
    options: Options,
    mode: Mode,
    *,
    processes: int | None = 0,
    executor: Executor | None = None,
    shard: Shard = WHOLE,
    cache: str | None = None,
    engine: Engine | None = None,
) -> Iterator[FileResult]:
    """Treats the files and folders ``paths`` and gives one result per file, in a fixed order.

    Files are written one after another, each before its result is given, so whoever stops early
    knows which are done. Files are found, read and written here alone.

    Args:
        paths: files and folders.
        options: what the user asked for.
        mode: whether to write.
        processes: how many to work in; 0 is this one, ``None`` as many as pay. Only in another
            process does a crash of the interpreter end as the problem of one file.
        executor: where to work instead: any executor, of threads, processes or a cluster. Its
            workers need the same version of this package and of Python, and none of the files:
            what is to be read is sent to them. They may recurse deeper afterwards. What it fails
            to run is a problem of each file concerned. It is not shut down.
        shard: treats, writes and tells only a part of the files, with all of them in view.
        cache: a folder for results, which come from there while nothing they depend on changes.
        engine: stands in for the rules.
    """
    found = discover(paths)
    yield from (
        FileResult(problem.path, problem=problem)
        for problem in found.problems
        if shard.holds(problem.path)
    )
    # What stands in for the rules may change from run to run.
    folder = cache if engine is None else None
    disk = Disk()
    tree = disk if folder is None else Traced(disk, {})
    looked = look_at(found.files, tree)
    treated: Iterator[FileResult] = iter(())
    at_work: set[str] = set()
    if any(isinstance(seen, Candidate) for seen in looked.files):
        run = _Run(paths, options, mode, processes, executor, shard, engine, folder)
        at_work, treated = run.treated(found.files, looked, tree)
    told: list[FileResult] = []
    for seen in looked.files:
        result = seen if isinstance(seen, FileResult) else FileResult(seen.path)
        if seen.path in at_work:
            result = next(treated)
        mine = shard.holds(result.path)
        if mine:
            result = _finished(result, mode)
        if at_work and result != FileResult(result.path):
            told.append(replace(result, before=b"", after=b""))
        if mine:
            yield result
    next(treated, None)  # What keeps the results does so at their end.
    if told:
        from rnn_codemod.pins.evidence import Evidence
        from rnn_codemod.pins.project import pin_results

        evidence = Evidence.of(told)
        for result in pin_results(paths, evidence, options, mode is Mode.WRITE, shard):
            yield _finished(result, mode)


def migrate_bytes(
    data: bytes,
    name: str,
    options: Options,
    *,
    processes: int | None = 0,
    engine: Engine | None = None,
) -> FileResult:
    """Treats ``data``, the bytes of a file that is not on the disk, under the given name."""
    if not may_be_legacy(data):
        return FileResult(name)
    jobs = [Job(name, data=data)]
    crew = Crew(1 if processes is None else processes)
    return next(crew.work(partial(treat, engine or the_rules(), options), _died, jobs))


@dataclass(frozen=True, slots=True)
class _Run:
    """How the candidates are treated: what ``migrate_paths`` was asked for."""

    paths: Sequence[str]
    options: Options
    mode: Mode
    processes: int | None
    executor: Executor | None
    shard: Shard
    engine: Engine | None
    cache: str | None

    def treated(
        self, files: Sequence[str], looked: Looks, tree: Tree
    ) -> tuple[set[str], Iterator[FileResult]]:
        """The files that are treated, and their results in order."""
        kept = self._kept()
        whole = None
        if kept is not None and isinstance(tree, Traced) and self.shard == WHOLE:
            from rnn_codemod.cache.whole import Whole

            whole = Whole(kept, self.paths, files, tree)
            recalled = whole.recalled()
            if recalled is not None and not (self._writes and recalled.changes):
                crew = Crew(1 if self.processes is None else self.processes, self.executor, kept)
                return set(recalled.paths), recalled.all_results(partial(self._results, crew))
        imports = Imports(files, tree)
        looks = settled(looked.files, imports)
        candidates = [seen for seen in looks if isinstance(seen, Candidate)]
        if not candidates:
            return set(), iter(())
        crew = Crew(self._crew_size(candidates), self.executor, kept)
        jobs = self._jobs(candidates, files, looked, crew, imports)
        results = self._results(crew, jobs)
        if self._writes:
            # A file is read for the names of others too: none may change before all are treated.
            from rnn_codemod.held import held_together

            done = held_together(jobs, list(results))
            results = iter(done)
            if any(it.before != it.after for it in done):
                whole = None  # What was kept would be of files that are no more.
        if whole is not None:
            results = whole.keeping(jobs, results)
        return {job.path for job in jobs}, results

    @property
    def _writes(self) -> bool:
        return self.mode is Mode.WRITE

    def _kept(self) -> Cache | None:
        if self.cache is None:
            return None
        from rnn_codemod.cache.entries import Cache

        return Cache(self.cache, self.options, self.processes != 0 or self.executor is not None)

    def _crew_size(self, candidates: Sequence[Candidate]) -> int:
        if self.processes is None:
            return _worth(sum(candidate.size for candidate in candidates))
        return self.processes

    def _jobs(
        self,
        candidates: Sequence[Candidate],
        files: Sequence[str],
        looked: Looks,
        crew: Crew,
        imports: Imports,
    ) -> list[Job]:
        unnamed = [
            it.path for it in looked.files if isinstance(it, Candidate) and it.may_use_unnamed
        ]
        engine = self.engine or the_rules()
        wide = with_wide_floats(looked.widening, files, imports)
        jobs = jobs_of(candidates, files, unnamed, wide, self.options, crew, engine, imports)
        return jobs if self.shard == WHOLE else _part(jobs, self.paths, self.options, self.shard)

    def _results(self, crew: Crew, jobs: Sequence[Job]) -> Iterator[FileResult]:
        engine = self.engine or the_rules()
        return crew.work(partial(treat, engine, self.options), _died, jobs)


def _worth(size: int) -> int:
    """How many processes pay for so many bytes of candidates."""
    try:
        processors = len(os.sched_getaffinity(0))
    except AttributeError:
        processors = os.cpu_count() or 1
    return min(processors, 1 + size // BYTES_PER_PROCESS)


def _part(jobs: Sequence[Job], paths: Sequence[str], options: Options, shard: Shard) -> list[Job]:
    """The jobs of a shard, and those whose results decide on its pins."""
    from rnn_codemod.pins.project import projects

    folders = tuple(os.path.join(folder, "") for folder in projects(paths, options, shard))
    return [
        job
        for job in jobs
        if shard.holds(job.path) or (folders and os.path.realpath(job.path).startswith(folders))
    ]


def _died(job: Job, cause: str) -> FileResult:
    return FileResult(job.path, problem=Problem(job.path, cause))


def _finished(result: FileResult, mode: Mode) -> FileResult:
    if mode is not Mode.WRITE or result.before == result.after:
        return result
    from rnn_codemod.files import write

    try:
        notes = write.replace(result.path, result.before, result.after)
    except write.CannotWrite as error:
        cause = str(error)
    except OSError as error:
        cause = os_cause("cannot be written", error)
    else:
        return replace(result, warnings=result.warnings + notes)
    return FileResult(result.path, problem=Problem(result.path, cause))
