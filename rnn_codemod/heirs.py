"""Which files may hold a class that derives from one of another file, told from their bytes."""

from __future__ import annotations

from collections.abc import Sequence

from rnn_codemod.files.documents import is_document
from rnn_codemod.files.search import classes_in, derived_in
from rnn_codemod.imports import Imports, reached_from


def heirs_of(
    homes: Sequence[str], files: Sequence[str], imports: Imports
) -> dict[str, tuple[str, ...]]:
    """By file of ``homes``, the others that derive a class from one of it, and import it.

    Both directly or not.
    """
    derived: dict[str, set[str]] = {}
    deriving: dict[str, set[str]] = {}
    for path in files:
        for name, bases in () if is_document(path) else derived_in(imports.bytes(path)):
            for base in bases:
                derived.setdefault(base, set()).add(name)
                deriving.setdefault(base, set()).add(path)
    found: dict[str, set[str]] = {}
    for home in homes:
        names = reached_from(derived, classes_in(imports.bytes(home)))
        others = set().union(*(deriving.get(name, ()) for name in names)) - {home}
        if others:
            found[home] = others
    graph = imports.below(set().union(*found.values()))
    below = {path: reached_from(graph, [path]) for path in set().union(*found.values())}
    leading = {
        home: tuple(path for path in files if path in others and home in below[path])
        for home, others in found.items()
    }
    return {home: paths for home, paths in leading.items() if paths}
