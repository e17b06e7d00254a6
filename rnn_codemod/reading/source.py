"""One parsed source text: nodes to characters, and back to their parents."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

_LINE_END = re.compile(r"\r\n|\r|\n")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")

Span = tuple[int, int]
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def quiet_tree(text: str) -> ast.Module:
    """The tree of what may be no Python at all, so that a warning about it says nothing.

    Raises SyntaxError, ValueError, RecursionError or MemoryError, as ``ast.parse`` does.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text.removeprefix("\ufeff"))


def lines(text: str) -> list[str]:
    """The lines of a program, each with its end. ``str.splitlines`` also ends one at U+2028, at a
    form feed and at others, which Python reads as part of a comment or a string.
    """
    return _LINE.findall(text)


@dataclass(frozen=True)
class Source:
    """A source text with its syntax tree; offsets count characters of ``text``."""

    text: str
    tree: ast.Module

    @staticmethod
    def parse(text: str) -> Source:
        """Read ``text``. Raises SyntaxError, ValueError (null bytes) or RecursionError."""
        return Source(text, quiet_tree(text))

    @cached_property
    def line_starts(self) -> list[int]:
        first = 1 if self.text.startswith("\ufeff") else 0
        return [first, *(match.end() for match in _LINE_END.finditer(self.text))]

    @cached_property
    def newline(self) -> str:
        match = _LINE_END.search(self.text)
        return match[0] if match else "\n"

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Every node with something to say, in the order in which ``ast.walk`` meets them."""
        return [self.tree, *self.parents]

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """What each node stands in, in the order of ``nodes``."""
        parents: dict[ast.AST, ast.AST] = {}
        level: list[ast.AST] = [self.tree]
        while level:
            below: list[ast.AST] = []
            for node in level:
                inner = children(node)
                for child in inner:
                    parents[child] = node
                below += inner
            level = below
        if "default_factory" in self.text:
            factories = [
                node
                for node in parents
                if isinstance(node, ast.keyword) and node.arg == "default_factory"
            ]
            for node in factories:
                parents[ast.copy_location(ast.Call(node.value, [], []), node.value)] = node
        return parents

    @cached_property
    def factories(self) -> dict[ast.keyword, ast.Call]:
        """For each ``default_factory=Cell`` the call ``Cell()`` that makes a default.

        It is a node like all others, with the span of ``Cell``.
        """
        return {
            keyword: call
            for call, keyword in self.parents.items()
            if isinstance(keyword, ast.keyword)
            and isinstance(call, ast.Call)
            and call is not keyword.value
        }

    def offset(self, line: int, column: int) -> int:
        """The character at a line (from 1) and a column in UTF-8 bytes, as ast counts."""
        start = self.line_starts[line - 1]
        piece = self.text[start : start + column]
        if piece.isascii():
            return start + column
        return start + len(self.text[start:].encode()[:column].decode())

    def line_end(self, at: int) -> int:
        """Where the line that holds the character ``at`` ends."""
        match = _LINE_END.search(self.text, at)
        return match.start() if match else len(self.text)

    def span(self, node: ast.AST) -> Span:
        at = _located(node)
        return (
            self.offset(at.lineno, at.col_offset),
            self.offset(at.end_lineno or at.lineno, at.end_col_offset or at.col_offset),
        )

    def segment(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    def place(self, node: ast.AST) -> tuple[int, int]:
        """Line and column of a node, both from 1, in characters."""
        at = _located(node)
        start = self.line_starts[at.lineno - 1]
        return at.lineno, self.offset(at.lineno, at.col_offset) - start + 1

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        while node in self.parents:
            node = self.parents[node]
            yield node

    def statement(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that holds ``node``."""
        if isinstance(node, ast.stmt):
            return node
        return next(up for up in self.ancestors(node) if isinstance(up, ast.stmt))

    def function(self, node: ast.AST) -> Function | None:
        """The innermost function around ``node``, or None at module or class level."""
        return next((up for up in self.ancestors(node) if isinstance(up, Function)), None)

    def method_class(self, node: ast.AST) -> ast.ClassDef | None:
        """The class whose body, or whose method (nested functions too), holds ``node``."""
        return next((up for up in self.ancestors(node) if isinstance(up, ast.ClassDef)), None)

    def indentation(self, statement: ast.stmt) -> str | None:
        """The white space before a statement; None if it does not begin its line."""
        start = self.span(statement)[0]
        before = self.text[self.line_starts[statement.lineno - 1] : start]
        return before if not before.strip(" \t\f") else None

    @cached_property
    def order(self) -> dict[ast.AST, int]:
        """Where each node with a position begins, in characters."""
        return {
            node: self.offset(node.lineno, node.col_offset)
            for node in self.nodes
            if isinstance(node, ast.expr | ast.stmt)
        }


_BARE = frozenset(
    [
        "attr",
        "conversion",
        "ctx",
        "id",
        "is_async",
        "kind",
        "level",
        "n",
        "op",
        "ops",
        "s",
        "simple",
    ]
)
"""Fields that never hold a node of which anybody asks."""


class _Fields(dict[type[ast.AST], tuple[str, ...]]):
    """By the type of a node, the fields that may hold others."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        fields = () if kind is ast.Constant else kind._fields
        self[kind] = tuple(field for field in fields if field not in _BARE)
        return self[kind]


_FIELDS = _Fields()


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right below ``node``, as ``ast.iter_child_nodes`` gives them, without operators
    and contexts. Reading a file is mostly this.
    """
    found: list[ast.AST] = []
    for field in _FIELDS[type(node)]:
        value = getattr(node, field, None)
        if type(value) is list:
            found += [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def _located(node: ast.AST) -> ast.expr | ast.stmt:
    """The node that tells where ``node`` stands: it itself, or the target that it binds."""
    if isinstance(node, ast.withitem):
        node = node.optional_vars or node.context_expr
    if isinstance(node, ast.comprehension):
        node = node.target
    assert hasattr(node, "lineno"), ast.dump(node)
    return node  # type: ignore[return-value]


def arguments(call: ast.Call) -> list[ast.expr | ast.keyword]:
    """The arguments of a call in the order of the text."""
    return sorted(
        [*call.args, *call.keywords],
        key=lambda a: (
            (a.value if isinstance(a, ast.keyword) else a).lineno,
            (a.value if isinstance(a, ast.keyword) else a).col_offset,
        ),
    )


def layer_cell(layer: ast.Call) -> ast.expr | None:
    """The cell that an ``nn.RNN`` is built with, where it is in this text."""
    named = [keyword.value for keyword in layer.keywords if keyword.arg == "cell"]
    given = [*layer.args[:1], *named]
    return given[0] if given else None
