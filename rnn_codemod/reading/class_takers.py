"""Fields and parameters that are called as a cell class is, and do not say that they take one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rnn_codemod.reading.calls import Definition
from rnn_codemod.reading.definitions import field_names
from rnn_codemod.reading.kinds import transform_name
from rnn_codemod.reading.takers import taken
from rnn_codemod.reading.value import CellClass
from rnn_codemod.reading.values import Values

if TYPE_CHECKING:
    from rnn_codemod.reading.reading import Reading


@dataclass(frozen=True)
class ClassTaker:
    """``definition`` is called with the class. ``place`` is that, or the ``__init__`` of it."""

    definition: Definition
    place: Definition
    name: str


def class_takers(reading: Reading) -> Iterator[ClassTaker]:
    """Those that one file defines, in the order in which they are used."""
    found: dict[ClassTaker, None] = {}
    for node in reading.source.nodes:
        used = _called(reading.values, node) if isinstance(node, ast.Call) else None
        taker = _taker(reading.values, used) if used is not None else None
        if taker is not None and not follows(reading.values, taker.place, taker.name):
            found[taker] = None
    yield from found


def _called(values: Values, call: ast.Call) -> ast.expr | None:
    """What a call treats as a cell class: it builds it, lifts it, or asks it for a carry.

    A cell is built without positional arguments, unlike most functions.
    """
    match call.func:
        case ast.Attribute(attr="initialize_carry", value=receiver):
            return receiver
    if not call.args:
        return call.func
    return call.args[0] if transform_name(values.dotted(call.func) or "") else None


def _taker(values: Values, used: ast.expr) -> ClassTaker | None:
    """The field or parameter that ``used`` is."""
    of_field = taken(values, used)
    if of_field is not None:
        return ClassTaker(of_field[0], of_field[0], of_field[1])
    match used:
        case ast.Name(id=name):
            found = values.scopes.lookup(name, used)
            if found is None or len(found[1]) != 1 or not isinstance(found[1][0].node, ast.arg):
                return None
            function = found[0].node
            match function, values.source.parents.get(function):
                case ast.FunctionDef(name="__init__"), ast.ClassDef() as cls:
                    top = values.source.parents.get(cls) is values.source.tree
                    return ClassTaker(cls, function, name) if top else None
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            home = values.source.method_class(used)
            stores = values.stores(home, name) if home is not None else []
            if home is not None and name not in field_names(home) and len(stores) == 1:
                value, path = stores[0]
                return _taker(values, value) if isinstance(value, ast.Name) and not path else None
    return None


def follows(owner: Values, place: ast.AST, name: str) -> bool:
    """Whether the name is read as a cell class where it is defined."""
    if isinstance(place, ast.ClassDef):
        found = owner.member(place, name)
    else:
        scope = owner.scopes.of(place)
        found = frozenset().union(*(owner.names.binding(b, scope) for b in scope.bindings[name]))
    return any(isinstance(value, CellClass) for value in found)
