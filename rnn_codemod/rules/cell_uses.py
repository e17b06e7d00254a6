"""The uses of a user's cell in one file, and whether all of them are seen and can be rewritten."""

from __future__ import annotations

import ast
import re
from collections.abc import Set
from dataclasses import dataclass

from rnn_codemod.editing.edits import Edit
from rnn_codemod.reading.facts import CarryCall, Construction, RnnCall
from rnn_codemod.reading.kinds import Kind
from rnn_codemod.reading.numbers import is_whole_number
from rnn_codemod.reading.own_carry import is_axes, takes_axes, takes_width
from rnn_codemod.reading.value import CellClass, CellInstance, Dotted, RnnClass, Unknown
from rnn_codemod.reading.width import NoWidth, Width
from rnn_codemod.rules.cell_class import check_class, check_derived
from rnn_codemod.rules.forms import (
    constructor,
    detached,
    paired,
    pairs_allowed,
    shaped_by_input,
    size_in_shape,
    width_of,
)
from rnn_codemod.rules.instance_carry import knows_size
from rnn_codemod.rules.rnn_size import run_by, without_size
from rnn_codemod.rules.rule import CannotWrite, Context

_NOT_KNOWN = (Unknown, Dotted)


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
        return any(len(carry.parts) > 3 for carry in self.carries)

    @property
    def nodes(self) -> list[ast.Call]:
        """Every site, constructions first."""
        made = [construction.node for construction in (*self.constructions, *self.inner)]
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
    width = width_of(context, made)
    return isinstance(width, Width) and width.cell is definition


def edits_of(context: Context, cell: CellUses) -> list[tuple[ast.Call, list[Edit]]]:
    """Every use in one file with its edits. Raises CannotWrite."""
    return [
        *((made.node, _construction(context, made)) for made in (*cell.constructions, *cell.inner)),
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
        return shaped_by_input(context, carry, size_in_shape(context, carry.parts["size"]))
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


def check_uses(context: Context, cell: CellUses, names: Set[str]) -> None:
    """Raise CannotWrite unless each mention of the class is one of its uses, and all are proved."""
    name = cell.definition.name
    if context.world is None and _published(context, name):
        raise CannotWrite(f"{name} is in __all__, so other files may use it")
    if cell.definition in context.reading.scopes:
        check_class(context, cell.kind, cell.definition, cell.method)
    _check_mentions(context, cell, names)
    check_reflection(context, names)
    for carry in cell.carries:
        _check_carry(context, cell, carry)
    for made in (*cell.constructions, *cell.inner):
        if len(made.kinds) != 1 or made.spread is None or (made in cell.inner and made.unsure):
            raise CannotWrite("a construction may be of another cell, or be given features")
    for layer in cell.layers:
        _check_size(context, cell, layer.size, f"nn.RNN in line {layer.node.lineno}")
        for value in context.reading.values.of(layer.cell):
            if not isinstance(value, CellInstance) or _built_here(context, value) is None:
                line = layer.node.lineno
                raise CannotWrite(f"nn.RNN in line {line} may run a cell that is built elsewhere")


def _check_mentions(context: Context, cell: CellUses, names: Set[str]) -> None:
    reading = context.reading
    known: set[ast.expr] = {use.node.func for use in cell.constructions}
    known |= {carry.receiver for carry in cell.carries}
    for node in reading.source.nodes:
        if isinstance(node, ast.ClassDef):
            known |= _derived(context, cell, node)
        elif isinstance(node, ast.Call) and node.args and _lifts(context, cell, node):
            known.add(node.args[0])
    for node in reading.source.nodes:
        if not isinstance(node, ast.Name | ast.Attribute) or node in known:
            continue
        if not isinstance(node.ctx, ast.Load) or is_annotation(context, node):
            continue
        values = reading.values.of(node)
        line = node.lineno
        if any(isinstance(v, CellClass) and cell.covers(v.kind) for v in values):
            raise CannotWrite(f"{_last(node)} is also used as a value, in line {line}")
        if _last(node) in names and any(isinstance(v, _NOT_KNOWN) for v in values):
            raise CannotWrite(f"{ast.unparse(node)} in line {line} may be this {_last(node)}")
    for bindings in reading.scopes.module.bindings.values():
        for binding in bindings:
            name = (binding.imported or "").rpartition(".")[2]
            if binding.imported is not None and name in names:
                values = reading.values.imported(binding.imported)
                if any(isinstance(value, _NOT_KNOWN) for value in values):
                    raise CannotWrite(f"{name} is imported from a place that is not known")


def _lifts(context: Context, cell: CellUses, call: ast.Call) -> bool:
    """Whether a call is nn.scan of the class, or another transform, and gives such a class."""
    found = context.reading.values.of(call)
    return bool(found) and all(
        isinstance(value, CellClass) and value.lifted and cell.covers(value.kind) for value in found
    )


def _derived(context: Context, cell: CellUses, node: ast.ClassDef) -> set[ast.expr]:
    """The bases of a class that are the cell, where it may derive from it."""
    values = context.reading.values
    bases: set[ast.expr] = set()
    for base in node.bases:
        for value in values.of(base):
            kind = values.cell_kind(node)
            if isinstance(value, CellClass) and cell.covers(value.kind) and kind is not None:
                check_derived(context, node, kind, value.kind)
                bases.add(base)
    return bases


def _last(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


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


def _check_carry(context: Context, cell: CellUses, carry: CarryCall) -> None:
    line = carry.node.lineno
    if not carry.parts:
        raise CannotWrite("the arguments of a carry call are not (rng, batch_dims, size)")
    values = context.reading.values
    found = values.of(carry.receiver)
    if len(carry.kinds) != 1 or any(isinstance(value, Unknown) for value in found):
        raise CannotWrite(f"the carry in line {line} may be of another cell")
    if carry.classes and carry.instances:
        raise CannotWrite(f"the carry in line {line} may be of another cell")
    if not takes_axes(values, cell.method) and not is_axes(values, carry.parts["batch_dims"]):
        raise CannotWrite(f"the batch axes in line {line} may be a number")
    _check_size(context, cell, carry.parts["size"], f"the carry in line {line}")
    for value in carry.instances:
        made = _built_here(context, value)
        if made is None:
            raise CannotWrite(f"the cell of the carry in line {line} is built elsewhere")
        if not knows_size(context, made, carry):
            raise CannotWrite(f"the cell of the carry in line {line} may have another size")


def _check_size(context: Context, cell: CellUses, size: ast.expr, where: str) -> None:
    known = takes_width(context.reading.values, cell.method)
    if not known and not is_whole_number(context.reading, size):
        raise CannotWrite(f"the size of {where} may be a tuple")


def _built_here(context: Context, cell: CellInstance) -> Construction | None:
    return None if cell.node is None else context.reading.facts.construction(cell.node)


def _published(context: Context, name: str) -> bool:
    return any(
        isinstance(node, ast.Constant) and node.value == name
        for binding in context.reading.scopes.module.bindings.get("__all__", [])
        if binding.value is not None
        for node in ast.walk(binding.value)
    )


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
