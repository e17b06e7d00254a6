"""The width of a wrapper where it is built: what its ``features`` are."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from rnn_codemod.reading.facts import Construction
from rnn_codemod.reading.source import Function
from rnn_codemod.style.reaching import reaching
from rnn_codemod.style.uses import Applied, Uses
from rnn_codemod.style.wrapper import Keeps


@dataclass(frozen=True)
class Features:
    """``text`` is the width; ``size`` the expression of a carry's size that it is, if it is one."""

    text: str
    size: ast.expr | None = None


def features(uses: Uses, built: ast.Call) -> Features:
    """The width of the carries of one instance. Raises Keeps where it is not proved."""
    reading = uses.reading
    applied = [use for use in uses.applied if uses.made(use.instance) is built]
    sizes = [size_of(uses, use.carry) if use.carry is not None else None for use in applied]
    known = [size for size in sizes if size is not None]
    if len({ast.dump(size) for size in known}) > 1:
        raise Keeps(f"the one built in {uses.line(built)} is given carries of several sizes")
    if known and len(known) == len(sizes):
        if all(reading.purity.portable(size, size, built) for size in known):
            return Features(reading.source.segment(known[0]), known[0])
    if len(applied) == 1:
        at_hand = _width_of_carry(uses, applied[0], built)
        if at_hand is not None:
            return Features(at_hand)
    by_class = None if known else _by_class(uses, built)
    if by_class is None:
        raise Keeps(f"the width of its carry is not known in {uses.line(built)}")
    return Features(reading.source.segment(by_class), by_class)


def size_of(
    uses: Uses, carry: ast.expr, seen: frozenset[ast.expr] = frozenset()
) -> ast.expr | None:
    """The size that a carry was created with by the wrapper itself."""
    if carry in seen:
        return None
    seen |= {carry}
    for fresh in uses.fresh:
        if fresh.node is carry:
            return fresh.given[uses.wrapper.size]
    if not isinstance(carry, ast.Name):
        return None
    found = uses.reading.scopes.lookup(carry.id, carry)
    if found is None or not isinstance(found[0].node, Function | ast.Module):
        return None
    sizes: list[ast.expr | None] = []
    for binding in reaching(uses.reading.source, found[1], carry):
        if isinstance(binding.node, ast.arg) or binding.value is None:
            return None
        again = next((a.carry for a in uses.applied if a.node is binding.value), None)
        if binding.path[:1] == (0,) and again is not None:
            if isinstance(again, ast.Name) and again.id == carry.id:
                continue
            sizes.append(size_of(uses, again, seen))
        else:
            sizes.append(None if binding.path else size_of(uses, binding.value, seen))
    known = [size for size in sizes if size is not None]
    if len(known) != len(sizes) or len({ast.dump(size) for size in known}) != 1:
        return None
    return known[0]


def _width_of_carry(uses: Uses, use: Applied, built: ast.Call) -> str | None:
    """The carry's own width, where the carry is at hand when the wrapper is built."""
    reading, purity = uses.reading, uses.reading.purity
    carry = use.carry
    if carry is None or not isinstance(carry, ast.Name) or uses.own(use.instance):
        return None
    if reading.source.function(use.node) is not reading.source.function(built):
        return None
    if use.instance is not built and not purity.steady(carry, built, use.node):
        return None
    cell = uses.wrapper.made
    return reading.carry_width.text(
        carry, Construction(built, cell.classes, legacy=True, spread=frozenset())
    )


def _by_class(uses: Uses, built: ast.Call) -> ast.expr | None:
    """The one size that the class around creates carries of this wrapper with."""
    reading = uses.reading
    cls = reading.source.method_class(built)
    if cls is None or cls is uses.wrapper.node:
        return None
    sizes = [
        fresh.given[uses.wrapper.size]
        for fresh in uses.fresh
        if reading.source.method_class(fresh.node) is cls
    ]
    others = [b for b in uses.built if reading.source.method_class(b) is cls and b is not built]
    if not sizes or others or len({ast.dump(size) for size in sizes}) != 1:
        return None
    if all(reading.purity.portable(size, size, built) for size in sizes):
        return sizes[0]
    return None
