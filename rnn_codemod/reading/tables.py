"""What has names for its keys: ``vars(nn)``, ``nn.__dict__``, ``globals()``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rnn_codemod.reading.values import Values


def is_globals(values: Values, node: ast.expr) -> bool:
    """Whether it is ``globals()``."""
    match node:
        case ast.Call(func=ast.Name(id="globals"), args=[]):
            return values.scopes.lookup("globals", node) is None
        case _:
            return False


def part_of_flax(values: Values, node: ast.expr) -> str | None:
    """The part of flax.linen whose names ``vars(part)`` or ``part.__dict__`` holds."""
    match node:
        case ast.Call(func=ast.Name(id="vars"), args=[part]) if not values.scopes.lookup(
            "vars", node
        ):
            owner = values.dotted(part)
        case ast.Attribute(value=part, attr="__dict__"):
            owner = values.dotted(part)
        case _:
            return None
    return owner if owner in ("flax.linen", "flax.linen.recurrent") else None
