"""A method initialize_carry of the instance: whether each mention of it in a file is understood.

Where it may be called without a size, the old call and the new one look alike, so that a call which
is overlooked would go wrong without a word.
"""

from __future__ import annotations

import ast

from rnn_codemod.reading.kinds import ANY_CELL
from rnn_codemod.reading.value import (
    CellClass,
    CellInstance,
    Dotted,
    Dynamic,
    ModuleClass,
    RnnClass,
    Unknown,
    Value,
)
from rnn_codemod.reading.values import Values
from rnn_codemod.rules.rule import CannotWrite, Context

NAME = "initialize_carry"


def check_method(context: Context, definition: ast.ClassDef) -> None:
    """Raise CannotWrite where a file may ask for a carry of the class, and is not known to."""
    reading = context.reading
    seen = {
        carry.node.func
        for carry in reading.facts.carries
        if not carry.unsure and ANY_CELL not in carry.kinds
    }
    for node in reading.source.nodes:
        if isinstance(node, ast.Attribute) and node.attr == NAME and node not in seen:
            if any(_may_be(value, definition) for value in reading.values.of(node.value)):
                raise CannotWrite(f"{ast.unparse(node)} in line {node.lineno} may be of this cell")
        elif isinstance(node, ast.Constant) and node.value == NAME:
            raise CannotWrite(f"{NAME} is asked for by its name, in line {node.lineno}")
        elif isinstance(node, ast.Call) and _sizes(context, node, definition):
            raise CannotWrite(f"what is called in line {node.lineno} may be an nn.RNN")
    for layer in reading.facts.layers:
        if any(_may_be(value, None) for value in reading.values.of(layer.cell)):
            raise CannotWrite(f"nn.RNN in line {layer.node.lineno} may run this cell")


def _sizes(context: Context, call: ast.Call, definition: ast.ClassDef) -> bool:
    """Whether a call gives a cell of the class and more to what may be a kind of nn.RNN."""
    values = context.reading.values
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return (
        len(given) > 1
        and any(_may_run(values, value) for value in values.of(call.func))
        and any(
            isinstance(value, CellInstance) and value.cls.kind.carry_class is definition
            for argument in given
            for value in values.of(argument)
        )
    )


def _may_run(values: Values, called: Value) -> bool:
    match called:
        case Unknown() | Dynamic():
            return True
        case ModuleClass(node):
            home = values.owner(node)
            bases = [value for base in node.bases for value in home.of(base)]
            return any(
                isinstance(base, RnnClass) or (base != called and _may_run(home, base))
                for base in bases
            )
        case _:
            return False


def _may_be(value: Value, definition: ast.ClassDef | None) -> bool:
    match value:
        case CellInstance(CellClass(kind)) | CellClass(kind):
            return kind == ANY_CELL or (kind.carry_class or value) is definition
        case Unknown() | Dotted() | Dynamic():
            return True
        case _:
            return False
