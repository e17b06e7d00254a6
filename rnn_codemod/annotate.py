"""``--annotate``: what was refused, as comments in the code."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from rnn_codemod.editing.edits import AddLines
from rnn_codemod.findings import Finding
from rnn_codemod.reading.source import Source, lines

MARK = "# rnn-codemod:"


def comments(source: Source, refused: Iterable[Finding]) -> Iterator[AddLines]:
    """A comment before each refused statement; a statement that has one gets no other."""
    for finding in refused:
        statement = _statement(source, finding)
        if statement is None:
            continue
        start = source.span(statement)[0]
        comment = (
            f"{MARK} {finding.rule}: {finding.reason}",
            *(f"{MARK}     {line}" for line in finding.recipe),
        )
        line_start = source.line_starts[statement.lineno - 1]
        above = source.text[:line_start]
        if f"{MARK} {finding.rule}: {finding.reason}" not in _comments_above(above):
            yield AddLines(start, comment)


def _statement(source: Source, finding: Finding) -> ast.stmt | None:
    """The innermost statement around a finding that begins a line."""
    at = source.line_starts[finding.line - 1] + finding.column - 1
    around = [
        node
        for node in source.nodes
        if isinstance(node, ast.stmt)
        and source.span(node)[0] <= at < source.span(node)[1]
        and source.indentation(node) is not None
    ]
    return max(around, key=lambda node: source.span(node)[0], default=None)


def _comments_above(text: str) -> str:
    """The block of comment lines that ``text`` ends with."""
    block: list[str] = []
    for line in reversed(lines(text)):
        if not line.lstrip().startswith("#"):
            break
        block.append(line.rstrip("\r\n"))
    return "\n".join(block)
