"""The other files of a project, read when a name leads there."""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from rnn_codemod.reading.star_names import StarNames
from rnn_codemod.tree import Disk, Tree

if TYPE_CHECKING:
    from rnn_codemod.reading.reading import Reading
    from rnn_codemod.reading.scopes import Binding, Star
    from rnn_codemod.reading.value import Value

_LIBRARIES = (
    "flax jax jaxlib numpy scipy optax chex torch tensorflow keras haiku equinox pandas sklearn "
    "matplotlib"
)
_OTHERS = {*_LIBRARIES.split(), *sys.stdlib_module_names}
"""Packages without a subclass of a cell of flax.linen, which need not be looked into."""
_LARGE = 100_000


class World:
    """Finds what an imported name means in the file that binds it.

    ``load`` gives the text of a path. It raises OSError or ValueError where that cannot be read:
    such a file, and one that does not parse, is as unknown as an installed package.
    ``wide_floats`` says that one of the files turns on 64-bit floats. ``heirs`` are, by file, the
    others that may hold a class which derives from one of it, and ``fillers`` those that may put
    something into what it makes. ``classes`` are the fields and
    parameters, by file, line and name, that other files give cell classes.
    """

    def __init__(
        self,
        load: Callable[[str], str],
        tree: Tree | None = None,
        *,
        wide_floats: bool = False,
        classes: frozenset[tuple[str, int, str]] = frozenset(),
        packages: tuple[str, ...] = (),
        heirs: Mapping[str, tuple[str, ...]] | None = None,
        fillers: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self._load = load
        self._packages = packages
        self.wide_floats = wide_floats
        self._classes = classes
        self._tree = tree or Disk()
        self._fillers = {self.absolute(path): paths for path, paths in (fillers or {}).items()}
        self._heirs = {self.absolute(path): paths for path, paths in (heirs or {}).items()}
        self._readings: dict[str, Reading | None] = {}
        self._active: set[tuple[str, str]] = set()
        self._stars = StarNames(self._tree, partial(module_of, self._tree))

    def add(self, path: str, reading: Reading) -> None:
        """Make a file known that was read already."""
        self._readings[self._tree.absolute(path)] = reading

    def absolute(self, path: str) -> str:
        """``path`` from the root of the file system."""
        return self._tree.absolute(path)

    def heirs(self, path: str) -> tuple[str, ...]:
        """The files that may hold a class which derives from one of the file ``path``."""
        return self._heirs.get(self.absolute(path), ())

    def fillers(self, path: str) -> tuple[str, ...]:
        """The files that may put something into what the file ``path`` makes."""
        return self._fillers.get(self.absolute(path), ())

    def origin(self, importer: str, dotted: str) -> tuple[str, str] | None:
        """The file that binds ``dotted``, imported in ``importer``, and the name that it has there.

        None where that is not one name of one file.
        """
        seen: set[tuple[str, str]] = set()
        while (importer, dotted) not in seen:
            seen.add((importer, dotted))
            found = module_of(self._tree, importer, dotted)
            reading = self.reading(found[0]) if found is not None and len(found[1]) == 1 else None
            if found is None or reading is None:
                return None
            path, (name,) = found
            bound = reading.scopes.module.bindings.get(name, [])
            if len(bound) != 1 or bound[0].imported is None:
                return (path, name) if bound else None
            importer, dotted = path, bound[0].imported
        return None

    def bound_once(self, importer: str, dotted: str) -> Binding | None:
        """The one binding of ``dotted``, imported in ``importer``, in the file that makes it."""
        place = self.origin(importer, dotted)
        reading = self.reading(place[0]) if place is not None else None
        if place is None or reading is None:
            return None
        bound = reading.scopes.module.bindings[place[1]]
        return bound[0] if len(bound) == 1 else None

    def takes_class(self, path: str, line: int, name: str) -> bool:
        """Whether all files give a field or parameter, of what stands in ``line``, a cell class."""
        return bool(self._classes) and (self.absolute(path), line, name) in self._classes

    def owner(self, node: ast.AST) -> Reading | None:
        """The reading of the file that ``node`` stands in."""
        for reading in self._readings.values():
            if reading is not None and node in reading.scopes:
                return reading
        return None

    def named(self, importer: str, dotted: str) -> frozenset[Value] | None:
        """What ``dotted``, imported in ``importer``, may be; None if it is not the project's."""
        found = module_of(self._tree, importer, dotted)
        if found is None:
            return None
        path, attributes = found
        if not attributes or (path, dotted) in self._active or self._crosses(importer, path):
            return None
        reading = self.reading(path)
        if reading is None:
            return None
        self._active.add((path, dotted))
        try:
            return reading.values.names.exported(attributes)
        finally:
            self._active.discard((path, dotted))

    def installed(self, dotted: str) -> frozenset[Value] | None:
        """The cell of flax that ``dotted`` of an installed package derives from, as its subclass.

        None for all else: what has a carry of its own is the package's affair.
        """
        parts = tuple(dotted.split("."))
        if parts[0] in _OTHERS or len(parts) < 2 or not parts[-1][:1].isupper():
            return None
        for folder in self._packages:
            found = _descend(self._tree, folder, parts, None)
            if found is not None and len(found[1]) == 1 and self._speaks_of(found[0], parts[-1]):
                reading = self.reading(found[0])
                values = reading.values.names.exported(found[1]) if reading is not None else None
                return values if values and all(map(is_flax_cell, values)) else None
        return None

    def _speaks_of(self, path: str, name: str) -> bool:
        """Whether a file of a package names flax, or hands on what may."""
        with suppress(OSError):
            data = self._tree.read(path)
            return b"flax" in data or (
                name.encode() in data and len(data) < _LARGE and path.endswith("__init__.py")
            )
        return False

    def _crosses(self, importer: str, path: str) -> bool:
        """Whether one installed package is to be left for another."""
        importer = self._tree.absolute(importer)
        for folder in self._packages:
            base = os.path.join(folder, "")
            if importer.startswith(base):
                own = os.path.join(base, importer.removeprefix(base).partition(os.sep)[0])
                return not (path == own or path.startswith(os.path.join(own, "")))
        return False

    def starred(self, importer: str, star: Star, name: str) -> frozenset[Value] | None:
        """What a star import gives for ``name``: nothing where its module has no such name.

        None where the module is not the project's, or cannot be read.
        """
        found = module_of(self._tree, importer, star.dotted(name))
        if found is None or len(found[1]) > 1:
            return None
        path, attributes = found
        if not self._stars.may_give(path, name):
            return frozenset()
        reading = None if self._crosses(importer, path) else self.reading(path)
        if reading is None:
            return None
        if not attributes or (path, star.dotted(name)) in self._active:
            return frozenset()
        self._active.add((path, star.dotted(name)))
        try:
            return reading.values.names.public(name)
        finally:
            self._active.discard((path, star.dotted(name)))

    def is_module(self, importer: str, dotted: str) -> bool:
        """Whether ``dotted`` is a module of the project, or a package with a file of its own."""
        found = module_of(self._tree, importer, dotted)
        return found is not None and not found[1]

    def module(self, importer: str, dotted: str) -> Reading | None:
        """The reading of the module ``dotted`` of the project."""
        found = module_of(self._tree, importer, dotted)
        return None if found is None or found[1] else self.reading(found[0])

    def reading(self, path: str) -> Reading | None:
        """The reading of a file, or None where it cannot be read."""
        from rnn_codemod.reading.reading import Reading

        path = self._tree.absolute(path)
        if path not in self._readings:
            self._readings[path] = None
            with suppress(OSError, ValueError, SyntaxError, RecursionError):
                self._readings[path] = Reading.of_another(self._load(path), path, self)
        return self._readings[path]


def is_flax_cell(value: Value) -> bool:
    """Whether it is a class that gets its carry from a cell of flax."""
    from rnn_codemod.reading.kinds import CarryForm
    from rnn_codemod.reading.value import CellClass

    return (
        isinstance(value, CellClass)
        and not value.kind.own_carry
        and value.kind.carry is not CarryForm.ANY
    )


def module_of(tree: Tree, importer: str, dotted: str) -> tuple[str, tuple[str, ...]] | None:
    """The file of a dotted name as ``importer`` sees it, and the attributes behind it."""
    folder = os.path.dirname(tree.absolute(importer))
    level = len(dotted) - len(dotted.lstrip("."))
    parts = tuple(dotted[level:].split("."))
    if level:
        for _ in range(level - 1):
            folder = os.path.dirname(folder)
        return _descend(tree, folder, parts, os.path.join(folder, "__init__.py"))
    for root in dict.fromkeys((_root(tree, folder), folder)):
        if _is_module(tree, os.path.join(root, parts[0])):
            return _descend(tree, root, parts, None)
    return None


def _descend(
    tree: Tree, folder: str, parts: tuple[str, ...], file: str | None
) -> tuple[str, tuple[str, ...]] | None:
    """Walks from folder to folder as long as the parts name modules."""
    for index, part in enumerate(parts):
        below = os.path.join(folder, part)
        if tree.is_file(f"{below}.py") and not tree.is_file(os.path.join(below, "__init__.py")):
            return f"{below}.py", parts[index + 1 :]
        if not tree.is_folder(below):
            break
        folder, file = below, os.path.join(below, "__init__.py")
    else:
        index = len(parts)
    return (file, parts[index:]) if file is not None and tree.is_file(file) else None


def _root(tree: Tree, folder: str) -> str:
    """The folder from which the package around ``folder`` is imported."""
    while tree.is_file(os.path.join(folder, "__init__.py")):
        folder = os.path.dirname(folder)
    return folder


def _is_module(tree: Tree, base: str) -> bool:
    return tree.is_file(f"{base}.py") or tree.is_folder(base)
