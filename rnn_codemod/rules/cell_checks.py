"""Whether all uses of a user's cell in one file are seen, and can be rewritten."""

from __future__ import annotations

import ast
from collections.abc import Set

from rnn_codemod.reading.definitions import is_static
from rnn_codemod.reading.facts import CarryCall, Construction
from rnn_codemod.reading.numbers import is_whole_number
from rnn_codemod.reading.own_carry import (
    is_axes,
    is_spatial,
    is_tuple,
    reads_size,
    takes_axes,
    takes_width,
)
from rnn_codemod.reading.value import CellClass, CellInstance, Dotted, Unknown
from rnn_codemod.rules.bound_carry import check_method
from rnn_codemod.rules.cell_class import check_class, check_derived
from rnn_codemod.rules.cell_uses import CellUses, check_reflection, is_annotation
from rnn_codemod.rules.instance_carry import knows_size
from rnn_codemod.rules.rnn_size import run_by
from rnn_codemod.rules.rule import CannotWrite, Context

_NOT_KNOWN = (Unknown, Dotted)


def check_uses(context: Context, cell: CellUses, names: Set[str]) -> None:
    """Raise CannotWrite unless each mention of the class is one of its uses, and all are proved."""
    name = cell.definition.name
    if context.world is None and _published(context, name):
        raise CannotWrite(f"{name} is in __all__, so other files may use it")
    if cell.definition in context.reading.scopes:
        check_class(context, cell.kind, cell.definition, cell.method)
    _check_mentions(context, cell, names)
    check_reflection(context, names)
    if not is_static(cell.method):
        check_method(context, cell.definition)
    for carry in cell.carries:
        _check_carry(context, cell, carry)
    for made in () if cell.knows_width else (*cell.constructions, *cell.inner):
        if len(made.kinds) != 1 or made.spread is None or (made in cell.inner and made.unsure):
            raise CannotWrite("a construction may be of another cell, or be given features")
    for layer in cell.layers:
        line = layer.node.lineno
        _check_size(context, cell, layer.size, f"nn.RNN in line {line}")
        if len(run_by(context, layer)) != 1:
            raise CannotWrite(f"nn.RNN in line {line} may run another cell")
        for value in context.reading.values.of(layer.cell):
            known = cell.knows_width and isinstance(value, CellInstance)
            if not known and (
                not isinstance(value, CellInstance) or _built_here(context, value) is None
            ):
                raise CannotWrite(f"nn.RNN in line {line} may run a cell that is built elsewhere")


def check_alone(context: Context, method: ast.FunctionDef) -> None:
    """Raise CannotWrite unless the method itself tells that it takes a tuple and a number.

    nn.RNN, which named its arguments, gave a tuple to each method that could take them so.
    """
    values = context.reading.values
    if is_static(method) and not takes_axes(values, method):
        raise CannotWrite("no use tells whether batch_dims is a tuple")
    if reads_size(method) and not takes_width(values, method):
        raise CannotWrite("no use tells whether the size is a number")


def _check_mentions(context: Context, cell: CellUses, names: Set[str]) -> None:
    reading = context.reading
    known: set[ast.expr] = {use.node.func for use in cell.constructions}
    known |= {carry.receiver for carry in cell.carries}
    for node in reading.source.nodes:
        if isinstance(node, ast.ClassDef):
            known |= _derived(context, cell, node)
        elif isinstance(node, ast.Call) and node.args and _lifts(context, cell, node):
            if not cell.knows_width:
                _check_holder(context, cell, node)
            known.add(node.args[0])
    for node in reading.source.nodes:
        if not isinstance(node, ast.Name | ast.Attribute) or node in known:
            continue
        if not isinstance(node.ctx, ast.Load) or is_annotation(context, node):
            continue
        values = reading.values.of(node)
        line = node.lineno
        held = any(isinstance(v, CellClass) and cell.covers(v.kind) for v in values)
        if held and not cell.knows_width:  # Such a one is built as before, by whomever.
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
    """Whether a call makes a class of the class: nn.scan, another transform, or a partial."""
    values = context.reading.values
    found = values.of(call)
    filled = values.dotted(call.func) == "functools.partial" and len(call.args) == 1
    return bool(found) and all(
        isinstance(value, CellClass) and (value.lifted or filled) and cell.covers(value.kind)
        for value in found
    )


def _check_holder(context: Context, cell: CellUses, call: ast.Call) -> None:
    """Raise CannotWrite unless a class that a call makes is used at once, or has a name."""
    source = context.reading.source
    outer = source.parents[call]
    match outer:
        case ast.Call(func=func) if func is call or _lifts(context, cell, outer):
            return
        case ast.Assign(targets=[ast.Name()]) | ast.AnnAssign(target=ast.Name()):
            if source.function(call) is not None or source.parents[outer] is source.tree:
                return
    raise CannotWrite(f"what line {call.lineno} makes of {cell.definition.name} is handed on")


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
    if "size" in carry.parts:
        _check_size(context, cell, carry.parts["size"], f"the carry in line {line}")
    elif not cell.knows_width:
        raise CannotWrite(f"the carry in line {line} is created without a size")
    for value in () if cell.knows_width else carry.instances:
        made = _built_here(context, value)
        if made is None:
            raise CannotWrite(f"the cell of the carry in line {line} is built elsewhere")
        if not knows_size(context, made, carry):
            raise CannotWrite(f"the cell of the carry in line {line} may have another size")


def _check_size(context: Context, cell: CellUses, size: ast.expr, where: str) -> None:
    values, purity = context.reading.values, context.reading.purity
    if cell.knows_width and not purity.pure(size):
        raise CannotWrite(f"the size of {where} is no longer asked for, and may do more")
    if not cell.knows_width and is_spatial(cell.definition):
        if not is_tuple(values, size):
            raise CannotWrite(f"the size of {where} may be no tuple")
        if not purity.cheap(size):
            raise CannotWrite(f"the size of {where} would be evaluated twice")
    elif not takes_width(values, cell.method) and not is_whole_number(context.reading, size):
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
