"""Sizes that are whole numbers for certain."""

from __future__ import annotations

import ast

from rnn_codemod.reading.bound_once import bound_once
from rnn_codemod.reading.reading import Reading

_NUMBERS = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod)


def is_whole_number(reading: Reading, size: ast.expr) -> bool:
    """Whether a size can be nothing but an int: of several numbers, each would be an axis."""
    match size:
        case ast.Constant(value=value):
            return type(value) is int
        case ast.Subscript(value=ast.Attribute(attr="shape"), slice=ast.Constant() | ast.UnaryOp()):
            return True
        case ast.BinOp(op=operator):
            sides = (size.left, size.right)
            return isinstance(operator, _NUMBERS) and all(
                is_whole_number(reading, s) for s in sides
            )
        case ast.Call(func=ast.Name(id="len")):
            return reading.scopes.lookup("len", size) is None
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            cls = reading.source.method_class(size)
            return cls is not None and _is_annotated(cls, name)
        case ast.Name(id=name):
            return _is_bound_to_number(reading, size)
        case _:
            return False


def _is_annotated(cls: ast.ClassDef, name: str) -> bool:
    """Whether a class has the field ``name: int``."""
    return any(
        isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and field.target.id == name
        and ast.unparse(field.annotation) == "int"
        for field in cls.body
    )


def _is_bound_to_number(reading: Reading, name: ast.Name) -> bool:
    found = reading.scopes.lookup(name.id, name)
    if found is not None and len(found[1]) == 1 and isinstance(found[1][0].node, ast.arg):
        annotation = found[1][0].node.annotation
        return annotation is not None and ast.unparse(annotation) == "int"
    value = bound_once(reading.values, name)
    return value is not None and is_whole_number(reading, value)
