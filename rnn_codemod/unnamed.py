"""Carries in the old form, of something that the text does not tell: told, since not to be sure."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision
from rnn_codemod.findings import Applicability, Finding
from rnn_codemod.reading.definitions import is_static
from rnn_codemod.reading.facts import LEGACY_CARRY, arguments_of, written_out
from rnn_codemod.reading.kinds import ANY_CELL
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.value import CellClass, CellInstance, Unknown, Value
from rnn_codemod.reading.values import Values

RULE = "instance_carry"
"""The rule that would rewrite such a call, were it known to be a cell's."""
MESSAGE = (
    "initialize_carry is given its arguments as before Flax 0.7; "
    "what it is called on is not known, so it is left as it is"
)


def unnamed_carries(reading: Reading) -> Iterator[Decision]:
    """The calls that may be a cell's and may be none."""
    others = _other_methods(reading)
    sites = {carry.node for carry in reading.facts.carries}
    for node in open_carries(reading):
        if node not in sites and (not others or _passes_on(reading, node)):
            line, column = reading.source.place(node)
            yield Decision(Finding(RULE, line, column, MESSAGE, Applicability.MANUAL))


def open_carries(reading: Reading) -> Iterator[ast.Call]:
    """The calls in the old form on something that may be any cell."""
    for node in reading.source.nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr="initialize_carry", value=receiver)):
                found = reading.values.of(receiver)
                unknown = any(value == Unknown() or _is_any_cell(value) for value in found)
                unknown = unknown or (len(found) > 1 and any(map(_is_cell_of_flax, found)))
                if unknown and _is_legacy(reading.values, node) and not reading.guards.covers(node):
                    yield node


def _passes_on(reading: Reading, node: ast.Call) -> bool:
    """Whether the call makes a part of what another such method makes, as a stack of cells does."""
    function = reading.source.function(node)
    assert isinstance(node.func, ast.Attribute)
    return (
        isinstance(function, ast.FunctionDef)
        and function.name == "initialize_carry"
        and ast.unparse(node.func.value) not in ("self", "super()")
    )


def _is_any_cell(value: Value) -> bool:
    match value:
        case CellInstance(CellClass(kind)) | CellClass(kind):
            return kind == ANY_CELL
        case _:
            return False


def _is_cell_of_flax(value: Value) -> bool:
    match value:
        case CellInstance(CellClass(kind)) | CellClass(kind):
            return not kind.own_carry
        case _:
            return False


def _is_legacy(values: Values, node: ast.Call) -> bool:
    """Whether the arguments may be (rng, batch_dims, size), with or without an init_fn."""
    keywords = {keyword.arg for keyword in node.keywords}
    starred = any(isinstance(it, ast.Starred) and not written_out(values, it) for it in node.args)
    return keywords <= {*LEGACY_CARRY} and not starred and arguments_of(values, node) in (3, 4)


def _other_methods(reading: Reading) -> bool:
    """Whether a class of the file, which is no cell, has such a method with as many parameters."""
    for node in reading.source.nodes:
        if isinstance(node, ast.FunctionDef) and node.name == "initialize_carry":
            owner = reading.source.parents[node]
            own = isinstance(owner, ast.ClassDef) and reading.values.cell_kind(owner) is None
            parameters = len(node.args.args) + len(node.args.kwonlyargs) - (not is_static(node))
            if own and (parameters in (3, 4) or node.args.vararg or node.args.kwarg):
                return True
    return False
