"""What the classes that inherit a cell, in any file, put in place of the size that proves it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from rnn_codemod.reading.definitions import returned
from rnn_codemod.reading.facts import Construction
from rnn_codemod.reading.value import ModuleClass

if TYPE_CHECKING:
    from rnn_codemod.reading.reading import Reading

Home = tuple["Reading", ast.ClassDef]
"""A class, and the file that it stands in."""
Sized = tuple["Reading", ast.expr]
"""An expression for a size, and its file."""


def same_size(one: Sized, other: Sized) -> bool:
    """Whether two sizes are one: the same text, of which all names mean the same."""
    (here, size), (there, given) = one, other
    if ast.unparse(size) != ast.unparse(given):
        return False
    return here is there or all(
        (place := _place(here, name)) is not None and place == _place(there, other)
        for name, other in zip(_names(size), _names(given), strict=True)
    )


def _names(size: ast.expr) -> list[ast.Name]:
    return [node for node in ast.walk(size) if isinstance(node, ast.Name) and node.id != "self"]


def _place(reading: Reading, name: ast.Name) -> tuple[str, str] | None:
    """The file that binds a name, which this one may import, and the name that it has there."""
    found = reading.scopes.lookup(name.id, name)
    world = reading.values.world
    if found is None or found[0] is not reading.scopes.module or len(found[1]) != 1:
        return None
    if world is None:
        return None
    if found[1][0].imported is None:
        return world.absolute(reading.values.path), name.id
    return world.origin(reading.values.path, found[1][0].imported)


class Heirs:
    """Asks the classes that derive from one of ``reading``."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def resizing(self, made: Construction) -> str:
        """The class that inherits the cell and may give it a carry of another size, or nothing."""
        source = self._reading.source
        cls = source.method_class(made.node)
        method = source.function(made.node)
        if cls is None or not isinstance(self._reading.values.class_value(cls), ModuleClass):
            return ""
        for there, node, bases in self._classes:
            own = isinstance(method, ast.FunctionDef) and _replaced((there, node), cls, method)
            if (
                cls in bases
                and not own
                and _Heir(there, node, (self._reading, cls), made).resizes()
            ):
                return node.name
        return "a class in a file that cannot be read" if None in self._files else ""

    @cached_property
    def _files(self) -> list[Reading | None]:
        """This file, and those with classes that derive from one of its own."""
        values = self._reading.values
        if values.world is None:
            return [self._reading]
        return [self._reading, *map(values.world.reading, values.world.heirs(values.path))]

    @cached_property
    def _classes(self) -> list[tuple[Reading, ast.ClassDef, set[ast.ClassDef]]]:
        """The classes of these files, each with those that it derives from."""
        return [
            (there, node, {base for _, base in bases_of(there, node)})
            for there in self._files
            if there is not None
            for node in there.source.nodes
            if isinstance(node, ast.ClassDef)
        ]


class _Heir:
    """A class, and the base that builds the cell which it inherits."""

    def __init__(self, there: Reading, node: ast.ClassDef, base: Home, made: Construction) -> None:
        self._there = there
        self._node = node
        self._base = base
        self._made = made
        self._kinds = {kind.name for kind in made.kinds}

    def resizes(self) -> bool:
        return (
            not all(map(self._is_known, self._given()))
            or self._overrides(self._there, self._node)
            or any(self._overrides(*it) for it in _mixed_in((self._there, self._node), self._base))
            or self._stores()
        )

    def _is_known(self, size: ast.expr) -> bool:
        return any(same_size((self._there, size), one) for one in self._sizes)

    @cached_property
    def _sizes(self) -> list[Sized]:
        """All that the base creates its carries with."""
        home, base = self._base
        sizes = _written(home, base, self._kinds)
        sizes += [layer.size for layer in home.facts.layers if _within(home, layer.node, base)]
        found = [(home, size) for size in sizes]
        for there, method in self._creating.values():
            found += [(there, size) for size in _returned(there, method) or ()]
        return found

    @cached_property
    def _creating(self) -> dict[str, tuple[Reading, ast.FunctionDef]]:
        """The methods that the base has or inherits, and that may give a carry to others."""
        found: dict[str, tuple[Reading, ast.FunctionDef]] = {}
        for home, cls in [self._base, *bases_of(*self._base)]:
            for method in cls.body:
                if isinstance(method, ast.FunctionDef) and self._creates(home, method):
                    found.setdefault(method.name, (home, method))
        return found

    def _creates(self, home: Reading, method: ast.FunctionDef) -> bool:
        if _returned(home, method) is not None:
            return True
        applied = home.sites.applications(self._made)
        inside = any(home.source.function(use.node) is method for use in applied)
        return not (inside or method.name == "__call__") and bool(
            _written(home, method, self._kinds)
        )

    def _given(self) -> Iterator[ast.expr]:
        """The sizes that the class itself creates carries with which may be for the cell."""
        there, node = self._there, self._node
        others = any(
            _within(there, made.node, node) and self._kinds & {kind.name for kind in made.kinds}
            for made in there.facts.constructions
        )
        if not others:
            yield from _written(there, node, self._kinds)
        for carry in there.sites.own_carries(self._made):
            if _within(there, carry.node, node):
                yield carry.parts.get("size", carry.node)
        for layer in there.sites.layers(self._made):
            if _within(there, layer.node, node):
                yield layer.size
        for use in there.sites.applications(self._made):
            size = there.created.sizes_of(use.carry) if _within(there, use.node, node) else None
            yield from size.alternatives().values() if size is not None else ()

    def _overrides(self, home: Reading, cls: ast.ClassDef) -> bool:
        """Whether a class has another size in place of one that the base creates a carry with."""
        for method in cls.body:
            if isinstance(method, ast.FunctionDef) and method.name in self._creating:
                if _leaves_to_super(home, method):
                    continue
                sizes = _returned(home, method) or _written(home, method, self._kinds)
                if not sizes or not all(
                    any(same_size((home, size), one) for one in self._sizes) for size in sizes
                ):
                    return True
        return False

    def _stores(self) -> bool:
        """Whether the class gives another value to an attribute that a size reads."""
        read = {
            node.attr
            for _, size in self._sizes
            for node in ast.walk(size)
            if isinstance(node, ast.Attribute)
        }
        return any(self._there.values.stores(self._node, name) for name in read)


def _written(home: Reading, place: ast.AST, kinds: set[str]) -> list[ast.expr]:
    """The sizes of the carries of some kinds in a place; the call itself where it gives none."""
    return [
        carry.parts.get("size", carry.node)
        for carry in home.facts.carries
        if kinds & {kind.name for kind in carry.kinds} and _within(home, carry.node, place)
    ]


def _returned(home: Reading, method: ast.FunctionDef) -> list[ast.expr] | None:
    """The sizes of the carries that a method returns; None where they are not all known."""
    sizes = [home.created.sizes_of(it) for it in returned(method, home.source)]
    if not sizes or None in sizes:
        return None
    return [node for size in sizes if size is not None for node in size.alternatives().values()]


def _within(home: Reading, node: ast.AST, place: ast.AST) -> bool:
    if isinstance(place, ast.ClassDef):
        return home.source.method_class(node) is place
    return any(up is place for up in home.source.ancestors(node))


def _leaves_to_super(home: Reading, method: ast.FunctionDef) -> bool:
    """Whether a method returns what that of the base does, or calls it and returns nothing."""
    results = returned(method, home.source)
    called = any(_calls_super(node, method.name) for node in ast.walk(method))
    return called and all(_is_of_super(home, it, method.name) for it in results)


def _is_of_super(home: Reading, node: ast.expr, method: str) -> bool:
    """Whether it is the result of the method of the same name of the base."""
    if isinstance(node, ast.Name):
        found = home.scopes.lookup(node.id, node)
        bound = found[1] if found is not None else []
        value = bound[0].value if len(bound) == 1 and not bound[0].path else None
        return value is not None and _calls_super(value, method)
    return _calls_super(node, method)


def _calls_super(node: ast.AST, method: str) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=name)):
            return name == method
        case _:
            return False


def _replaced(heir: Home, base: ast.ClassDef, method: ast.FunctionDef) -> bool:
    """Whether a class, or one between it and ``base``, does without a method of ``base``."""
    between = [cls for home, cls in bases_of(*heir) if _derives(home, cls, base)]
    return any(
        isinstance(own, ast.FunctionDef)
        and own.name == method.name
        and not any(_calls_super(node, method.name) for node in ast.walk(own))
        for cls in [heir[1], *between]
        for own in cls.body
    )


def _mixed_in(heir: Home, base: Home) -> Iterator[Home]:
    """What a class derives from besides ``base`` and the bases of that."""
    above = {base[1], *(cls for _, cls in bases_of(*base))}
    return ((home, cls) for home, cls in bases_of(*heir) if cls not in above)


def bases_of(reading: Reading, cls: ast.ClassDef) -> list[Home]:
    """All classes of the project that one derives from, from near to far."""
    found: dict[ast.ClassDef, Reading] = {}
    pending = [(reading, cls)]
    for home, node in pending:
        for written in node.bases:
            for value in home.values.of(written):
                if isinstance(value, ModuleClass) and value.node not in found:
                    owner = home.home(value.node)
                    if owner is not None:
                        found[value.node] = owner
                        pending.append((owner, value.node))
    return [(home, node) for node, home in found.items()]


def _derives(reading: Reading, cls: ast.ClassDef, base: ast.ClassDef) -> bool:
    return cls is not base and any(node is base for _, node in bases_of(reading, cls))
