"""The results of single jobs, by all that they depend on.

A key is what was asked: the work, the options, the job, the working folder, and the code of this
package, of its parser and of Python.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
from typing import Any, TypeVar

from rnn_codemod import __version__
from rnn_codemod.cache.plain import dumped, dumped_job, loaded
from rnn_codemod.cache.shelf import Shelf
from rnn_codemod.cache.traced import Trace, Traced, add_all, digest
from rnn_codemod.findings import Options
from rnn_codemod.results import FileResult
from rnn_codemod.treat import Job
from rnn_codemod.tree import Disk, Question, Tree

Result = TypeVar("Result")

DOUBTFUL = (OSError, ValueError, KeyError, TypeError, AttributeError)
"""What reading an entry may raise that is not there, damaged, or of another make."""


def _traced(
    work: Callable[[Tree, Job], Result], tree: Tree, job: Job
) -> tuple[Result, Trace | None]:
    trace: Trace = {}
    return work(Traced(tree, trace), job), trace


def _untraced(died: Callable[[Job, str], Result], job: Job, cause: str) -> tuple[Result, None]:
    return died(job, cause), None


class Cache:
    """The entries in ``folder`` for runs with the same options.

    ``deep`` tells whether files are read in a process that may recurse deeper than this one: what
    is nested too deeply in one is not in the other.
    """

    def __init__(self, folder: str, options: Options, deep: bool) -> None:
        self.run = {
            "code": _code(),
            "python": sys.version,
            "options": {name: _plain(value) for name, value in asdict(options).items()},
            "folder": os.getcwd(),
            "deep": deep,
        }
        self.shelf = Shelf(folder)
        self.asked: Trace | None = {}
        """All that the jobs of this run have asked; ``None`` where that is not known."""
        self._tree = Disk()
        self._digests: Trace = {}

    def over(
        self,
        do: Callable[..., Iterator[tuple[Result, Trace | None]]],
        work: partial[Result],
        died: Callable[[Job, str], Result],
        jobs: Sequence[Job],
    ) -> Iterator[Result]:
        """The results of ``do(work, died, jobs)``, in order, of which only those are worked out
        that are not kept.
        """
        keys = [self._key(work.func.__name__, job) for job in jobs]
        kept: list[Any] = [self._load(key) for key in keys]
        missing = [job for job, result in zip(jobs, kept, strict=True) if result is None]
        fresh = do(partial(_traced, work), partial(_untraced, died), missing)
        for key, result in zip(keys, kept, strict=True):
            if result is None:
                result, trace = next(fresh)
                self._keep(key, result, trace)
            yield result
        if missing:
            self.shelf.prune()

    def _key(self, work: str, job: Job) -> str:
        return json.dumps({**self.run, "work": work, **dumped_job(job)}, sort_keys=True)

    def _load(self, key: str) -> Any:
        """The result kept under a key, or ``None``."""
        try:
            (line,) = self.shelf.take(key)
            entry = json.loads(line)
            trace = traced(entry["trace"])
            if entry["key"] != key or not self.holds(trace):
                return None
            result = loaded(entry["result"])
        except DOUBTFUL:
            return None
        self._was_asked(trace)
        return result

    def holds(self, trace: Mapping[Question, str]) -> bool:
        """Whether every question has the same answer now."""
        return all(self._answered(asked) == told for asked, told in trace.items())

    def _answered(self, question: Question) -> str:
        if question not in self._digests:
            self._digests[question] = digest(self._tree.answer(question))
        return self._digests[question]

    def _was_asked(self, trace: Trace) -> None:
        if self.asked is not None:
            add_all(self.asked, trace)

    def _keep(self, key: str, result: object, trace: Trace | None) -> None:
        if isinstance(result, FileResult) and result.problem is not None:
            return  # It is tried again, and nothing else depends on it.
        plain = dumped(result)
        if plain is None or trace is None:
            self.asked = None
            return
        self._was_asked(trace)
        body = {"key": key, "trace": listed(trace), "result": plain}
        self.shelf.put(key, [json.dumps(body).encode()])


def listed(trace: Trace) -> list[tuple[str, str, str]]:
    """A trace as JSON has it."""
    return [(kind, path, told) for (kind, path), told in trace.items()]


def traced(plain: Any) -> Trace:
    """Raises TypeError or ValueError for what ``listed`` never made."""
    return {(kind, path): sys.intern(told) for kind, path, told in plain}


def _code() -> str:
    """Changes when this package or its parser does, also where the version stays."""
    seen = [__version__]
    parser = find_spec("libcst")
    origins = [parser.origin] if parser is not None and parser.origin else []
    for folder, folders, names in os.walk(os.path.dirname(os.path.dirname(__file__))):
        folders[:] = sorted(set(folders) - {"__pycache__"})
        origins.extend(os.path.join(folder, name) for name in sorted(names))
    for path in origins:
        told = os.stat(path)
        seen.append(f"{path} {told.st_size} {told.st_mtime_ns}")
    return hashlib.blake2b("\n".join(seen).encode(errors="surrogatepass")).hexdigest()


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value
