"""Everything that the rules may ask about one file, worked out when it is asked for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from rnn_codemod.reading.carry_width import CarryWidth
from rnn_codemod.reading.created import Created
from rnn_codemod.reading.facts import Facts, gather
from rnn_codemod.reading.guards import Guards
from rnn_codemod.reading.heirs import Heirs
from rnn_codemod.reading.kept import Kept
from rnn_codemod.reading.pairs import Pairs
from rnn_codemod.reading.parsed import parsed
from rnn_codemod.reading.purity import Purity
from rnn_codemod.reading.samples import Samples
from rnn_codemod.reading.scopes import Scope, Scopes
from rnn_codemod.reading.shapes import Shapes
from rnn_codemod.reading.sites import Sites
from rnn_codemod.reading.sizes import Sizes
from rnn_codemod.reading.source import Source
from rnn_codemod.reading.takers import Taker, giving, takers
from rnn_codemod.reading.values import Values
from rnn_codemod.reading.world import World


@dataclass(frozen=True, eq=False)
class Reading:
    source: Source
    scopes: Scopes
    values: Values

    @staticmethod
    def of(text: str, path: str = "", world: World | None = None) -> Reading:
        """Read ``text``, the file ``path`` of a ``world`` whose other files its imports may name.

        Raises SyntaxError, ValueError or RecursionError.
        """
        source = Source.parse(text)
        return Reading._of(source, Scopes(source), path, world)

    @staticmethod
    def of_another(text: str, path: str, world: World) -> Reading:
        """Read ``text`` as ``of`` does; what does not depend on the world is kept for the next."""
        return Reading._of(*parsed(text, path), path, world)

    @staticmethod
    def _of(source: Source, scopes: Scopes, path: str, world: World | None) -> Reading:
        return Reading(source, scopes, Values(source, scopes, path, world))

    @cached_property
    def guards(self) -> Guards:
        return Guards(self.source, self.values, gather(self.source, self.values))

    @cached_property
    def facts(self) -> Facts:
        return self.guards.uncovered()

    @cached_property
    def purity(self) -> Purity:
        return Purity(self.values)

    @cached_property
    def sites(self) -> Sites:
        return Sites(self.values, self.facts)

    @cached_property
    def created(self) -> Created:
        return Created(self.values, self.facts)

    @cached_property
    def kept(self) -> Kept:
        return Kept(self.values)

    @cached_property
    def carry_width(self) -> CarryWidth:
        return CarryWidth(self.values, self.purity, self.sites, self.created)

    @cached_property
    def sizes(self) -> Sizes:
        parts = self.sites, self.created, self.carry_width, self.kept, Heirs(self)
        return Sizes(self.values, self.purity, self.facts, *parts)

    @cached_property
    def takers(self) -> tuple[Taker, ...]:
        return tuple(takers(self))

    @cached_property
    def giving(self) -> dict[ast.ClassDef | ast.FunctionDef, list[ast.Call]]:
        return giving(self.values)

    def home(self, node: ast.AST) -> Reading | None:
        """The reading of the file that ``node`` stands in."""
        if node in self.scopes:
            return self
        return self.values.world.owner(node) if self.values.world is not None else None

    def takers_of(self, definition: ast.ClassDef | ast.FunctionDef) -> Iterator[Taker]:
        """What a class, or a function, of this file takes."""
        return (taker for taker in self.takers if taker.definition is definition)

    @cached_property
    def pairs(self) -> Pairs:
        parts = self.sites, self.created, self.kept
        return Pairs(self.values, self.facts, self.purity, *parts)

    @cached_property
    def samples(self) -> Samples:
        return Samples(self.values, self.facts, self.purity, Shapes(self.values, self.purity))

    def fresh_name(self, wanted: str, at: ast.AST) -> str:
        """``wanted``, or ``wanted_1`` and so on where the scope or its users know the name.

        The same place gets the same name again, and no other place of its function does.
        """
        if at in self._names:
            return self._names[at]
        function = self.source.function(at) or self.source.tree
        taken = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
        taken |= {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
        scope: Scope | None = self.scopes.home(at)
        while scope is not None:
            taken |= scope.bindings.keys()
            scope = scope.parent
        taken |= {
            name
            for place, name in self._names.items()
            if (self.source.function(place) or self.source.tree) is function
        }
        name, count = wanted, 0
        while name in taken:
            count += 1
            name = f"{wanted}_{count}"
        self._names[at] = name
        return name

    @cached_property
    def _names(self) -> dict[ast.AST, str]:
        return {}

    @cached_property
    def wide_floats(self) -> bool:
        """Whether the project turns on 64-bit floats, in which legacy carries are float64."""
        world = self.values.world
        if world is not None and world.wide_floats:
            return True
        return "enable_x64" in self.source.text.lower()
