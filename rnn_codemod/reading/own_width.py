"""Where the width stands in the carry that a user's cell creates."""

from __future__ import annotations

import ast

from rnn_codemod.reading.bound_once import bound_once
from rnn_codemod.reading.definitions import returned
from rnn_codemod.reading.kinds import CarryForm
from rnn_codemod.reading.own_carry import carries_of, is_named, parameters, summands
from rnn_codemod.reading.values import Values


def width_path(values: Values, method: ast.FunctionDef) -> str | None:
    """How its third parameter is read off a carry that it creates: the indices before ``.shape``.

    ``""`` of one array, ``"[0]"`` of a pair; None where that is not told by every result.
    """
    return _path_of_width(values.owner(method), method, frozenset({method}))


def _path_of_width(values: Values, method: ast.FunctionDef, seen: frozenset[ast.AST]) -> str | None:
    paths = {_path(values, method, node, seen) for node in returned(method, values.source)}
    return paths.pop() if len(paths) == 1 else None


def _path(
    values: Values, method: ast.FunctionDef, node: ast.expr, seen: frozenset[ast.AST]
) -> str | None:
    match node:
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for index, part in enumerate(parts):
                if isinstance(part, ast.Starred):
                    return None
                inner = _path(values, method, part, seen)
                if inner is not None:
                    return f"[{index}]{inner}"
            return None
        case (
            ast.ListComp(elt=part)
            | ast.Call(func=ast.Name(id="tuple" | "list"), args=[ast.GeneratorExp(elt=part)])
        ):
            inner = _path(values, method, part, seen)
            return None if inner is None else f"[0]{inner}"
        case ast.Name(id=name):
            found = values.scopes.lookup(name, node)
            if found is None or found[0].node is not method:
                return None
            value = bound_once(values, node)
            known = value is not None and isinstance(found[1][0].node, ast.Assign)
            return _path(values, method, value, seen) if known and value else None
        case ast.Call(func=ast.Attribute(attr="initialize_carry")):
            return _path_of_another(values, method, node, seen)
        case ast.Call():
            return "" if _is_array(values, method, node) else None
        case _:
            return None


def _path_of_another(
    values: Values, method: ast.FunctionDef, node: ast.Call, seen: frozenset[ast.AST]
) -> str | None:
    """The path into the carry of another cell, which is created with the same width."""
    for call, kind, inner, _, size in carries_of(values, method):
        if call is node and is_named(size, parameters(method)[2].arg):
            if inner is not None:
                known = inner not in seen
                home = values.owner(inner)
                return _path_of_width(home, inner, seen | {inner}) if known else None
            return {CarryForm.SINGLE: "", CarryForm.PAIR: "[0]"}.get(kind.carry)
    return None


def _is_array(values: Values, method: ast.FunctionDef, node: ast.Call) -> bool:
    """Whether a call makes an array whose last axis is the width."""
    made = values.dotted(node.func) or ""
    home, _, name = made.rpartition(".")
    given = {arg.arg for arg in parameters(method)[3:]}
    drawn = home == "jax.random" and name in ("normal", "uniform")
    if home in ("jax.numpy", "numpy") and name in ("zeros", "ones", "full", "empty"):
        shapes = node.args[:1]
    elif drawn or (isinstance(node.func, ast.Name) and node.func.id in given):
        shapes = node.args[1:2]
    else:
        return False
    size = parameters(method)[2].arg
    for shape in shapes:
        match shape:
            case ast.Name(id=name):
                found = values.scopes.lookup(name, shape)
                bound = found[1] if found is not None and found[0].node is method else []
                value = bound[0].value if len(bound) == 1 and not bound[0].path else None
                shape = value if value is not None else shape
        *_, last = summands(shape)
        if isinstance(last, ast.Tuple | ast.List) and last.elts:
            return is_named(last.elts[-1], size)
    return False
