"""Which files put a cell class into what another file makes, told from their bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rnn_codemod.files.documents import is_document
from rnn_codemod.files.search import filled_in, hands_class, made_in, names_in
from rnn_codemod.imports import Imports, reached_from


@dataclass(frozen=True, slots=True)
class Filled:
    """What a file makes and others fill: the names, and all files that may fill one of them."""

    names: frozenset[str]
    by: tuple[str, ...]


def fillers_of(
    candidates: Sequence[str], files: Sequence[str], imports: Imports
) -> dict[str, Filled]:
    """By file, its containers and classes that a candidate may put a cell class into.

    The others that fill these may put anything into them. Each imports that file, directly or not.
    """
    handing = [path for path in candidates if hands_class(imports.bytes(path))]
    filled: dict[str, set[str]] = {}
    for _, home, names in _filling(handing, imports):
        filled.setdefault(home, set()).update(names)
    if not filled:
        return {}
    words = {name.encode(): name for names in filled.values() for name in names}
    speaking = [path for path in files if names_in(imports.bytes(path), words)]
    by: dict[str, list[str]] = {}
    for path, home, names in _filling(speaking, imports):
        if not names.isdisjoint(filled.get(home, ())):
            by.setdefault(home, []).append(path)
    return {home: Filled(frozenset(filled[home]), tuple(paths)) for home, paths in by.items()}


def _filling(paths: Iterable[str], imports: Imports) -> Iterable[tuple[str, str, frozenset[str]]]:
    """A file, one that it imports, and what of that it may fill."""
    given = {it: filled_in(imports.bytes(it)) for it in paths if not is_document(it)}
    given = {path: names for path, names in given.items() if names}
    graph = imports.below(given)
    for path, names in given.items():
        for home in sorted(reached_from(graph, [path]) - {path}):
            made = names & made_in(imports.bytes(home))
            if made:
                yield path, home, made
