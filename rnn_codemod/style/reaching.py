"""Which bindings of a name a use of it may see, by the order of the statements."""

from __future__ import annotations

import ast

from rnn_codemod.reading.scopes import Binding
from rnn_codemod.reading.source import Source

_LOOPS = ast.For | ast.AsyncFor | ast.While


def reaching(source: Source, bindings: list[Binding], use: ast.AST) -> list[Binding]:
    """The bindings but for those that another one, before ``use`` in all runs, comes after."""
    last = max(
        (b for b in bindings if _always_before(source, b.node, use)),
        key=lambda b: source.span(b.node)[0],
        default=None,
    )
    if last is None:
        return bindings
    loops = [
        up
        for up in source.ancestors(use)
        if isinstance(up, _LOOPS) and not _inside(source, last.node, up)
    ]
    start, end = source.span(last.node)[1], source.span(use)[0]
    return [
        b
        for b in bindings
        if b.node is last.node
        or (start <= source.span(b.node)[0] and source.span(b.node)[1] <= end)
        or any(_inside(source, b.node, loop) for loop in loops)
    ]


def _always_before(source: Source, bound: ast.AST, use: ast.AST) -> bool:
    """Whether a statement stands in a block around ``use``, before what holds the use."""
    if not isinstance(bound, ast.Assign | ast.AnnAssign):
        return False
    for up in [use, *source.ancestors(use)]:
        outer = source.parents.get(up)
        if outer is None or isinstance(up, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return False
        for block in (getattr(outer, name, None) for name in ("body", "orelse", "finalbody")):
            if isinstance(block, list) and up in block and bound in block:
                return block.index(bound) < block.index(up)
    return False


def _inside(source: Source, node: ast.AST, outer: ast.AST) -> bool:
    return node is outer or any(up is outer for up in source.ancestors(node))
