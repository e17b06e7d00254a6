"""Where the carry that a cell is applied to comes from: what is known of its width."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from enum import Enum

from rnn_codemod.reading.facts import Construction, given_features
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.shaped import shaped_carry

_CHOICES = ("jax.numpy.where", "numpy.where", "jax.lax.select")


class Origin(Enum):
    """Who has chosen the width of a carry."""

    CALLER = "it is handed in"
    ITSELF = "the cell itself has created it, or it has the size of the cell"
    OTHER = "it is created here with another size"
    UNKNOWN = "not known"


@dataclass(frozen=True)
class Origins:
    """What may have created a carry; ``sizes`` are the other sizes that are written out."""

    kinds: frozenset[Origin]
    sizes: frozenset[ast.expr] = frozenset()

    def __or__(self, other: Origins) -> Origins:
        return Origins(self.kinds | other.kinds, self.sizes | other.sizes)


_UNKNOWN = Origins(frozenset({Origin.UNKNOWN}))
_CALLER = Origins(frozenset({Origin.CALLER}))
_ITSELF = Origins(frozenset({Origin.ITSELF}))
_NOTHING = Origins(frozenset())


def origins(reading: Reading, made: Construction, carry: ast.expr) -> Origins:
    """Where ``carry``, to which the cell of ``made`` is applied, may come from."""
    return _Search(reading, made).of(carry)


class _Search:
    def __init__(self, reading: Reading, made: Construction) -> None:
        self._reading = reading
        self._made = made
        self._features = given_features(made)
        self._open: set[tuple[object, str]] = set()

    def of(self, node: ast.expr) -> Origins:
        match node:
            case ast.Name():
                return self._named(node)
            case ast.Tuple(elts=[_, *_]):
                found = _NOTHING
                for element in node.elts:
                    found |= self.of(element)
                return found
            case ast.Subscript(value=ast.Name()):
                return self.of(node.value)
            case ast.IfExp():
                return self.of(node.body) | self.of(node.orelse)
            case ast.Call():
                return self._call(node)
            case _:
                return _UNKNOWN

    def _named(self, node: ast.Name) -> Origins:
        found = self._reading.scopes.lookup(node.id, node)
        if found is None:
            return _UNKNOWN
        scope, bindings = found
        if (scope, node.id) in self._open:
            return _NOTHING
        self._open.add((scope, node.id))
        origins = _NOTHING
        for binding in bindings:
            if isinstance(binding.node, ast.arg):
                origins |= _CALLER
            elif binding.value is None:
                origins |= _UNKNOWN
            else:
                origins |= self._bound(binding.value, binding.path)
        self._open.discard((scope, node.id))
        return origins

    def _bound(self, value: ast.expr, path: tuple[int, ...]) -> Origins:
        if isinstance(value, ast.Call) and path[:1] == (0,):
            continued = self._reading.values.carry_argument(value)
            if continued is not None:
                return self.of(continued)
        if not path or isinstance(value, ast.Name):
            return self.of(value)
        return _UNKNOWN

    def _call(self, node: ast.Call) -> Origins:
        if self._reading.values.dotted(node.func) in _CHOICES and len(node.args) == 3:
            # Both have one width, or the call fails: what is known of one is known of the other.
            both = self.of(node.args[1]), self.of(node.args[2])
            known = [one for one in both if not one.kinds or Origin.CALLER in one.kinds]
            return known[0] if known else both[0] | both[1]
        carry = shaped_carry(self._reading, node)
        if carry is not None:
            if carry.is_made_by(self._made):
                return _ITSELF
            return self._widths_of(carry.instances)
        size = self._reading.created.created_with(node)
        return _UNKNOWN if size is None else self._sized(size.node)

    def _widths_of(self, instances: frozenset[object]) -> Origins:
        found = _NOTHING
        for instance in instances:
            built = getattr(instance, "node", None)
            made = self._reading.facts.construction(built) if built is not None else None
            features = given_features(made) if made is not None else None
            found |= _UNKNOWN if features is None else self._sized(features)
        return found

    def _sized(self, size: ast.expr) -> Origins:
        if self._features is not None and ast.dump(size) == ast.dump(self._features):
            return _ITSELF
        return Origins(frozenset({Origin.OTHER}), frozenset({size}))
