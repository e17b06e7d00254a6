"""A carry that takes the place of one which a base of its class creates, for a cell of the base."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.reading.definitions import methods
from rnn_codemod.reading.facts import CarryCall, Construction, given_features
from rnn_codemod.reading.heirs import bases_of, same_size
from rnn_codemod.reading.reading import Reading


def base_of_another_size(reading: Reading, carry: CarryCall) -> ast.ClassDef | None:
    """The class of another file that builds the cell of a carry with features of another size.

    That is a base of the class whose method, with the carry in it, replaces one of the base. A
    cell without features is refused there.
    """
    method = reading.source.function(carry.node)
    cls = reading.source.method_class(carry.node)
    if not isinstance(method, ast.FunctionDef) or cls is None or "size" not in carry.parts:
        return None
    if _cells(reading, cls, carry):
        return None
    for home, base in bases_of(reading, cls):
        if home is not reading and method.name in methods(base):
            sizes = [(home, size) for size in _sizes(home, base, carry)]
            if sizes and not any(same_size((reading, carry.parts["size"]), it) for it in sizes):
                return base
    return None


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


def _sizes(reading: Reading, base: ast.ClassDef, carry: CarryCall) -> Iterator[ast.expr]:
    """The features that the base builds the cell with."""
    for made in _cells(reading, base, carry):
        features = given_features(made)
        if not made.legacy and features is not None:
            yield features
