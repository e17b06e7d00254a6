"""Which files may hold a site: told from the bytes of each, and from what they import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rnn_codemod.files.documents import is_document
from rnn_codemod.files.problem import Problem, os_cause
from rnn_codemod.files.search import (
    may_be_legacy,
    may_be_legacy_by_import,
    may_use_unnamed,
    widens_floats,
)
from rnn_codemod.imports import Imports, leading_to
from rnn_codemod.results import FileResult
from rnn_codemod.tree import Tree, read


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may hold a site."""

    path: str
    size: int
    may_be_legacy: bool
    may_use_unnamed: bool


Look = FileResult | Candidate
"""A candidate, or the result of a file that is none."""


@dataclass(frozen=True, slots=True)
class Looks:
    """What the bytes of the given files tell."""

    files: tuple[Look, ...]
    widening: tuple[str, ...] = ()
    """Those that may turn on 64-bit floats."""


def look_at(paths: Sequence[str], tree: Tree) -> Looks:
    """Looks at all bytes. Where no file names Flax nothing leads there, and no more is asked."""
    unread: list[Look] = []
    for path in paths:
        try:
            if b"flax" in read(path):
                break
        except OSError as error:
            unread.append(_unread(path, error))
        else:
            unread.append(FileResult(path))
    else:
        return Looks(tuple(unread))
    looked = [_look(path, tree) for path in paths]
    return Looks(
        tuple(seen for seen, _ in looked), tuple(seen.path for seen, wide in looked if wide)
    )


def _look(path: str, tree: Tree) -> tuple[Look, bool]:
    """The look at a file, and whether it may widen floats."""
    try:
        data = tree.read(path)
    except OSError as error:
        return _unread(path, error), False
    return _looked(path, data), widens_floats(data)


def _unread(path: str, error: OSError) -> FileResult:
    return FileResult(path, problem=Problem(path, os_cause("cannot be read", error)))


def _looked(path: str, data: bytes) -> Look:
    legacy = may_be_legacy(data)
    if not legacy and (is_document(path) or not may_be_legacy_by_import(data)):
        return FileResult(path)
    return Candidate(
        path,
        len(data),
        legacy,
        may_use_unnamed(data) and not is_document(path),
    )


def settled(looks: Sequence[Look], imports: Imports) -> list[Look]:
    """The same, but a file that does not name Flax is a candidate only if what it imports does."""
    unnamed = [
        seen.path for seen in looks if isinstance(seen, Candidate) and not seen.may_be_legacy
    ]
    graph = imports.below(unnamed)
    others = set(unnamed) - leading_to(graph, imports.naming(b"flax", graph))
    return [FileResult(seen.path) if seen.path in others else seen for seen in looks]
