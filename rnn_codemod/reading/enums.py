"""Enums whose members hold cell classes."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rnn_codemod.reading.value import NOTHING, Dotted, ModuleClass, Value, union

if TYPE_CHECKING:
    from rnn_codemod.reading.values import Values

_ENUMS = {f"enum.{name}" for name in ("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag")}


def is_enum(values: Values, node: ast.ClassDef) -> bool:
    """Whether a class of the file of ``values`` is an enum for certain."""
    for base in union(values.of(base) for base in node.bases):
        match base:
            case Dotted(name) if name in _ENUMS:
                return True
            case ModuleClass(above) if above is not node and is_enum(values.owner(above), above):
                return True
    return False


def values_of_members(values: Values, node: ast.ClassDef) -> frozenset[Value]:
    """What the members of an enum may have as their value."""
    return NOTHING.union(
        *(values.of(it.value) for it in node.body if isinstance(it, ast.Assign)),
    )
