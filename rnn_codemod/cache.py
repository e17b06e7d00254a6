"""Results kept from earlier runs, by all that they depend on.

An entry is found by what was asked: the work, the options, the job, the working folder, and the
code of this package, of its parser and of Python. It counts only if every question that the work
put to the tree then has the same answer now: the bytes of files, and which files and folders there
are. So an entry can be missing, old or damaged, and the result is still that of a run without it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any, TypeVar

from rnn_codemod import __version__
from rnn_codemod.around import Verdict
from rnn_codemod.findings import Applicability, Finding, Options
from rnn_codemod.results import FileResult
from rnn_codemod.treat import Job
from rnn_codemod.tree import Answer, Disk, Question, Tree

Result = TypeVar("Result")
Trace = dict[Question, str]
"""What was asked of a tree, with the digests of the answers."""

DAY = 24 * 60 * 60
KEPT_DAYS = 30
KEPT_BYTES = 256 * 2**20
"""Entries that nobody used for so long go, and then the oldest until the rest is no larger."""

PRUNED = ".gitignore"
"""Written when entries were last removed, and keeps a cache inside a tree out of it."""


@dataclass(frozen=True, slots=True)
class _Traced(Tree):
    """Another tree, and in ``trace`` the digests of all that it answered."""

    tree: Tree
    trace: Trace

    def absolute(self, path: str) -> str:
        return self.tree.absolute(path)

    def answer(self, question: Question) -> Answer:
        answer = self.tree.answer(question)
        self.trace[question] = _digest(answer)
        return answer


def _traced(
    work: Callable[[Tree, Job], Result], tree: Tree, job: Job
) -> tuple[Result, Trace | None]:
    trace: Trace = {}
    return work(_Traced(tree, trace), job), trace


def _untraced(died: Callable[[Job, str], Result], job: Job, cause: str) -> tuple[Result, None]:
    return died(job, cause), None


def _digest(answer: Answer) -> str:
    if isinstance(answer, bytes):
        return hashlib.blake2b(answer, digest_size=20).hexdigest()
    return f"error {answer.errno}" if isinstance(answer, OSError) else str(answer)


class Cache:
    """The entries in ``folder`` for runs with the same options.

    ``deep`` tells whether files are read in a process that may recurse deeper than this one: what
    is nested too deeply in one is not in the other.
    """

    def __init__(self, folder: str, options: Options, deep: bool) -> None:
        self._folder = folder
        self._run = {
            "code": _code(),
            "python": sys.version,
            "options": {name: _plain(value) for name, value in asdict(options).items()},
            "folder": os.getcwd(),
            "deep": deep,
        }
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
                if trace is not None:
                    self._keep(key, result, trace)
            yield result
        if missing:
            self._prune()

    def _key(self, work: str, job: Job) -> str:
        asked = {**self._run, "work": work, "path": job.path, "users": dict(job.users)}
        asked["wide_floats"] = job.wide_floats
        asked["verdicts"] = [asdict(verdict) for verdict in job.verdicts]
        return json.dumps(asked, sort_keys=True)

    def _place(self, key: str) -> str:
        name = hashlib.blake2b(key.encode(), digest_size=20).hexdigest()
        return os.path.join(self._folder, name[:2], f"{name[2:]}.json")

    def _load(self, key: str) -> Any:
        """The result kept under a key, or ``None``."""
        place = self._place(key)
        try:
            with open(place, "rb") as file:
                sum_, _, body = file.read().partition(b"\n")
            if sum_.decode() != _digest(body):
                return None
            entry = json.loads(body)
            if entry["key"] != key or not all(self._holds(*asked) for asked in entry["trace"]):
                return None
            result = _loaded(entry["result"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        with suppress(OSError):
            os.utime(place)
        return result

    def _holds(self, kind: Any, path: str, digest: str) -> bool:
        question: Question = (kind, path)
        if question not in self._digests:
            self._digests[question] = _digest(self._tree.answer(question))
        return self._digests[question] == digest

    def _keep(self, key: str, result: object, trace: Trace) -> None:
        plain = _dumped(result)
        if plain is None:
            return
        asked = [(kind, path, digest) for (kind, path), digest in trace.items()]
        body = json.dumps({"key": key, "trace": asked, "result": plain}).encode()
        place = self._place(key)
        # Without a place to write to, a run does without.
        with suppress(OSError):
            os.makedirs(os.path.dirname(place), exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(place))
            try:
                with open(descriptor, "wb") as file:
                    file.write(_digest(body).encode() + b"\n" + body)
                os.replace(temporary, place)
            except BaseException:
                os.unlink(temporary)
                raise

    def _prune(self) -> None:
        """Once a day, removes what is old or too much."""
        marker = os.path.join(self._folder, PRUNED)
        now = time.time()
        with suppress(OSError):
            with suppress(FileNotFoundError):
                if now - os.stat(marker).st_mtime < DAY:
                    return
            with open(marker, "w", encoding="ascii") as file:
                file.write("*\n")
            entries = sorted(_entries(self._folder), reverse=True)
            size = 0
            for used, bytes_, path in entries:
                size += bytes_
                if size > KEPT_BYTES or now - used > KEPT_DAYS * DAY:
                    os.unlink(path)


def _entries(folder: str) -> Iterator[tuple[float, int, str]]:
    """When each entry was last used, its size and its path. No other file is touched."""
    for shelf in os.scandir(folder):
        if len(shelf.name) == 2 and shelf.is_dir(follow_symlinks=False):
            for entry in os.scandir(shelf.path):
                told = entry.stat(follow_symlinks=False)
                yield told.st_mtime, told.st_size, entry.path


def _code() -> str:
    """Changes when this package or its parser does, also where the version stays."""
    seen = [__version__]
    parser = find_spec("libcst")
    origins = [parser.origin] if parser is not None and parser.origin else []
    for folder, folders, names in os.walk(os.path.dirname(__file__)):
        folders[:] = sorted(set(folders) - {"__pycache__"})
        origins.extend(os.path.join(folder, name) for name in sorted(names))
    for path in origins:
        told = os.stat(path)
        seen.append(f"{path} {told.st_size} {told.st_mtime_ns}")
    return hashlib.blake2b("\n".join(seen).encode(errors="surrogatepass")).hexdigest()


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value


def _dumped(result: object) -> object:
    """``None`` for what may be of this moment: a file that failed could be read the next time."""
    if isinstance(result, frozenset):
        return sorted(result) or None
    if isinstance(result, tuple):
        return {"verdicts": [asdict(verdict) for verdict in result]} if result else None
    if not isinstance(result, FileResult) or result.problem is not None:
        return None
    return {
        **asdict(result),
        "rewritten": [_plain_finding(it) for it in result.rewritten],
        "refused": [_plain_finding(it) for it in result.refused],
        "before": result.before.decode("latin-1"),
        "after": result.after.decode("latin-1"),
    }


def _plain_finding(finding: Finding) -> object:
    return {**asdict(finding), "applicability": finding.applicability.value}


def _loaded(plain: Any) -> object:
    """Raises KeyError, TypeError, ValueError or AttributeError for what ``_dumped`` never made."""
    if isinstance(plain, list):
        return frozenset(plain)
    if "verdicts" in plain:
        return tuple(_verdict(it) for it in plain["verdicts"])
    return FileResult(
        plain["path"],
        tuple(_finding(it) for it in plain["rewritten"]),
        tuple(_finding(it) for it in plain["refused"]),
        plain["left_alone"],
        tuple(plain["warnings"]),
        plain["before"].encode("latin-1"),
        plain["after"].encode("latin-1"),
    )


def _finding(plain: Any) -> Finding:
    return Finding(
        **{
            **plain,
            "applicability": Applicability(plain["applicability"]),
            "recipe": tuple(plain["recipe"]),
        }
    )


def _verdict(plain: Any) -> Verdict:
    return Verdict(
        **{
            **plain,
            "names": tuple(plain["names"]),
            "open_carries": tuple((path, line) for path, line in plain["open_carries"]),
            "faults": tuple((path, why) for path, why in plain["faults"]),
            "left_alone": tuple(plain["left_alone"]),
        }
    )
