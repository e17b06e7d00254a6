"""Blocks of code made of lines of a text, each behind a prefix that is none of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rnn_codemod.files.blocks import Block

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_ESCAPE = re.compile(
    r"\\(?:[\\'\"abfnrtv]|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]+\})"
)


@dataclass(frozen=True, slots=True)
class Line:
    """``text[start:end]``, newline included; its content begins at ``content``."""

    start: int
    content: int
    end: int


def lines_of(text: str, start: int, end: int) -> list[Line]:
    """The lines of a stretch of ``text``."""
    return [
        Line(found.start(), found.start(), found.end())
        for found in _LINE.finditer(text, start, end)
    ]


def indentation(text: str, line: Line) -> int:
    """The width of the white space that a line's content begins with; -1 for a blank line."""
    body = text[line.content : line.end]
    return len(body) - len(body.lstrip(" \t")) if body.strip() else -1


def cut(text: str, line: Line, width: int) -> Line:
    """The line with up to ``width`` characters of white space taken for prefix."""
    content = line.content
    while content < line.content + width and content < line.end and text[content] in " \t":
        content += 1
    return Line(line.start, content, line.end)


def dedented(text: str, lines: Sequence[Line]) -> list[Line]:
    """The lines without the indentation that they share."""
    widths = [width for line in lines if (width := indentation(text, line)) >= 0]
    return [cut(text, line, min(widths, default=0)) for line in lines]


def block(
    text: str,
    lines: Sequence[Line],
    *,
    label: str = "",
    declared: bool = True,
    escapes: bool = False,
    prefix: Callable[[str, int], str] | None = None,
) -> Block:
    """The block that the contents of ``lines`` make.

    ``escapes`` says that they stand in a string literal in which a backslash means something.
    ``prefix`` gives what stands before a new line; else it is what stands before the first.
    """
    code: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for line in lines:
        position = line.content
        while position < line.end:
            found = _ESCAPE.match(text, position, line.end) if escapes else None
            until = found.end() if found is not None else position + 1
            code.append(ast.literal_eval(f'"{found[0]}"') if found is not None else text[position])
            starts.append(position)
            ends.append(until)
            position = until
    lead = _lead(text, lines)
    return Block(
        "".join(code),
        starts,
        ends,
        (lambda new: new.replace("\\", "\\\\")) if escapes else str,
        lambda after, number: "\n" + (prefix(after, number) if prefix is not None else lead),
        label,
        declared,
    )


def _lead(text: str, lines: Sequence[Line]) -> str:
    """What stands before the first line that is not blank."""
    for line in lines:
        if text[line.content : line.end].strip():
            return text[line.start : line.content]
    return ""
