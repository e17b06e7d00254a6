"""The ``initialize_carry`` of a user's cell: what it takes, told from its text."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.reading.definitions import is_classmethod, is_static
from rnn_codemod.reading.kinds import Kind
from rnn_codemod.reading.value import CellClass
from rnn_codemod.reading.values import Values

_OF_AXES = {"len", "list", "tuple"}
_OF_NUMBERS = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)


def legacy_method(definition: ast.ClassDef) -> ast.FunctionDef | None:
    """The initialize_carry of a class: (rng, batch_dims, size), and what has a default.

    It is static, or a method of the instance as nn.RNN called it, by these names.
    """
    for method in definition.body:
        if isinstance(method, ast.FunctionDef) and method.name == "initialize_carry":
            known = is_static(method) or _is_bound_legacy(definition, method)
            return method if known and _is_legacy(method) else None
    return None


def other_form(definition: ast.ClassDef) -> ast.FunctionDef | None:
    """The initialize_carry of a class, no method of the instance, that may take a size unseen.

    It takes ``*args``, ``**options`` beside the three, or them by position or as a classmethod.
    """
    if legacy_method(definition) is not None or "num_feature_axes" in ast.unparse(definition):
        return None
    for method in definition.body:
        if isinstance(method, ast.FunctionDef) and method.name == "initialize_carry":
            args = method.args
            given = [*args.posonlyargs, *args.args][is_classmethod(method) :]
            known = is_static(method) or is_classmethod(method)
            unseen = is_classmethod(method) or args.posonlyargs or args.kwarg or args.kwonlyargs
            taken = (len(given) >= 3 and unseen) or (args.vararg is not None and len(given) != 2)
            return method if known and taken else None
    return None


def parameters(method: ast.FunctionDef) -> list[ast.arg]:
    """What its callers give: rng, batch_dims, size, and what it takes besides."""
    return method.args.args if is_static(method) else method.args.args[1:]


def reads_size(method: ast.FunctionDef) -> bool:
    """Whether anything depends on the size that it is given."""
    size = parameters(method)[2].arg
    return any(is_named(node, size) and not _is_deleted(node) for node in ast.walk(method))


def is_bound(definition: ast.ClassDef) -> bool:
    """Whether the class has a legacy initialize_carry that is a method of the instance."""
    method = legacy_method(definition)
    return method is not None and not is_static(method)


def may_lack_size(definition: ast.ClassDef) -> bool:
    """Whether an instance of the class creates its carry without a size too."""
    method = legacy_method(definition)
    if method is None or is_static(method):
        return False
    return len(method.args.defaults) > len(parameters(method)) - 3


def deletes_size(method: ast.FunctionDef) -> bool:
    """Whether it says that the size is not used, as in ``del rng, size``."""
    size = parameters(method)[2].arg
    return any(is_named(node, size) and _is_deleted(node) for node in ast.walk(method))


def _is_deleted(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del)


def _is_bound_legacy(definition: ast.ClassDef, method: ast.FunctionDef) -> bool:
    if is_classmethod(method) or "num_feature_axes" in ast.unparse(definition):
        return False
    names = [arg.arg for arg in method.args.args]
    needed = len(names) - len(method.args.defaults)
    return names[2:4] == ["batch_dims", "size"] and needed >= 3


def _is_legacy(method: ast.FunctionDef) -> bool:
    args, given = method.args, len(parameters(method))
    plain = not (args.posonlyargs or args.vararg or args.kwarg) and all(args.kw_defaults)
    three = 3 <= given <= 3 + len(args.defaults)
    return plain and three and not takes_one_axis(method)


def takes_one_axis(method: ast.FunctionDef) -> bool:
    """Whether its second parameter is the size of one axis, as in ``zeros((batch, size))``."""
    batch = parameters(method)[1].arg
    return _is_element(method, batch) and not _is_sequence(method, batch)


def takes_axes(values: Values, method: ast.FunctionDef) -> bool:
    """Whether its second parameter is a tuple of axes for certain."""
    return _takes_axes(values, method, frozenset({method}))


def takes_width(values: Values, method: ast.FunctionDef) -> bool:
    """Whether its third parameter is a whole number for certain, and no tuple of axes."""
    return _takes_width(values, method, frozenset({method}))


def is_spatial(definition: ast.ClassDef) -> bool:
    """Whether the class creates its carry from a size that is a tuple, as ``(H, W, C)``."""
    method = legacy_method(definition)
    if method is None:
        return False
    batch, size = (arg.arg for arg in parameters(method)[1:3])
    joined = any(
        {part.id for part in summands(node) if isinstance(part, ast.Name)} >= {batch, size}
        for node in ast.walk(method)
        if isinstance(node, ast.BinOp)
    )
    either = any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "isinstance"
        and any(is_named(given, size) for given in node.args[:1])
        for node in ast.walk(method)
    )
    return (joined or _is_sequence(method, size)) and not (either or _is_element(method, size))


def is_tuple(values: Values, node: ast.expr) -> bool:
    """Whether a size is a tuple for certain."""
    match node:
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            cls = values.source.method_class(node)
            return cls is not None and any(
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and field.target.id == name
                and _speaks_of_a_tuple(field.annotation)
                for field in cls.body
            )
        case _:
            return is_axes(values, node)


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
    batch = parameters(method)[1].arg
    if _is_element(method, batch):
        return False
    return _is_sequence(method, batch) or any(
        is_named(given, batch)
        and (inner is None or (inner not in seen and _takes_axes(values, inner, seen | {inner})))
        for _, _, inner, given, _ in carries_of(values, method)
    )


def _takes_width(values: Values, method: ast.FunctionDef, seen: frozenset[ast.AST]) -> bool:
    size = parameters(method)[2].arg
    if _is_sequence(method, size):
        return False
    return (
        _is_element(method, size)
        or any(
            isinstance(node, ast.BinOp)
            and isinstance(node.op, _OF_NUMBERS)
            and (is_named(node.left, size) or is_named(node.right, size))
            for node in ast.walk(method)
        )
        or any(
            is_named(given, size)
            and not kind.convolutional
            and (
                inner is None or (inner not in seen and _takes_width(values, inner, seen | {inner}))
            )
            for _, kind, inner, _, given in carries_of(values, method)
        )
    )


def carries_of(
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
        is_named(element, name)
        for shape in _shapes(method)
        for part in summands(shape)
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
                found = is_named(value, name)
            case ast.BinOp(op=ast.Add()):
                parts = list(summands(node))
                display = any(isinstance(part, ast.Tuple | ast.List) for part in parts)
                found = display and any(is_named(part, name) for part in parts)
            case ast.Call(func=ast.Name(id=called), args=[value]):
                found = called in _OF_AXES and is_named(value, name)
            case ast.Subscript(value=value):
                found = is_named(value, name)
            case _:
                found = False
        if found:
            return True
    return False


def summands(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.BinOp(op=ast.Add()):
            yield from summands(node.left)
            yield from summands(node.right)
        case _:
            yield node


def is_named(node: ast.AST | None, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
