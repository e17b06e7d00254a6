"""Which names a star import may give: told from the bytes of its module, before that is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from unicodedata import normalize

from rnn_codemod.tree import Tree

_STAR = re.compile(rb"\bfrom[\s\\]+([.\w \t]+?)[\s\\]+import[\s\\]*\*")

Locate = Callable[[str, str], tuple[str, tuple[str, ...]] | None]
"""The file of a dotted name as another file sees it, and the attributes behind it."""


class StarNames:
    """Without it all modules of a package would be read for each name in one of them."""

    def __init__(self, tree: Tree, locate: Locate) -> None:
        self._tree = tree
        self._locate = locate
        self._texts: dict[str, bytes | None] = {}
        self._behind: dict[str, tuple[str, ...] | None] = {}

    def may_give(self, path: str, name: str) -> bool:
        """Whether the module at ``path``, or one that it star-imports, may have the name."""
        word = name.encode()
        seen, left = {path}, [path]
        while left:
            path = left.pop()
            text, behind = self._text(path), self._star_imports(path)
            if text is None or behind is None or word in text:
                return True
            left.extend(it for it in behind if it not in seen)
            seen.update(behind)
        return False

    def _text(self, path: str) -> bytes | None:
        """The bytes of a module; None where a name in it need not stand there as it is."""
        if path not in self._texts:
            try:
                data = self._tree.read(path)
                # Python takes letters of other shapes, such as those of full width, for these here.
                plain = data if data.isascii() else normalize("NFKC", data.decode()).encode()
            except (OSError, UnicodeDecodeError):
                return None
            self._texts[path] = None if b"__getattr__" in data else plain
        return self._texts[path]

    def _star_imports(self, path: str) -> tuple[str, ...] | None:
        """The modules that one star-imports; None where one of them is not the project's."""
        if path not in self._behind:
            found = tuple(self._targets(path))
            known = tuple(it for it in found if it is not None)
            self._behind[path] = known if len(known) == len(found) else None
        return self._behind[path]

    def _targets(self, path: str) -> Iterator[str | None]:
        for origin in _STAR.findall(self._text(path) or b""):
            found = self._locate(path, b"".join(origin.split()).decode())
            yield found[0] if found is not None and not found[1] else None
