"""What is put into a container, or set on a class, by the file that makes it and by others."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from rnn_codemod.reading.additions import Addition, additions
from rnn_codemod.reading.value import (
    NOTHING,
    UNKNOWN,
    CellClass,
    CellInstance,
    Dotted,
    Items,
    ModuleClass,
    ModuleInstance,
    Row,
    Value,
    items,
)

if TYPE_CHECKING:
    from rnn_codemod.reading.reading import Reading
    from rnn_codemod.reading.scopes import Scope
    from rnn_codemod.reading.values import Values


class Filled:
    """Asks the additions of one file, and of the files that may fill what it makes."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._own = additions(values.source)

    def container(self, name: str, scope: Scope, found: frozenset[Value]) -> frozenset[Value]:
        """The containers among ``found`` with the classes that are put into them later."""
        if not any(isinstance(value, Items | Row) for value in found):
            return found
        added = NOTHING
        for home, addition in self._into(name, scope):
            given = home.of(addition.value)
            added |= items(given) if addition.spread else given
        added = frozenset(value for value in added if not isinstance(value, CellInstance))
        if not any(isinstance(value, CellClass | ModuleClass) for value in added):
            return found
        added |= self._unread
        return frozenset(
            Items(items(frozenset({value})) | added) if isinstance(value, Items | Row) else value
            for value in found
        )

    def attribute(self, node: ast.ClassDef, name: str) -> frozenset[Value]:
        """What is set from outside on a class of this file, or on an instance of it."""
        found = NOTHING
        for home in (self, *self._others):
            for addition in home._own.get(name, []):
                if addition.attribute and home._is_of(addition.owner, node):
                    found |= home._values.of(addition.value)
        return found | self._unread if found else NOTHING

    def _into(self, name: str, scope: Scope) -> Iterator[tuple[Values, Addition]]:
        for addition in self._own.get(name, []):
            if isinstance(addition.owner, ast.Name) and not addition.attribute:
                owner = self._values.scopes.lookup(name, addition.owner)
                if owner is not None and owner[0] is scope:
                    yield self._values, addition
        world = self._values.world
        if world is None or scope is not self._values.scopes.module:
            return
        place = world.absolute(self._values.path), name
        for home in self._others:
            for addition in (it for known in home._own.values() for it in known):
                if not addition.attribute and home._place(addition.owner) == place:
                    yield home._values, addition

    @cached_property
    def _readings(self) -> list[Reading | None]:
        """The files that fill something of this one."""
        world = self._values.world
        if world is None:
            return []
        return [*map(world.reading, world.fillers(self._values.path))]

    @property
    def _others(self) -> list[Filled]:
        return [reading.values.filled for reading in self._readings if reading is not None]

    @property
    def _unread(self) -> frozenset[Value]:
        """What a file that cannot be read may put somewhere."""
        return UNKNOWN if None in self._readings else NOTHING

    def _is_of(self, owner: ast.expr, node: ast.ClassDef) -> bool:
        """Whether an expression of this file may be a class, or an instance of it."""
        return any(
            isinstance(value, ModuleClass | ModuleInstance) and value.node is node
            for value in self._values.of(owner)
        )

    def _place(self, owner: ast.Name | ast.Attribute) -> tuple[str, str] | None:
        """The file that makes what an expression names, and its name there."""
        world, path = self._values.world, self._values.path
        if world is None:
            return None
        if isinstance(owner, ast.Attribute):
            (module, *others) = self._values.of(owner.value) or (None,)
            if others or not isinstance(module, Dotted) or not module.home:
                return None
            return world.origin(module.home, f"{module.name}.{owner.attr}")
        found = self._values.scopes.lookup(owner.id, owner)
        if found is None:
            stars = (star.dotted(owner.id) for star in self._values.scopes.stars)
            return next((it for star in stars if (it := world.origin(path, star))), None)
        imported = {binding.imported for binding in found[1]}
        one = imported.pop() if len(imported) == 1 else None
        return None if one is None else world.origin(path, one)
