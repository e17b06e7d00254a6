"""Examples behind the prompts of an interpreter; what they print stays."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from rnn_codemod.files.blocks import Block
from rnn_codemod.files.lines import Line, block
from rnn_codemod.reading.source import quiet_tree

_PROMPT = re.compile(r"([ \t]*)>>>(?: |(?=\r?\n|$))")
_MORE = re.compile(r"([ \t]*)\.\.\.(?: |(?=\r?\n|$))")


def begins(text: str, line: Line) -> bool:
    """Whether an example begins in this line."""
    return _PROMPT.match(text, line.content, line.end) is not None


def examples(
    text: str, lines: Sequence[Line], *, label: str, declared: bool, escapes: bool
) -> Iterator[Block]:
    """The examples in ``lines``, each a block."""
    current: list[Line] = []
    lead = ""
    for line in [*lines, None]:
        first = line and _PROMPT.match(text, line.content, line.end)
        more = line and _MORE.match(text, line.content, line.end)
        if current and not (more and text[more.start() : more.start() + len(more[1])] == more[1]):
            yield _block(text, current, lead, label, declared, escapes)
            current = []
        if line is None:
            return
        if first:
            lead = text[line.start : line.content] + first[1]
            current = [Line(line.start, first.end(), line.end)]
        elif more and current:
            current.append(Line(line.start, more.end(), line.end))


def _block(
    text: str, lines: list[Line], lead: str, label: str, declared: bool, escapes: bool
) -> Block:
    prefix = partial(_prompt, lead)
    return block(text, lines, label=label, declared=declared, escapes=escapes, prefix=prefix)


def _prompt(lead: str, code: str, number: int) -> str:
    """The prompt of line ``number`` (from 0): each statement has its own."""
    for statement in quiet_tree(code).body:
        decorators = getattr(statement, "decorator_list", [])
        first = min([statement.lineno, *(it.lineno for it in decorators)])
        if first < number + 1 <= (statement.end_lineno or first):
            return f"{lead}... "
    return f"{lead}>>> "
