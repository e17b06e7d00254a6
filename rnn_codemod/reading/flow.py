"""Which bindings of a name are in force at a place: those that no later one replaces."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.reading.scopes import Binding, Scope, Scopes
from rnn_codemod.reading.source import Source

_LOOPS = ast.For | ast.AsyncFor | ast.While
_REPLACING = (
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
)


class Flow:
    """Bindings by the order of statements, within the function or module that owns the name."""

    def __init__(self, source: Source, scopes: Scopes) -> None:
        self._source = source
        self._scopes = scopes

    def in_force(self, node: ast.expr, scope: Scope, bindings: list[Binding]) -> list[Binding]:
        """Those of ``bindings``, all that ``scope`` has of a name, which are read at ``node``."""
        if len(bindings) < 2 or self._scopes.home(node) is not scope:
            return bindings
        if not all(self._of_scope(binding, scope) for binding in bindings):
            return bindings
        last = self._last_before(node, bindings)
        if last is None:
            return bindings
        begin, here = self._source.span(last.node)[0], self._source.span(node)[0]
        loops = [up for up in self._source.ancestors(node) if isinstance(up, _LOOPS)]
        again = [loop for loop in loops if self._source.span(loop)[0] > begin]
        return [
            binding
            for binding in bindings
            if not isinstance(binding.node, ast.arg)
            and begin <= (at := self._source.span(binding.node)[0])
            and (at < here or any(up in again for up in self._around(binding.node)))
        ]

    def _of_scope(self, binding: Binding, scope: Scope) -> bool:
        """Whether the function itself binds, rather than another that declares the name."""
        return isinstance(binding.node, ast.arg) or self._scopes.home(binding.node) is scope

    def _around(self, node: ast.AST) -> Iterator[ast.AST]:
        yield node
        yield from self._source.ancestors(node)

    def _last_before(self, node: ast.expr, bindings: list[Binding]) -> Binding | None:
        """The last binding that every way to ``node`` passes."""
        statements = {
            binding.node: binding
            for binding in bindings
            if isinstance(binding.node, _REPLACING) and not _without_value(binding)
        }
        inner: ast.AST = self._source.statement(node)
        for outer in self._source.ancestors(inner):
            for before in reversed(_before(outer, inner)):
                if before in statements:
                    return statements[before]
            inner = outer
        return None


def _without_value(binding: Binding) -> bool:
    return isinstance(binding.node, ast.AnnAssign) and binding.value is None


def _before(outer: ast.AST, inner: ast.AST) -> list[ast.stmt]:
    """The statements of the block of ``outer`` that run before ``inner``."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(outer, name, None)
        if isinstance(block, list) and inner in block:
            return block[: block.index(inner)]
    return []
