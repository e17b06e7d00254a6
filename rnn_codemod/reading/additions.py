"""What is put into a list or dict, or set on a class, after it was made."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from rnn_codemod.reading.source import Source

ANY_NAME = "*"
"""The name of an attribute that is set by a name which the text does not tell."""


@dataclass(frozen=True, eq=False)
class Addition:
    """``value``, or where ``spread`` its items, go into the container that ``owner`` names.

    With an ``attribute``, the value is set on the class or object ``owner`` under this name.
    """

    owner: ast.Name | ast.Attribute
    value: ast.expr
    spread: bool = False
    attribute: str = ""


def additions(source: Source) -> dict[str, list[Addition]]:
    """What is put into the containers of a file, by their names."""
    found: dict[str, list[Addition]] = {}
    for node in source.nodes:
        for addition in _of(node):
            owner = addition.owner
            name = owner.id if isinstance(owner, ast.Name) else owner.attr
            found.setdefault(addition.attribute or name, []).append(addition)
    return found


def _of(node: ast.AST) -> Iterator[Addition]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                match target:
                    case ast.Subscript(value=ast.Name() | ast.Attribute() as owner):
                        yield Addition(owner, value)
                    case ast.Attribute(value=ast.Name(id="self")):
                        pass
                    case ast.Attribute(value=ast.Name() | ast.Attribute() as owner, attr=name):
                        yield Addition(owner, value, attribute=name)
        case ast.AugAssign(
            target=ast.Name() | ast.Attribute() as owner, op=ast.Add() | ast.BitOr(), value=value
        ):
            yield Addition(owner, value, spread=True)
        case ast.Call(
            func=ast.Name(id="setattr"),
            args=[ast.Name() | ast.Attribute() as owner, key, value],
        ):
            known = str(key.value) if isinstance(key, ast.Constant) else ANY_NAME
            yield Addition(owner, value, attribute=known)
        case ast.Call(
            func=ast.Attribute(value=ast.Name() | ast.Attribute() as owner, attr=method), args=given
        ):
            if method in ("append", "add", "insert", "setdefault"):
                yield from (Addition(owner, value) for value in given[-1:])
            elif method in ("extend", "update"):
                yield from (Addition(owner, value, spread=True) for value in given)
                for keyword in node.keywords:
                    yield Addition(owner, keyword.value, spread=keyword.arg is None)
