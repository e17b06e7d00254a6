"""A carry that takes the place of one which a base of its class creates, for a cell of the base."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.reading.definitions import methods
from rnn_codemod.reading.facts import CarryCall, Construction, given_features
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.value import ModuleClass


def base_of_another_size(reading: Reading, carry: CarryCall) -> ast.ClassDef | None:
    """The class of another file that builds the cell of a carry, and for another size.

    That is a base of the class whose method, with the carry in it, replaces one of the base. In
    one file the cell itself is asked for it.
    """
    method = reading.source.function(carry.node)
    cls = reading.source.method_class(carry.node)
    if not isinstance(method, ast.FunctionDef) or cls is None or "size" not in carry.parts:
        return None
    if _cells(reading, cls, carry):
        return None
    size = ast.unparse(carry.parts["size"])
    for home, base in _bases(reading, cls, set()):
        if home is not reading and method.name in methods(base):
            sizes = set(_sizes(home, base, method.name, carry))
            if sizes and size not in sizes:
                return base
    return None


def _bases(
    reading: Reading, cls: ast.ClassDef, seen: set[ast.ClassDef]
) -> Iterator[tuple[Reading, ast.ClassDef]]:
    """The modules that a class derives from, each with the file that it stands in."""
    seen.add(cls)
    world = reading.values.world
    for written in cls.bases:
        for value in reading.values.of(written):
            if not isinstance(value, ModuleClass) or value.node in seen:
                continue
            here = value.node in reading.scopes
            home = reading if here or world is None else world.owner(value.node)
            if home is not None:
                yield home, value.node
                yield from _bases(home, value.node, seen)


def _cells(reading: Reading, cls: ast.ClassDef, carry: CarryCall) -> list[Construction]:
    """The cells of the carry's kind that a class builds."""
    names = {kind.name for kind in carry.kinds}
    return [
        made
        for made in reading.facts.constructions
        if reading.source.method_class(made.node) is cls
        and names & {kind.name for kind in made.kinds}
        and not _only_for_a_carry(reading, made)
    ]


def _only_for_a_carry(reading: Reading, made: Construction) -> bool:
    outer = reading.source.parents[made.node]
    return isinstance(outer, ast.Attribute) and outer.attr == "initialize_carry"


def _sizes(reading: Reading, base: ast.ClassDef, method: str, carry: CarryCall) -> Iterator[str]:
    """What the base builds the cell with, or creates the carry with in its own method."""
    names = {kind.name for kind in carry.kinds}
    cells = _cells(reading, base, carry)
    for made in cells:
        features = given_features(made)
        if not made.legacy and features is not None:
            yield ast.unparse(features)
    for other in reading.facts.carries if cells else ():
        function = reading.source.function(other.node)
        if (
            isinstance(function, ast.FunctionDef)
            and function.name == method
            and reading.source.method_class(other.node) is base
            and names & {kind.name for kind in other.kinds}
            and "size" in other.parts
        ):
            yield ast.unparse(other.parts["size"])
