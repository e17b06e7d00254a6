"""The static ``initialize_carry`` of a user's cell: what it takes, told from its text."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.reading.bound_once import bound_once
from rnn_codemod.reading.definitions import is_static, returned
from rnn_codemod.reading.kinds import CarryForm, Kind
from rnn_codemod.reading.value import CellClass
from rnn_codemod.reading.values import Values

_OF_AXES = {"len", "list", "tuple"}
_OF_NUMBERS = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)


def legacy_method(definition: ast.ClassDef) -> ast.FunctionDef | None:
    """The static initialize_carry of a class: (rng, batch_dims, size), and what has a default."""
    for method in definition.body:
        if isinstance(method, ast.FunctionDef) and method.name == "initialize_carry":
            return method if is_static(method) and _is_legacy(method) else None
    return None


def _is_legacy(method: ast.FunctionDef) -> bool:
    args = method.args
    plain = not (args.posonlyargs or args.vararg or args.kwarg) and all(args.kw_defaults)
    three = 3 <= len(args.args) <= 3 + len(args.defaults)
    return plain and three and not takes_one_axis(method)


def takes_one_axis(method: ast.FunctionDef) -> bool:
    """Whether its second parameter is the size of one axis, as in ``zeros((batch, size))``."""
    batch = method.args.args[1].arg
    return _is_element(method, batch) and not _is_sequence(method, batch)


def takes_axes(values: Values, method: ast.FunctionDef) -> bool:
    """Whether its second parameter is a tuple of axes for certain."""
    return _takes_axes(values, method, frozenset({method}))


def takes_width(values: Values, method: ast.FunctionDef) -> bool:
    """Whether its third parameter is a whole number for certain, and no tuple of axes."""
    return _takes_width(values, method, frozenset({method}))


def is_axes(values: Values, node: ast.expr) -> bool:
    """Whether an expression is a tuple of axes for certain."""
    match node:
        case ast.Tuple() | ast.Attribute(attr="shape"):
            return True
        case ast.Subscript(value=ast.Attribute(attr="shape"), slice=ast.Slice()):
            return True
        case ast.BinOp(op=ast.Add()):
            return is_axes(values, node.left) or is_axes(values, node.right)
        case ast.Name(id=name):
            found = values.scopes.lookup(name, node)
            if found is None or len(found[1]) != 1 or found[1][0].path:
                return False
            bound = found[1][0]
            if isinstance(bound.node, ast.arg):
                annotation = bound.node.annotation
                return annotation is not None and _speaks_of_a_tuple(annotation)
            return bound.value is not None and is_axes(values, bound.value)
        case _:
            return False


def _speaks_of_a_tuple(annotation: ast.expr) -> bool:
    written = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return ast.unparse(written).rpartition(".")[2] in ("Tuple", "tuple")


def _takes_axes(values: Values, method: ast.FunctionDef, seen: frozenset[ast.AST]) -> bool:
    batch = method.args.args[1].arg
    if _is_element(method, batch):
        return False
    return _is_sequence(method, batch) or any(
        _is_named(given, batch)
        and (inner is None or (inner not in seen and _takes_axes(values, inner, seen | {inner})))
        for _, _, inner, given, _ in _carries(values, method)
    )


def _takes_width(values: Values, method: ast.FunctionDef, seen: frozenset[ast.AST]) -> bool:
    size = method.args.args[2].arg
    if _is_sequence(method, size):
        return False
    return (
        _is_element(method, size)
        or any(
            isinstance(node, ast.BinOp)
            and isinstance(node.op, _OF_NUMBERS)
            and (_is_named(node.left, size) or _is_named(node.right, size))
            for node in ast.walk(method)
        )
        or any(
            _is_named(given, size)
            and not kind.convolutional
            and (
                inner is None or (inner not in seen and _takes_width(values, inner, seen | {inner}))
            )
            for _, kind, inner, _, given in _carries(values, method)
        )
    )


def _carries(
    values: Values, method: ast.FunctionDef
) -> Iterator[tuple[ast.Call, Kind, ast.FunctionDef | None, ast.expr | None, ast.expr | None]]:
    """The carries of other cells that it creates: call, cell, its method, batch_dims and size.

    The method is None where it is flax's.
    """
    here = values.owner(method)
    for node in ast.walk(method):
        match node:
            case ast.Call(func=ast.Attribute(attr="initialize_carry", value=receiver)):
                found = list(here.of(receiver))
            case _:
                continue
        if len(found) != 1 or not isinstance(found[0], CellClass):
            continue
        kind = found[0].kind
        given = dict(enumerate(node.args)) | {k.arg: k.value for k in node.keywords}
        if kind.carry_class is None:
            batch, size = given.get(1, given.get("batch_dims")), given.get(2, given.get("size"))
            yield node, kind, None, batch, size
            continue
        inner = legacy_method(kind.carry_class)
        if inner is not None:
            yield node, kind, inner, given.get(1), given.get(2)


def _is_element(method: ast.FunctionDef, name: str) -> bool:
    """Whether the name stands for one axis in a shape that is written out."""
    return any(
        _is_named(element, name)
        for shape in _shapes(method)
        for part in _summands(shape)
        if isinstance(part, ast.Tuple | ast.List)
        for element in part.elts
    )


def _shapes(method: ast.FunctionDef) -> Iterator[ast.expr]:
    """What is given to calls, or bound to one name."""
    for node in ast.walk(method):
        match node:
            case ast.Call():
                yield from node.args
                yield from (keyword.value for keyword in node.keywords)
            case ast.Assign(targets=[ast.Name()], value=value):
                yield value


def _is_sequence(method: ast.FunctionDef, name: str) -> bool:
    """Whether something is done with the name that only a tuple or a list allows."""
    for node in ast.walk(method):
        match node:
            case ast.Starred(value=value):
                found = _is_named(value, name)
            case ast.BinOp(op=ast.Add()):
                parts = list(_summands(node))
                display = any(isinstance(part, ast.Tuple | ast.List) for part in parts)
                found = display and any(_is_named(part, name) for part in parts)
            case ast.Call(func=ast.Name(id=called), args=[value]):
                found = called in _OF_AXES and _is_named(value, name)
            case ast.Subscript(value=value):
                found = _is_named(value, name)
            case _:
                found = False
        if found:
            return True
    return False


def _summands(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.BinOp(op=ast.Add()):
            yield from _summands(node.left)
            yield from _summands(node.right)
        case _:
            yield node


def _is_named(node: ast.expr | None, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


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
    for call, kind, inner, _, size in _carries(values, method):
        if call is node and _is_named(size, method.args.args[2].arg):
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
    parameters = {arg.arg for arg in method.args.args[3:]}
    drawn = home == "jax.random" and name in ("normal", "uniform")
    if home in ("jax.numpy", "numpy") and name in ("zeros", "ones", "full", "empty"):
        shapes = node.args[:1]
    elif drawn or (isinstance(node.func, ast.Name) and node.func.id in parameters):
        shapes = node.args[1:2]
    else:
        return False
    size = method.args.args[2].arg
    for shape in shapes:
        match shape:
            case ast.Name(id=name):
                found = values.scopes.lookup(name, shape)
                bound = found[1] if found is not None and found[0].node is method else []
                value = bound[0].value if len(bound) == 1 and not bound[0].path else None
                shape = value if value is not None else shape
        *_, last = _summands(shape)
        if isinstance(last, ast.Tuple | ast.List) and last.elts:
            return _is_named(last.elts[-1], size)
    return False
