"""The uses of a user's cell in one file, and what becomes of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Set
from dataclasses import dataclass

from rnn_codemod.editing.edits import Edit
from rnn_codemod.reading.facts import CarryCall, Construction, RnnCall
from rnn_codemod.reading.kinds import Kind
from rnn_codemod.reading.own_carry import reads_size
from rnn_codemod.reading.value import CellInstance, Dotted, RnnClass
from rnn_codemod.reading.width import NoWidth, Width
from rnn_codemod.rules.forms import (
    constructor,
    detached,
    paired,
    pairs_allowed,
    shaped_by_input,
    size_in_shape,
    width_of,
)
from rnn_codemod.rules.rnn_size import run_by, without_size
from rnn_codemod.rules.rule import CannotWrite, Context


@dataclass(frozen=True)
class CellUses:
    """The class ``kind`` that defines a carry, and what must change with it in one file."""

    kind: Kind
    definition: ast.ClassDef
    method: ast.FunctionDef
    constructions: tuple[Construction, ...]
    carries: tuple[CarryCall, ...]
    layers: tuple[RnnCall, ...]
    inner: tuple[Construction, ...]
    """Cells of flax that it holds, whose features are its own."""

    @property
    def initialized(self) -> bool:
        """Whether a carry is created with more than (rng, batch_dims, size)."""
        return any(carry.parts.keys() - {"rng", "batch_dims", "size"} for carry in self.carries)

    @property
    def knows_width(self) -> bool:
        """Whether the size that it is given means nothing to it: it is built as before."""
        return not reads_size(self.method)

    @property
    def sized(self) -> bool:
        """Whether a use tells that the features have one axis."""
        return bool(self.layers) or any("size" in carry.parts for carry in self.carries)

    @property
    def nodes(self) -> list[ast.Call]:
        """Every site, constructions first."""
        changed = () if self.knows_width else (*self.constructions, *self.inner)
        made = [construction.node for construction in changed]
        created = [carry.node for carry in self.carries]
        return [*made, *created, *(layer.node for layer in self.layers)]

    def covers(self, kind: Kind) -> bool:
        """Whether a kind is this class, or only inherits its carry."""
        return kind.carry_class is self.definition


def uses_of(context: Context, kind: Kind, method: ast.FunctionDef) -> CellUses:
    """What the file of ``context`` does with the cell and the classes that inherit its carry."""
    facts = context.reading.facts
    definition = kind.definition
    assert definition is not None

    def covers(kinds: frozenset[Kind]) -> bool:
        return any(kind.carry_class is definition for kind in kinds)

    return CellUses(
        kind,
        definition,
        method,
        tuple(made for made in facts.constructions if covers(made.kinds)),
        tuple(carry for carry in facts.carries if covers(carry.kinds)),
        tuple(layer for layer in facts.layers if covers(run_by(context, layer))),
        tuple(made for made in facts.constructions if _is_inside(context, made, definition)),
    )


def _is_inside(context: Context, made: Construction, definition: ast.ClassDef) -> bool:
    """Whether the features of a cell are those of the user's cell that holds it."""
    if not made.legacy or context.reading.source.method_class(made.node) is not definition:
        return False
    if any(kind.own_carry for kind in made.kinds):
        return False  # It changes with its own class.
    width = width_of(context, made)
    return isinstance(width, Width) and width.cell is definition


def edits_of(context: Context, cell: CellUses) -> list[tuple[ast.Call, list[Edit]]]:
    """Every use in one file with its edits. Raises CannotWrite."""
    made = () if cell.knows_width else (*cell.constructions, *cell.inner)
    return [
        *((it.node, _construction(context, it)) for it in made),
        *((carry.node, _carry(context, carry)) for carry in cell.carries),
        *((layer.node, without_size(context, layer)) for layer in cell.layers),
    ]


def _construction(context: Context, made: Construction) -> list[Edit]:
    width = width_of(context, made)
    if isinstance(width, NoWidth):
        line = made.node.lineno
        raise CannotWrite(f"the features of the cell in line {line} are not known: {width.reason}")
    return constructor(context, made, width)


def _carry(context: Context, carry: CarryCall) -> list[Edit]:
    if not carry.classes:
        size = carry.parts.get("size")
        last = "1" if size is None else size_in_shape(context, size)
        return shaped_by_input(context, carry, last)
    pair = context.reading.pairs.of_carry(carry) if pairs_allowed(context) else None
    return detached(context, carry) if pair is None else paired(context, pair)


def names_in(context: Context, definition: ast.ClassDef) -> set[str]:
    """The names of the classes of one file that have this carry: the cell, and what inherits it."""
    kind = context.reading.values.cell_kind
    return {
        node.name
        for node in context.reading.source.nodes
        if isinstance(node, ast.ClassDef) and (it := kind(node)) and it.carry_class is definition
    }


def hands(context: Context, cell: CellUses) -> bool:
    """Whether an instance is an argument of anything but flax."""
    return any(
        isinstance(value, CellInstance) and cell.covers(value.cls.kind)
        for call in context.reading.source.nodes
        if isinstance(call, ast.Call) and not _is_flax(context, call)
        for given in (*call.args, *(keyword.value for keyword in call.keywords))
        for value in context.reading.values.of(given)
    )


def _is_flax(context: Context, call: ast.Call) -> bool:
    called = context.reading.values.of(call.func)
    return bool(called) and all(
        isinstance(value, RnnClass)
        or (isinstance(value, Dotted) and value.name.startswith("flax."))
        for value in called
    )


def check_reflection(context: Context, names: Set[str]) -> None:
    """Raise CannotWrite where a text that ends in a name may be what the class is found by."""
    for node in context.reading.source.nodes:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if re.split(r"[.:]", node.value)[-1] not in names:
            continue
        outer = context.reading.source.parents[node]
        asked = isinstance(outer, ast.Call) or (
            isinstance(outer, ast.Subscript) and outer.slice is node
        )
        if asked or node.value not in names:
            raise CannotWrite(f"the text {node.value!r} in line {node.lineno} may name the class")


def is_annotation(context: Context, node: ast.expr) -> bool:
    """Whether the name only says what something is, as in ``isinstance`` and annotations."""
    up: ast.AST = node
    for outer in context.reading.source.ancestors(node):
        match outer:
            case ast.arg(annotation=found) | ast.AnnAssign(annotation=found) if found is up:
                return True
            case ast.FunctionDef(returns=found) if found is up:
                return True
            case ast.Call(func=ast.Name(id="isinstance")):
                return True
            case ast.stmt():
                return False
        up = outer
    return False
