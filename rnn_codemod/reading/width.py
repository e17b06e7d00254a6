"""The width of a cell, and the sizes it may be proved by."""

from __future__ import annotations

import ast
from dataclasses import dataclass


@dataclass(frozen=True)
class Width:
    """``features=text``; ``reason`` says why that is the cell's width."""

    text: str
    reason: str
    origin: ast.expr | None = None
    library: str = ""
    """What the text needs to be imported."""
    cell: ast.ClassDef | None = None
    """The user's cell whose field ``features``, which it does not have yet, the text names."""


@dataclass(frozen=True)
class NoWidth:
    reason: str


@dataclass(frozen=True)
class Size:
    """An expression for a width, as it stands in the text; ``others`` where it may be these too."""

    node: ast.expr
    others: tuple[ast.expr, ...] = ()

    def alternatives(self) -> dict[str, ast.expr]:
        return {ast.unparse(node): node for node in (self.node, *self.others)}


def differ(sizes: list[Size]) -> bool:
    return len({text for size in sizes for text in size.alternatives()}) > 1
