"""Which given files import which, told from their bytes without reading Python."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from rnn_codemod.files.search import unescaped
from rnn_codemod.tree import Tree

_IMPORT = re.compile(
    rb"^[ \t\">.]*(?:from[ \t]+([.\w]+)[ \t]+import[ \t]*(?:\(([^)]*)|([^\r\n]*))"
    rb"|import[ \t]+([^\r\n]*))",
    re.MULTILINE,
)
_NAME = re.compile(rb"[A-Za-z_][.\w]*")

ROOM = 32 << 20
"""How many bytes of files are kept rather than read again."""

Graph = Mapping[str, Collection[str]]
"""By file, those that it imports."""


def imported_files(tree: Tree, path: str) -> list[str]:
    """The files of the project that ``path`` seems to import."""
    from rnn_codemod.reading.world import module_of  # most runs need no reader

    found = (module_of(tree, path, dotted) for dotted in _imported(spelled_out(tree, path)))
    return list(dict.fromkeys(module[0] for module in found if module is not None))


def spelled_out(tree: Tree, path: str) -> bytes:
    """All bytes of a file with its letters as such, none where it cannot be read."""
    try:
        data = tree.read(path)
    except OSError:
        return b""  # told of when it was looked at
    return unescaped(data) if path.endswith(".ipynb") else data


def _imported(data: bytes) -> Iterator[str]:
    """The dotted names that the imports of a file seem to speak of."""
    # In a notebook a line may begin as a part of a string, in a text behind a prompt.
    for home, inside, line, modules in _IMPORT.findall(data):
        origin = home.decode("ascii", "replace")
        dot = "" if not origin or origin.endswith(".") else "."
        if b"*" in line:
            yield origin
        for name in _NAME.findall(inside or line or modules):
            yield f"{origin}{dot}{name.decode('ascii', 'replace')}"


class Imports:
    """The imports between given files, and their bytes, as ``tree`` tells."""

    def __init__(self, files: Sequence[str], tree: Tree) -> None:
        self._tree = tree
        self._given = {self._tree.absolute(path): path for path in files}
        self._known: dict[str, tuple[str, ...]] = {}
        self._kept: dict[str, bytes] = {}
        self._room = ROOM

    def below(self, starts: Iterable[str]) -> Graph:
        """The imports of some files, and of those that they lead to."""
        graph: dict[str, tuple[str, ...]] = {}
        left = list(starts)
        while left:
            path = left.pop()
            if path not in graph:
                graph[path] = self._of(path)
                left.extend(graph[path])
        return graph

    def _of(self, path: str) -> tuple[str, ...]:
        if path not in self._known:
            found = imported_files(self._tree, path)
            self._known[path] = tuple(self._given[to] for to in found if to in self._given)
        return self._known[path]

    def naming(self, word: bytes, graph: Graph) -> list[str]:
        """The files of a graph in whose bytes a word stands."""
        return [path for path in graph if word in self.bytes(path)]

    def bytes(self, path: str) -> bytes:
        """All bytes of a file with its letters as such, none where it cannot be read."""
        if path in self._kept:
            return self._kept[path]
        data = spelled_out(self._tree, path)
        if len(data) <= self._room:
            self._room -= len(data)
            self._kept[path] = data
        return data


def imported_by(graph: Graph) -> Graph:
    """By file, those of a graph that import it."""
    importers: dict[str, list[str]] = defaultdict(list)
    for path, targets in graph.items():
        for target in targets:
            importers[target].append(path)
    return importers


def leading_to(graph: Graph, ends: Iterable[str]) -> set[str]:
    """The files of a graph that import one of ``ends``, directly or not, and those themselves."""
    return reached_from(imported_by(graph), ends)


def reached_from(graph: Graph, starts: Iterable[str]) -> set[str]:
    """The files that some files import, directly or not, and those themselves."""
    reached: set[str] = set()
    left = list(starts)
    while left:
        path = left.pop()
        if path not in reached:
            reached.add(path)
            left.extend(graph.get(path, ()))
    return reached
