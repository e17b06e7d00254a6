"""The lines that edits would write, for whoever has to write them by hand."""

from __future__ import annotations

import ast
import textwrap
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from rnn_codemod.editing.apply import apply_edits
from rnn_codemod.editing.edits import Edit
from rnn_codemod.reading.source import Source, lines, quiet_tree


def lines_by_hand(source: Source, edits: Sequence[Edit]) -> tuple[str, ...]:
    """The statements that the edits write, without comments where those are in the way."""
    for text in (source.text, _without_comments(source.text)):
        try:
            after = apply_edits(text, edits, source.newline)
            tree = quiet_tree(after)
        except (ValueError, SyntaxError):
            continue
        written = lines(after.removeprefix("\ufeff"))
        rows = sorted({*_with_statements(tree, _new(lines(text.removeprefix("\ufeff")), written))})
        shown = "\n".join(written[row].rstrip() for row in rows)
        return tuple(textwrap.dedent(shown).splitlines())
    return ()


def _new(before: list[str], after: list[str]) -> Iterator[int]:
    """The rows of ``after`` that are not in ``before``."""
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    for kind, _, _, first, last in steps:
        if kind in ("insert", "replace"):
            yield from range(first, last)


def _with_statements(tree: ast.Module, rows: Iterable[int]) -> Iterator[int]:
    """The rows, and the others of the statements that they are a part of."""
    simple: dict[int, range] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            of_node = range(node.lineno - 1, node.end_lineno or node.lineno)
            simple.update(dict.fromkeys(of_node, of_node))
    for row in rows:
        yield from simple.get(row, (row,))


def _without_comments(text: str) -> str:
    """The text with blanks for its comments, so that every place stays where it is."""
    program = text.removeprefix("\ufeff")
    blank = lines(program)
    for token in tokenize.generate_tokens(iter(lines(program)).__next__):
        if token.type == tokenize.COMMENT:
            row, start, end = token.start[0] - 1, token.start[1], token.end[1]
            blank[row] = blank[row][:start] + " " * (end - start) + blank[row][end:]
    return text[: len(text) - len(program)] + "".join(blank)
