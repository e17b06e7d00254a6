"""What a name may be: by its bindings, the star imports, and what its module gives others."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from rnn_codemod.reading.kinds import ANY_CELL, KINDS, linen_name, transform_name
from rnn_codemod.reading.scopes import ITEM, Binding, Scope, Star
from rnn_codemod.reading.stars import hides, public_names
from rnn_codemod.reading.value import (
    NOTHING,
    UNKNOWN,
    CellClass,
    Dotted,
    FunctionValue,
    RnnClass,
    Unknown,
    Value,
    along,
    union,
)

if TYPE_CHECKING:
    from rnn_codemod.reading.values import Values


class Names:
    """Reads the names of one file for its ``values``."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._source = values.source
        self._scopes = values.scopes

    def of(self, node: ast.Name) -> frozenset[Value]:
        """Every value of a name where it is read."""
        found = self._scopes.lookup(node.id, node)
        if found is None:
            return self._star(node.id) or UNKNOWN
        scope = found[0]
        bindings = self._values.flow.in_force(node, scope, self._imports_last(node, *found))
        # One question for all uses of a name, so that a name bound often is not a deep one.
        return self._values.fixpoint.settled(
            (scope, node.id, *bindings),
            lambda: self._bound(node.id, scope, bindings),
        )

    def exported(self, names: tuple[str, ...]) -> frozenset[Value] | None:
        """What the attributes ``names`` of this module may be; None where nothing binds them."""
        scope = self._scopes.module
        bindings = scope.bindings.get(names[0], [])
        found = self._bound(names[0], scope, bindings) if bindings else self._star(names[0])
        if not bindings and not found:
            found = self._lazy(names[0])
        if not bindings and not found:
            return None
        for name in names[1:]:
            found = union(self._values.attribute(value, name) for value in found)
        return found

    def public(self, name: str) -> frozenset[Value]:
        """What ``from this_module import *`` gives for a name."""
        if "__all__" not in self._scopes.module.bindings:
            return NOTHING if name.startswith("_") else self.exported((name,)) or NOTHING
        names = public_names(self._scopes.module)
        if names is not None and name not in names:
            return NOTHING
        found = self.exported((name,))
        if names is None:
            return NOTHING if found is None else found | UNKNOWN
        return UNKNOWN if found is None else found

    def _lazy(self, name: str) -> frozenset[Value]:
        """What ``__getattr__`` of this module gives for a name that nothing binds.

        That is what it imports under this name, or what the modules that are named in the text of
        this one have under it; then it may be something else too.
        """
        world, path = self._values.world, self._values.path
        bound = self._scopes.module.bindings.get("__getattr__", [])
        if world is None or len(bound) != 1 or not isinstance(bound[0].node, ast.FunctionDef):
            return NOTHING
        scope = self._scopes.of(bound[0].node)
        inside = [b for b in scope.bindings.get(name, []) if b.imported is not None]
        if inside:
            return union(self.binding(binding, scope) for binding in inside)
        found = UNKNOWN
        for node in self._source.nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                module = node.value.lstrip(".")
                if all(part.isidentifier() for part in module.split(".")):
                    found |= world.named(path, f".{module}.{name}") or NOTHING
        return found

    def _imports_last(self, node: ast.Name, scope: Scope, bindings: list[Binding]) -> list[Binding]:
        """The bindings without the imports that a later statement of the module replaces."""
        last = bindings[-1].node
        if self._source.function(node) is None or scope is not self._scopes.module:
            return bindings
        if self._source.parents.get(last) is not self._source.tree:
            return bindings
        return [b for b in bindings if b.imported is None or b is bindings[-1]]

    def _star(self, name: str) -> frozenset[Value]:
        """What the star imports give for a name: the last one counts. Nothing where none does."""
        found = NOTHING
        for star in reversed(self._scopes.stars):
            here = self._given_by(star, name)
            found |= here
            # Only of its recurrent names is it known that flax.linen has them.
            if here and here != frozenset({Dotted(f"flax.linen.{name}")}):
                break
        return found

    def _given_by(self, star: Star, name: str) -> frozenset[Value]:
        """What one star import gives; nothing where it has no such name."""
        known = of_flax(star.dotted(name))
        if known is not None:
            return known
        if star.origin == "flax.linen":
            return frozenset({Dotted(star.dotted(name))})
        world = self._values.world
        found = world.starred(self._values.path, star, name) if world is not None else None
        if found is not None:
            return found
        return UNKNOWN if hides(star, name) else NOTHING

    def _bound(self, name: str, scope: Scope, bindings: list[Binding]) -> frozenset[Value]:
        """What its bindings, and later star imports of the project, give a name."""
        found = union(self.binding(binding, scope) for binding in bindings)
        if scope is self._scopes.module and self._values.world is not None:
            last = max(getattr(binding.node, "lineno", 0) for binding in bindings)
            for star in self._scopes.stars:
                if star.line > last:
                    found |= self._values.world.starred(self._values.path, star, name) or NOTHING
        found = self._values.filled.container(name, scope, found)
        parameter = any(isinstance(binding.node, ast.arg) for binding in bindings)
        return given_or_default(found) if parameter else found

    def binding(self, binding: Binding, scope: Scope) -> frozenset[Value]:
        """Every value that one binding gives its name."""
        match binding.node:
            case ast.Import() | ast.ImportFrom():
                assert binding.imported is not None
                return self._values.imported(binding.imported)
            case ast.ClassDef():
                return frozenset({self._values.class_value(binding.node)})
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return frozenset({FunctionValue(binding.node)})
            case ast.arg():
                return self._values.parameters.of(binding, scope)
            case ast.AnnAssign() if isinstance(scope.node, ast.ClassDef):
                return self._values.parameters.field(binding.node)
            case ast.AugAssign(op=ast.Add() | ast.BitOr(), value=ast.Dict() | ast.List() as added):
                return self._values.of(added)
        if binding.value is None:
            return UNKNOWN
        if binding.path[:1] == (0,) and isinstance(binding.value, ast.Call):
            carry = self._values.carry_argument(binding.value)
            if carry is not None:
                return self._values.of(carry)
        found, path = self._values.of(binding.value), binding.path
        if path[:1] == (ITEM,):
            found, path = union(map(self._values.item, found)), path[1:]
        return along(found, path)


def of_flax(name: str) -> frozenset[Value] | None:
    """What a name of flax.linen is, also where flax itself is among the given files."""
    short = linen_name(name)
    if short in KINDS:
        return frozenset({CellClass(KINDS[short])})
    if short in ("RNN", "Bidirectional"):
        return frozenset({RnnClass(short)})
    return frozenset({Dotted(name)}) if transform_name(name) else None


def given_or_default(found: frozenset[Value]) -> frozenset[Value]:
    """What ``given or nn.GRUCell`` may be: who gives something else gives a cell class."""
    if Unknown() in found and any(isinstance(value, CellClass) for value in found):
        return found - UNKNOWN | {CellClass(ANY_CELL)}
    return found
