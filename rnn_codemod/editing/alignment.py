"""Arguments that stood under one another, where an edit has moved the bracket they hang on."""

from __future__ import annotations

import io
import itertools
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

from rnn_codemod.editing.long_lines import CLOSE, LIMIT, OPEN, means_the_same


def aligned(before: str, after: str, newline: str) -> str:
    """``after`` with such arguments under one another again, or where there is no room, in a block.

    The result means the same; where that cannot be shown, ``after`` comes back as it is.
    """
    old = before.splitlines()
    known, limit = set(old), max([LIMIT, *map(len, old)])
    hung = {_indent(line) for above, line in itertools.pairwise(old) if _hangs(above, line)}
    if not hung or all(line in known for line in after.splitlines()):
        return after
    try:
        lines = io.StringIO(after, newline="").readlines()
        end = len(lines)
        for block in _blocks(after):
            head, *rest = lines[block.first : block.last + 1]
            at = _indent(rest[0])
            hangs = block.last < end and bool(head[block.column + 1 :].strip())
            moved = head.rstrip("\r\n") not in known and at in hung and at != block.column + 1
            if not hangs or not moved or any(_indent(line) < at for line in rest):
                continue
            new = _under(head, rest, block.column)
            if any(len(line.rstrip("\r\n")) > limit for line in new):
                new = _below(head, rest, block.column, limit, newline)
            lines[block.first : block.last + 1] = new
            end = block.first
        moved_along = "".join(lines)
        return moved_along if means_the_same(moved_along, after) else after
    except (SyntaxError, tokenize.TokenError, ValueError, RecursionError):
        return after


@dataclass(frozen=True)
class _Block:
    """The lines from the last bracket that a line leaves open to where it is closed."""

    first: int
    last: int
    column: int


def _blocks(text: str) -> Iterator[_Block]:
    """Those without comments, strings over lines and tabs; the last one first."""
    open_: list[tuple[int, int]] = []
    found: dict[int, _Block] = {}
    fixed = {row for row, line in enumerate(text.splitlines()) if "\t" in line}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        row, column = token.start[0] - 1, token.start[1]
        over_lines = token.start[0] != token.end[0]
        if token.type == tokenize.COMMENT:
            fixed.add(row)
        elif over_lines and token.type not in (tokenize.NEWLINE, tokenize.NL):
            fixed.update(range(row, token.end[0]))
        elif token.type == tokenize.OP and token.string in OPEN:
            open_.append((row, column))
        elif token.type == tokenize.OP and token.string in CLOSE:
            first, start = open_.pop()
            if first != row and (first not in found or found[first].column < start):
                found[first] = _Block(first, row, start)
    for block in sorted(found.values(), key=lambda block: block.first, reverse=True):
        if fixed.isdisjoint(range(block.first, block.last + 1)):
            yield block


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _hangs(above: str, line: str) -> bool:
    """Whether ``line`` begins under what follows a bracket in ``above``."""
    at = _indent(line)
    return 0 < at < len(above) and above[at - 1] in OPEN and bool(line.strip())


def _under(head: str, rest: list[str], column: int) -> list[str]:
    by = column + 1 - _indent(rest[0])
    return [head, *(" " * (_indent(line) + by) + line.lstrip(" ") for line in rest)]


def _below(head: str, rest: list[str], column: int, limit: int, newline: str) -> list[str]:
    margin = " " * (_indent(head) + 4)
    body = [head[column + 1 :], *rest]
    joined = margin + " ".join(line.strip() for line in body)
    if len(joined) <= limit:
        body = [joined + rest[-1][len(rest[-1].rstrip("\r\n")) :]]
    else:
        at = _indent(rest[0])
        deeper = [0, *(_indent(line) - at for line in rest)]
        body = [margin + " " * by + line.lstrip(" ") for by, line in zip(deeper, body, strict=True)]
    return [head[: column + 1].rstrip() + newline, *body]
