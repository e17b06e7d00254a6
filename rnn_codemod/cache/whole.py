"""All results of a run, for a second one over the same bytes.

They say at once what many entries, and the search for names in all files, would say again. Of the
runs over the same paths the last is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rnn_codemod.cache.entries import DOUBTFUL, Cache, listed, traced
from rnn_codemod.cache.plain import dumped, dumped_job, loaded, loaded_job
from rnn_codemod.cache.traced import CHANGED, Trace, Traced, add_all
from rnn_codemod.results import FileResult
from rnn_codemod.treat import Job
from rnn_codemod.tree import Question


@dataclass(frozen=True, slots=True)
class Recalled:
    """The files that were treated, in order, with their results, or jobs that have to be done."""

    paths: tuple[str, ...]
    results: Mapping[str, FileResult | Job]

    @property
    def changes(self) -> bool:
        """Whether a file is or may be rewritten."""
        found = self.results.values()
        return any(isinstance(it, Job) or it.before != it.after for it in found)

    def all_results(
        self, do: Callable[[Sequence[Job]], Iterator[FileResult]]
    ) -> Iterator[FileResult]:
        """One for each of ``paths``; ``do`` does the jobs."""
        jobs = [job for job in self.results.values() if isinstance(job, Job)]
        done = do(jobs) if jobs else iter(())
        for path in self.paths:
            result = self.results.get(path, FileResult(path))
            yield next(done) if isinstance(result, Job) else result


class Whole:
    """The results over the ``files`` of a run, whose bytes ``tree`` was asked for, and no others.

    To be made before anything else is asked of ``tree``.
    """

    def __init__(self, cache: Cache, paths: Sequence[str], files: Sequence[str], tree: Traced):
        self._cache = cache
        self._key = json.dumps({**cache.run, "work": "whole", "paths": list(paths)}, sort_keys=True)
        self._files = files
        self._tree = tree
        self._bytes = _bytes_of(files, tree.trace)

    def recalled(self) -> Recalled | None:
        """What is kept of a run in which all answers were the same."""
        try:
            *lines, last = self._cache.shelf.take(self._key)
            about = json.loads(last)
            asked = (self._key, self._bytes, len(lines))
            if (about["key"], about["bytes"], about["results"]) != asked:
                return None
            if not self._cache.holds(traced(about["trace"])):
                return None
            found = [_loaded(json.loads(line)) for line in lines]
            return Recalled(tuple(about["paths"]), {it.path: it for it in found})
        except DOUBTFUL:
            return None

    def keeping(self, jobs: Sequence[Job], results: Iterator[FileResult]) -> Iterator[FileResult]:
        """The ``results`` of the jobs, kept when all of them were given."""
        lines: list[bytes] = []
        for job, result in zip(jobs, results, strict=True):
            if result != FileResult(job.path):
                plain = dumped(result) or {"job": dumped_job(job)}
                lines.append(json.dumps(plain).encode())
            yield result
        asked = self._asked()
        if asked is not None:
            paths = [job.path for job in jobs]
            about = {"key": self._key, "bytes": self._bytes, "results": len(lines)}
            about |= {"trace": asked, "paths": paths}
            self._cache.shelf.put(self._key, [*lines, json.dumps(about).encode()])

    def _asked(self) -> list[tuple[str, str, str]] | None:
        """All that was asked besides the bytes of the files."""
        if self._cache.asked is None:
            return None
        asked: Trace = dict(self._tree.trace)
        add_all(asked, self._cache.asked)
        if CHANGED in asked.values():
            return None
        given = [(path, asked.pop(("read", path))) for path in self._files]
        for path, told in given:
            place: Question = ("read", self._tree.absolute(path))
            if asked.get(place) == told:
                del asked[place]
        return listed(asked)


def _bytes_of(files: Sequence[str], trace: Mapping[Any, str]) -> str:
    told = [[path, trace["read", path]] for path in files]
    return hashlib.blake2b(json.dumps(told).encode()).hexdigest()


def _loaded(plain: Any) -> FileResult | Job:
    found = loaded_job(plain["job"]) if "job" in plain else loaded(plain)
    if not isinstance(found, FileResult | Job):
        raise TypeError(f"{found} is no result of a file")
    return found
