"""The kind of cell that a user's class is."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING

from rnn_codemod.reading.definitions import field_names, methods
from rnn_codemod.reading.kinds import ANY_CELL, MODULE_FIELDS, Kind
from rnn_codemod.reading.value import CellClass

if TYPE_CHECKING:
    from rnn_codemod.reading.values import Values


def kind_of(values: Values, node: ast.ClassDef) -> Kind | None:
    """What the first base that is a cell makes of a class, else None."""
    for written in node.bases:
        cells = [value for value in values.of(written) if isinstance(value, CellClass)]
        for base in sorted(cells, key=lambda cell: cell.kind.name)[:1]:
            carries = "initialize_carry" in methods(node)
            fields = MODULE_FIELDS if base.kind == ANY_CELL else base.kind.fields
            own = tuple(name for name in field_names(node) if name not in (fields or ()))
            return replace(
                base.kind,
                name=node.name,
                definition=node,
                fields=None if fields is None else fields[:-2] + own + fields[-2:],
                sized=base.kind.sized or "features" in own,
                carry_class=node if carries else base.kind.carry_class,
            )
    return None
