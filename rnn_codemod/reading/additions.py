"""What is put into a list or dict after it was made."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from rnn_codemod.reading.source import Source


@dataclass(frozen=True, eq=False)
class Addition:
    """``value``, or where ``spread`` its items, go into the container that ``owner`` names."""

    owner: ast.Name
    value: ast.expr
    spread: bool = False


def additions(source: Source) -> dict[str, list[Addition]]:
    """What is put into the containers of a file, by their names."""
    found: dict[str, list[Addition]] = {}
    for node in source.nodes:
        for addition in _of(node):
            found.setdefault(addition.owner.id, []).append(addition)
    return found


def _of(node: ast.AST) -> Iterator[Addition]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
                    yield Addition(target.value, value)
        case ast.AugAssign(target=ast.Name() as owner, op=ast.Add() | ast.BitOr(), value=value):
            yield Addition(owner, value, spread=True)
        case ast.Call(func=ast.Attribute(value=ast.Name() as owner, attr=method), args=given):
            if method in ("append", "add", "insert", "setdefault"):
                yield from (Addition(owner, value) for value in given[-1:])
            elif method in ("extend", "update"):
                yield from (Addition(owner, value, spread=True) for value in given)
                for keyword in node.keywords:
                    yield Addition(owner, keyword.value, spread=keyword.arg is None)
