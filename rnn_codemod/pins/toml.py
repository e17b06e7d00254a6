"""The strings of a TOML document, each with its keys and its place."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class String:
    """A string value: the keys and indices that lead to it, and the span inside its quotes."""

    path: Path
    value: str
    start: int
    end: int
    plain: bool
    """Whether the value stands there as it is, without escapes."""


def strings(text: str) -> tuple[String, ...]:
    """All string values in the order of the text.

    Raises:
        ValueError: the text is no TOML, or is not understood.
    """
    document = tomllib.loads(text)
    walker = _Walker(text)
    try:
        walker.document()
    except (IndexError, RecursionError):
        raise ValueError("its TOML is not understood") from None
    found = {string.path: string.value.replace("\r\n", "\n") for string in walker.found}
    # The places are right only where the walk has seen what the parser has.
    if found != dict(_leaves(document, ())):
        raise ValueError("its TOML is not understood")
    return tuple(walker.found)


def _leaves(node: object, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _leaves(value, (*path, index))


_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")' r"|'''.*?'{3,5}(?!')" r'|"(?:[^"\\]|\\.)*"' r"|'[^']*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[\w-]+", re.ASCII)
_SCALAR = re.compile(r"[^,\]}#\r\n]+")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)*")


class _Walker:
    """Goes through a text that is known to be TOML."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: list[String] = []
        self._tables: dict[Path, int] = {}

    def document(self) -> None:
        table: Path = ()
        self._skip()
        while self.at < len(self.text):
            if self.text.startswith("[[", self.at):
                table = self._header(2)
                self._tables[table] = self._tables.get(table, -1) + 1
                table = (*table, self._tables[table])
            elif self.text[self.at] == "[":
                table = self._header(1)
            else:
                self._pair(table)
            self._skip()

    def _header(self, brackets: int) -> Path:
        self.at += brackets
        path: Path = ()
        for key in self._keys():
            if path in self._tables:
                path = (*path, self._tables[path])
            path = (*path, key)
        if brackets == 1 and path in self._tables:
            path = (*path, self._tables[path])
        self.at += brackets
        return path

    def _pair(self, table: Path) -> None:
        keys = self._keys()
        self.at += 1
        self._skip()
        self._value((*table, *keys))

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip()
            bare = _BARE_KEY.match(self.text, self.at)
            if bare is not None:
                keys.append(bare[0])
                self.at = bare.end()
            else:
                keys.append(self._string(())[1])
            self._skip()
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def _value(self, path: Path) -> None:
        first = self.text[self.at]
        if first in "\"'":
            self.found.append(self._string(path)[0])
        elif first == "[":
            self._items(path)
        elif first == "{":
            self._inline_table(path)
        else:
            self.at = _SCALAR.match(self.text, self.at).end()  # type: ignore[union-attr]

    def _items(self, path: Path) -> None:
        self._enter()
        index = 0
        while self.text[self.at] != "]":
            self._value((*path, index))
            index += 1
            self._leave()
        self.at += 1

    def _inline_table(self, path: Path) -> None:
        self._enter()
        while self.text[self.at] != "}":
            self._pair(path)
            self._leave()
        self.at += 1

    def _enter(self) -> None:
        self.at += 1
        self._skip()

    def _leave(self) -> None:
        self._skip()
        if self.text[self.at] == ",":
            self._enter()

    def _string(self, path: Path) -> tuple[String, str]:
        found = _STRING.match(self.text, self.at)
        if found is None:
            raise IndexError
        raw = found[0]
        quotes = 3 if raw.startswith(('"""', "'''")) and len(raw) >= 6 else 1
        value = tomllib.loads(f"x = {raw}")["x"]
        start, end = found.start() + quotes, found.end() - quotes
        self.at = found.end()
        return String(path, value, start, end, self.text[start:end] == value), value

    def _skip(self) -> None:
        blank = _BLANK.match(self.text, self.at)
        self.at = blank.end() if blank is not None else self.at
