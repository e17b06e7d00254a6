"""Classes and functions that are given a cell, and make its carry with a size of their own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnn_codemod.reading.bound_once import bound_once
from rnn_codemod.reading.calls import Definition, Unclear, arguments, callings
from rnn_codemod.reading.definitions import field_names, methods
from rnn_codemod.reading.facts import CarryCall, RnnCall, carry_parts, rnn_layer
from rnn_codemod.reading.kinds import ANY_CELL
from rnn_codemod.reading.value import CellClass, CellInstance, ModuleInstance, RnnClass
from rnn_codemod.reading.values import Values

if TYPE_CHECKING:
    from rnn_codemod.reading.reading import Reading

FILLING = {"__init__", "__new__", "__post_init__"}
"""What gives fields other values than the constructor gets, or none."""


@dataclass(frozen=True, eq=False)
class Taker:
    """``cell`` is the field or the parameter that takes a cell; ``sites`` make its carry.

    ``size`` is another field or parameter, or a literal.
    """

    definition: Definition
    cell: str
    size: str | ast.Constant
    sites: tuple[CarryCall | RnnCall | HandedOn, ...]


@dataclass(frozen=True, eq=False)
class HandedOn:
    """A call that gives another taker, ``to``, the cell and its size."""

    node: ast.Call
    to: Taker


Site = CarryCall | RnnCall | HandedOn


def takers(reading: Reading) -> Iterator[Taker]:
    """Those that one file defines, in the order of the text."""
    for node in reading.source.nodes:
        top = reading.source.parents.get(node) is reading.source.tree
        if isinstance(node, ast.ClassDef) or (top and isinstance(node, ast.FunctionDef)):
            yield from takers_of(reading, node)


def takers_of(
    reading: Reading, definition: Definition, above: tuple[Definition, ...] = ()
) -> Iterator[Taker]:
    """What a class or a function of this file takes: one for each of its cells.

    ``above`` hand on to it, and are asked already.
    """
    text = reading.source.segment(definition)
    makes = "initialize_carry" in text or "RNN" in text
    found: dict[str, list[tuple[Site, str | ast.Constant | None]]] = {}
    for site, cell, size in (
        *(_sites(reading, definition) if makes else ()),
        *_handed_on(reading, definition, (*above, definition)),
    ):
        of_cell = taken(reading.values, cell)
        if of_cell is not None and of_cell[0] is definition:
            given = size if isinstance(size, ast.Constant) else None
            of_same = taken(reading.values, size) if given is None else None
            if of_same is not None and of_same[0] is definition:
                found.setdefault(of_cell[1], []).append((site, of_same[1]))
            else:
                found.setdefault(of_cell[1], []).append((site, given))
    for name, sites in found.items():
        texts = {ast.unparse(it) if isinstance(it, ast.Constant) else it for _, it in sites}
        chosen = sites[0][1]
        if len(texts) == 1 and chosen is not None:
            yield Taker(definition, name, chosen, tuple(site for site, _ in sites))


def _sites(
    reading: Reading, definition: Definition
) -> Iterator[tuple[CarryCall | RnnCall, ast.expr, ast.expr]]:
    """What makes a carry in the old form: the site, the cell and the size."""
    for node in ast.walk(definition):
        match node:
            case ast.Call(func=ast.Attribute(attr="initialize_carry", value=receiver)):
                parts = carry_parts(node)
                if parts and not reading.guards.covers(node):
                    any_cell = CellInstance(CellClass(ANY_CELL), None)
                    carry = CarryCall(node, receiver, frozenset(), frozenset({any_cell}), parts)
                    yield carry, receiver, parts["size"]
            case ast.Call(func=func) if any(
                isinstance(v, RnnClass) and v.name == "RNN" for v in reading.values.of(func)
            ):
                layer = rnn_layer(node)
                if layer is not None and not reading.guards.covers(node):
                    yield layer, layer.cell, layer.size


def _handed_on(
    reading: Reading, definition: Definition, above: tuple[Definition, ...]
) -> Iterator[tuple[HandedOn, ast.expr, ast.expr]]:
    """The calls that give another taker what is taken here, each with the cell and the size."""
    values = reading.values
    for node in reading.giving.get(definition, ()):
        for calling in callings(values, node):
            if calling.definition not in above:
                home = reading.home(calling.definition)
                for taker in takers_of(home, calling.definition, above) if home is not None else ():
                    try:
                        parts = arguments(values, calling)
                    except Unclear:
                        continue
                    of_call = parts.get(taker.size) if isinstance(taker.size, str) else taker.size
                    if taker.cell in parts and of_call is not None:
                        yield HandedOn(node, taker), parts[taker.cell], of_call


def giving(values: Values) -> dict[Definition, list[ast.Call]]:
    """By class and function, the calls in it that are given something which it takes."""
    found: dict[Definition, list[ast.Call]] = {}
    for node in values.source.nodes:
        if isinstance(node, ast.Call):
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            mine = [it for it in given if isinstance(it, ast.Name | ast.Attribute)]
            for definition in {it[0] for part in mine if (it := taken(values, part)) is not None}:
                found.setdefault(definition, []).append(node)
    return found


def taken(values: Values, cell: ast.expr) -> tuple[Definition, str] | None:
    """The field or the parameter that ``cell`` is, in the class or function that has it."""
    match cell:
        case ast.Attribute(value=ast.Name(id="self") as base, attr=name):
            cls = values.source.method_class(cell)
            own = cls is not None and values.of(base) == frozenset({ModuleInstance(cls)})
            return (cls, name) if cls is not None and own and _fills(values, cls, name) else None
        case ast.Name(id=name):
            found = values.scopes.lookup(name, cell)
            if found is not None and isinstance(found[1][0].node, ast.arg) and len(found[1]) == 1:
                function = found[0].node
                top = values.source.parents.get(function) is values.source.tree
                plain = isinstance(function, ast.FunctionDef) and not function.decorator_list
                return (function, name) if plain and top else None  # type: ignore[return-value]
            value = bound_once(values, cell)
            return None if value is None else taken(values, value)
        case _:
            return None


def _fills(values: Values, cls: ast.ClassDef, name: str) -> bool:
    """Whether ``name`` is a field that is what the constructor is given for it."""
    bindings = values.scopes.of(cls).bindings.get(name, [])
    return (
        name in field_names(cls)
        and len(bindings) == 1
        and not values.stores(cls, name)
        and not methods(cls) & FILLING
    )
