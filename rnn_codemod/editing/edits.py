"""Edits as data. Places are spans of characters in the source text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rnn_codemod.findings import Finding

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class AddArgument:
    """Give a call another keyword argument, as its first or its last."""

    call: Span
    keyword: str
    value: str
    first: bool = False


@dataclass(frozen=True, slots=True)
class DropArgument:
    """Take the argument at ``index`` (in the order of the text) out of a call."""

    call: Span
    index: int


@dataclass(frozen=True, slots=True)
class NameArgument:
    """Give the argument at ``index`` the name ``keyword``."""

    call: Span
    index: int
    keyword: str


@dataclass(frozen=True, slots=True)
class Replace:
    """Put ``text`` where a span is; an empty span inserts."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class MoveOut:
    """Bind the expression at ``span`` to ``name`` in a new line before ``before``."""

    span: Span
    name: str
    before: int


@dataclass(frozen=True, slots=True)
class MoveLines:
    """Put the statement at ``span``, alone on its lines, before the line that holds ``before``."""

    span: Span
    before: int


@dataclass(frozen=True, slots=True)
class AddLines:
    """Insert whole lines before the line of a statement that begins at ``before``."""

    before: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DropNames:
    """Take names out of a ``from ... import`` statement; at least one must stay."""

    statement: Span
    names: tuple[str, ...]


ArgumentEdit = AddArgument | DropArgument | NameArgument
Edit = ArgumentEdit | Replace | MoveOut | MoveLines | AddLines | DropNames


@dataclass(frozen=True, slots=True)
class Decision:
    """A finding and the edits that carry it out; a refusal has none."""

    finding: Finding
    edits: tuple[Edit, ...] = field(default=())


def spans(edits: Iterable[Edit]) -> Iterator[Span]:
    """The spans of existing text that edits change."""
    for edit in edits:
        if isinstance(edit, MoveOut | MoveLines | Replace):
            yield edit.span
        elif isinstance(edit, ArgumentEdit):
            yield edit.call
