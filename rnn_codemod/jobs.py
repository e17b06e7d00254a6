"""Which files are treated, told from the bytes of all, and what each has to know of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from rnn_codemod.crew import Crew
from rnn_codemod.files.problem import Problem, os_cause
from rnn_codemod.files.search import (
    may_be_legacy,
    may_define_cell,
    may_define_wrapper,
    names_in,
    perhaps_exported,
)
from rnn_codemod.findings import Options
from rnn_codemod.results import FileResult
from rnn_codemod.treat import Engine, Job, exports
from rnn_codemod.tree import read


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may hold a site."""

    path: str
    size: int
    may_define_cell: bool
    may_define_wrapper: bool


def look(path: str) -> FileResult | Candidate:
    """A candidate, or the result of a file that is none."""
    try:
        data = read(path)
    except OSError as error:
        return FileResult(path, problem=Problem(path, os_cause("cannot be read", error)))
    if not may_be_legacy(data):
        return FileResult(path)
    return Candidate(path, len(data), may_define_cell(data), may_define_wrapper(data))


def jobs_of(
    candidates: Sequence[Candidate],
    files: Sequence[str],
    options: Options,
    crew: Crew,
    engine: Engine,
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
    cells = crew.work(partial(exports, engine, options), _perhaps_exported, defining)
    mentioned = _mentions(frozenset().union(*cells), files)
    users: dict[str, list[str]] = {}
    for path, names in mentioned.items():
        for name in names:
            users.setdefault(name, []).append(path)
    all_users = {name: tuple(paths) for name, paths in users.items()}
    wanted = {candidate.path for candidate in candidates}.union(mentioned)
    return [
        Job(path, {name: all_users[name] for name in sorted(mentioned.get(path, ()))})
        for path in files
        if path in wanted
    ]


def _perhaps_exported(job: Job, cause: str) -> frozenset[str]:
    """All that may be meant in a file that could not be read: whoever uses it has to know."""
    try:
        return perhaps_exported(read(job.path))
    except OSError:
        return frozenset()


def _mentions(names: frozenset[str], files: Sequence[str]) -> dict[str, frozenset[str]]:
    """By file, in the order of ``files``, those of the names that occur in it.

    Of ``Class.method``, either part is an occurrence.
    """
    where: dict[str, frozenset[str]] = {}
    if not names:
        return where
    of_word: dict[str, set[str]] = {}
    for name in names:
        for word in name.split("."):
            of_word.setdefault(word, set()).add(name)
    for path in files:
        try:
            words = names_in(read(path), of_word)
        except OSError:
            continue  # told of when it was looked at
        if words:
            where[path] = frozenset().union(*(of_word[word] for word in words))
    return where
