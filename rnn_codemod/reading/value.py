"""The vocabulary of values: what an expression may be."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from rnn_codemod.reading.kinds import Kind
from rnn_codemod.reading.source import Function


@dataclass(frozen=True)
class Unknown:
    pass


@dataclass(frozen=True)
class CellClass:
    kind: Kind
    lifted: tuple[str, ...] = ()
    scan: ast.Call | None = None
    bound: frozenset[str] = frozenset()
    """Fields that a functools.partial has filled in."""
    turned: bool = False
    """Whether nn.vmap may map over another axis of the carry than the first."""


@dataclass(frozen=True)
class CellInstance:
    cls: CellClass
    node: ast.Call | None
    """The construction, or None for an instance that comes from outside this file."""


@dataclass(frozen=True)
class Lifter:
    """``partial(nn.scan, ...)``, still to be given a class."""

    transform: str
    node: ast.Call


@dataclass(frozen=True)
class LiftedFunction:
    """``nn.scan(body, ...)`` of a function, to be called with a module before the carry."""

    node: Function


@dataclass(frozen=True)
class RnnClass:
    """``nn.RNN``, or ``nn.Bidirectional``, which takes the same calls but no cell."""

    name: str


@dataclass(frozen=True)
class RnnInstance:
    cls: RnnClass
    node: ast.Call


@dataclass(frozen=True)
class ModuleClass:
    node: ast.ClassDef


@dataclass(frozen=True)
class ModuleInstance:
    node: ast.ClassDef


@dataclass(frozen=True)
class FunctionValue:
    node: Function


@dataclass(frozen=True)
class Items:
    """A tuple, list, dict or iterator over these."""

    values: frozenset[Value]


@dataclass(frozen=True)
class Row:
    """A tuple or list display: these, by position."""

    values: tuple[frozenset[Value], ...]


@dataclass(frozen=True)
class Dynamic:
    """``getattr(nn, name)`` or ``vars(nn)[name]`` with a name that the text does not tell.

    Or, where ``called``, its result.
    """

    node: ast.expr
    called: bool = False


@dataclass(frozen=True)
class Getter:
    """``operator.attrgetter(name)``, to be called with what has the attribute."""

    node: ast.Call


@dataclass(frozen=True)
class Dotted:
    """Something imported, by its full name."""

    name: str
    home: str = ""
    """The file that a module of the project was imported in, where its name may be relative."""


@dataclass(frozen=True)
class Namespace:
    """An object made of names and what they mean, as ``SimpleNamespace(cell=nn.GRUCell)``."""

    fields: tuple[tuple[str, frozenset[Value]], ...]


Value = (
    Unknown
    | CellClass
    | CellInstance
    | Lifter
    | LiftedFunction
    | RnnClass
    | RnnInstance
    | ModuleClass
    | ModuleInstance
    | FunctionValue
    | Items
    | Row
    | Dynamic
    | Getter
    | Dotted
    | Namespace
)
POSITIONAL = "*"
"""Among the bound fields of a partial: one that was given by its old position."""
UNKNOWN = frozenset[Value]({Unknown()})
NOTHING = frozenset[Value]()


def union(sets: Iterable[frozenset[Value]]) -> frozenset[Value]:
    """The values of all sets."""
    return NOTHING.union(*sets)


def along(values: frozenset[Value], path: Iterable[int]) -> frozenset[Value]:
    """What unpacking by positions gives."""
    for step in path:
        values = union(_step(value, step) for value in values)
    return values


def _step(value: Value, step: int) -> frozenset[Value]:
    match value:
        case Row(columns) if 0 <= step < len(columns):
            return columns[step]
        case _:
            return items(frozenset({value}))


def items(values: frozenset[Value]) -> frozenset[Value]:
    """What iteration or an index gives."""
    return union(_item(value) for value in values)


def _item(value: Value) -> frozenset[Value]:
    match value:
        case Items(inner):
            return inner
        case Row(columns):
            return union(columns)
        case CellClass():
            return frozenset({value})  # A generic class, with what it is of.
        case _:
            return UNKNOWN
