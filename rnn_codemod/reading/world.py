"""The other files of a project, read when a name leads there."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from rnn_codemod.tree import Disk, Tree

if TYPE_CHECKING:
    from rnn_codemod.reading.reading import Reading
    from rnn_codemod.reading.scopes import Star
    from rnn_codemod.reading.value import Value


class World:
    """Finds what an imported name means in the file that binds it.

    ``load`` gives the text of a path. It raises OSError or ValueError where that cannot be read:
    such a file, and one that does not parse, is as unknown as an installed package.
    ``wide_floats`` says that one of the files turns on 64-bit floats.
    """

    def __init__(
        self, load: Callable[[str], str], tree: Tree | None = None, *, wide_floats: bool = False
    ) -> None:
        self._load = load
        self.wide_floats = wide_floats
        self._tree = tree or Disk()
        self._readings: dict[str, Reading | None] = {}
        self._active: set[tuple[str, str]] = set()

    def add(self, path: str, reading: Reading) -> None:
        """Make a file known that was read already."""
        self._readings[self._tree.absolute(path)] = reading

    def absolute(self, path: str) -> str:
        """``path`` from the root of the file system."""
        return self._tree.absolute(path)

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
        if not attributes or (path, dotted) in self._active:
            return None
        reading = self.reading(path)
        if reading is None:
            return None
        self._active.add((path, dotted))
        try:
            return reading.values.exported(attributes)
        finally:
            self._active.discard((path, dotted))

    def starred(self, importer: str, star: Star, name: str) -> frozenset[Value] | None:
        """What a star import gives for ``name``: nothing where its module has no such name.

        None where the module is not the project's, or cannot be read.
        """
        found = module_of(self._tree, importer, star.dotted(name))
        if found is None or len(found[1]) > 1:
            return None
        path, attributes = found
        reading = self.reading(path)
        if reading is None:
            return None
        if not attributes or (path, star.dotted(name)) in self._active:
            return frozenset()
        self._active.add((path, star.dotted(name)))
        try:
            return reading.values.public(name)
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
                self._readings[path] = Reading.of(self._load(path), path, self)
        return self._readings[path]


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
