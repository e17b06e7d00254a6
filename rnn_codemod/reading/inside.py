"""Where code runs inside compact methods, in which every cell that is built takes a name."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.reading.definitions import is_static
from rnn_codemod.reading.source import Function, Source
from rnn_codemod.reading.value import FunctionValue, ModuleClass
from rnn_codemod.reading.values import Values

_COMPACT = ("flax.linen.compact", "flax.linen.module.compact")


def compact_places(values: Values, node: ast.AST) -> list[ast.AST]:
    """The places in compact methods of this file at which the code at ``node`` runs.

    ``node`` itself where it stands in such a method; else the calls there that lead to its
    function and whose cells are built in the scope of the caller's module.
    """
    places: list[ast.AST] = []
    seen: set[ast.AST] = set()
    pending = [node]
    while pending:
        place = pending.pop()
        if compact_method(values, place) is not None:
            places.append(place)
            continue
        function = _outermost(values.source, place)
        if isinstance(function, ast.FunctionDef) and function not in seen:
            seen.add(function)
            pending.extend(_calls(values, function))
    return sorted(places, key=values.source.span)


def compact_method(values: Values, node: ast.AST) -> ast.FunctionDef | None:
    """The compact method of a module that holds ``node``, if one does."""
    for up in values.source.ancestors(node):
        if isinstance(up, ast.FunctionDef) and any(
            values.dotted(decorator) in _COMPACT for decorator in up.decorator_list
        ):
            return up
    return None


def _outermost(source: Source, node: ast.AST) -> Function | None:
    """The function or method at module or class level that holds ``node``."""
    found = None
    for up in source.ancestors(node):
        if isinstance(up, ast.ClassDef):
            break
        if isinstance(up, Function):
            found = up
    return found


def _calls(values: Values, function: ast.FunctionDef) -> Iterator[ast.Call]:
    """The calls of ``function`` that build its cells in the module of the caller."""
    wanted = frozenset({FunctionValue(function)})
    for node in values.source.nodes:
        match node:
            case ast.Call(func=ast.Name(id=name)) if name == function.name:
                if values.of(node.func) == wanted:
                    yield node
            case ast.Call(func=ast.Attribute(attr=name, value=owner)) if name == function.name:
                if values.of(node.func) == wanted and (
                    _is_self(owner) or is_static(function) or _is_class(values, owner)
                ):
                    yield node


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _is_class(values: Values, node: ast.expr) -> bool:
    return all(isinstance(value, ModuleClass) for value in values.of(node))
