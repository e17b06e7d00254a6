"""Which files may define what changes for others: cells, wrappers, what takes or makes a cell."""

from __future__ import annotations

from collections.abc import Sequence

from rnn_codemod.files.documents import is_document
from rnn_codemod.files.search import (
    hands_class,
    may_define_cell,
    may_define_wrapper,
    may_hand_on,
    may_make_cell,
    may_take_cell,
    may_take_class,
)
from rnn_codemod.imports import Imports, leading_to, reached_from

_DEFINING = (may_define_cell, may_take_cell, may_hand_on, may_make_cell)


def defining(candidates: Sequence[str], imports: Imports, *, wrappers: bool) -> set[str]:
    """The files that may, told from their bytes; ``wrappers`` says whether those count."""
    wanted = (*_DEFINING, may_define_wrapper) if wrappers else _DEFINING
    found = {path for path in candidates if any(may(imports.bytes(path)) for may in wanted)}
    return found | _class_takers(candidates, imports)


def _class_takers(candidates: Sequence[str], imports: Imports) -> set[str]:
    """The files that may take a cell class from one that holds it, or gets it from another."""
    handing = [path for path in candidates if hands_class(imports.bytes(path))]
    if not handing:
        return set()
    graph = imports.below(candidates)
    return {
        path
        for path in reached_from(graph, leading_to(graph, handing))
        if not is_document(path) and may_take_class(imports.bytes(path))
    }
