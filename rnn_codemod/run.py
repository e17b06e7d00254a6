"""The whole way of a run: discover, search, migrate, write; one result for every file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial

from rnn_codemod.files.discover import discover
from rnn_codemod.files.problem import Problem, os_cause
from rnn_codemod.files.search import (
    may_be_legacy,
    may_define_cell,
    may_define_wrapper,
    names_in,
)
from rnn_codemod.findings import Options
from rnn_codemod.results import FileResult
from rnn_codemod.treat import Engine, Job, exports, the_rules, treat
from rnn_codemod.tree import Disk, read

BYTES_PER_PROCESS = 150_000
"""With less source than this for each, another process costs more than it saves."""


class Mode(Enum):
    """What becomes of a file in which something would change."""

    CHECK = "check"
    DIFF = "diff"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A file that may hold a site."""

    path: str
    size: int
    may_define_cell: bool
    may_define_wrapper: bool


def migrate_paths(
    paths: Sequence[str],
    options: Options,
    mode: Mode,
    *,
    processes: int | None = 0,
    engine: Engine | None = None,
) -> Iterator[FileResult]:
    """Treats the files and folders ``paths`` and gives one result per file, in a fixed order.

    Files are written one after another, each before its result is given, so whoever stops early
    knows which are done.

    Args:
        paths: files and folders.
        options: what the user asked for.
        mode: whether to write.
        processes: how many to work in; 0 is this one, ``None`` as many as pay. Only in another
            process does a crash of the interpreter end as the problem of one file.
        engine: stands in for the rules.
    """
    found = discover(paths)
    yield from (FileResult(problem.path, problem=problem) for problem in found.problems)
    looks = [_look(path) for path in found.files]
    candidates = [look for look in looks if isinstance(look, _Candidate)]
    treated: Iterator[FileResult] = iter(())
    at_work: set[str] = set()
    if candidates:
        engine = engine or the_rules()
        if processes is None:
            processes = _worth(sum(candidate.size for candidate in candidates))
        jobs = _jobs(candidates, found.files, processes, engine, options)
        treated = _treat_all(jobs, options, processes, engine)
        if mode is Mode.WRITE:
            # A file is read for the names of others too: none may change before all are treated.
            treated = iter(list(treated))
        at_work = {job.path for job in jobs}
    told: list[FileResult] = []
    for look in looks:
        result = _finished(next(treated), mode) if look.path in at_work else look
        if isinstance(result, FileResult):
            if at_work and result != FileResult(result.path):
                told.append(replace(result, before=b"", after=b""))
            yield result
    if told:
        from rnn_codemod.pins.evidence import Evidence
        from rnn_codemod.pins.project import pin_results

        for result in pin_results(paths, Evidence.of(told), options, mode is Mode.WRITE):
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
    return next(_treat_all(jobs, options, 1 if processes is None else processes, engine))


def _look(path: str) -> FileResult | _Candidate:
    try:
        data = read(path)
    except OSError as error:
        return FileResult(path, problem=Problem(path, os_cause("cannot be read", error)))
    if not may_be_legacy(data):
        return FileResult(path)
    return _Candidate(path, len(data), may_define_cell(data), may_define_wrapper(data))


def _worth(size: int) -> int:
    """How many processes pay for so many bytes of candidates."""
    try:
        processors = len(os.sched_getaffinity(0))
    except AttributeError:
        processors = os.cpu_count() or 1
    return min(processors, 1 + size // BYTES_PER_PROCESS)


def _jobs(
    candidates: Sequence[_Candidate],
    files: Sequence[str],
    processes: int,
    engine: Engine,
    options: Options,
) -> list[Job]:
    """The candidates and the files that mention their cells, each with all users of those."""
    idiomatic = options.style == "idiomatic"
    defining = [
        Job(candidate.path)
        for candidate in candidates
        if candidate.may_define_cell or (idiomatic and candidate.may_define_wrapper)
    ]
    if len(files) == 1 or not defining:
        return [Job(candidate.path) for candidate in candidates]
    # Not before there are candidates: most runs end without them.
    from rnn_codemod.workers import in_processes

    work = partial(exports, engine, Disk(), options)
    cells = in_processes(work, _exports_nothing, defining, processes)
    mentioned = _mentions(frozenset().union(*cells), files)
    users = {
        name: tuple(path for path in files if path in where) for name, where in mentioned.items()
    }
    wanted = {candidate.path for candidate in candidates}.union(*mentioned.values())
    return [
        Job(path, {name: paths for name, paths in users.items() if path in mentioned[name]})
        for path in files
        if path in wanted
    ]


def _exports_nothing(job: Job, cause: str) -> frozenset[str]:
    return frozenset()  # What killed the process does so again, and is told, when it is treated.


def _mentions(names: frozenset[str], files: Sequence[str]) -> dict[str, set[str]]:
    """By name, the files in which it occurs; of ``Class.method``, either part."""
    where: dict[str, set[str]] = {name: set() for name in names}
    words = frozenset(word for name in names for word in name.split("."))
    if not names:
        return where
    for path in files:
        try:
            data = read(path)
        except OSError:
            continue  # told of when it was looked at
        met = names_in(data, words)
        for name in names:
            if not met.isdisjoint(name.split(".")):
                where[name].add(path)
    return where


def _treat_all(
    jobs: Sequence[Job], options: Options, processes: int, engine: Engine | None
) -> Iterator[FileResult]:
    from rnn_codemod.workers import in_processes

    work = partial(treat, engine or the_rules(), options, Disk())
    return in_processes(work, _died, jobs, processes)


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
