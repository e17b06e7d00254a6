"""Puts edits into a source text; every character outside them stays as it was."""

from __future__ import annotations

import io
import re
import tokenize
from collections import Counter
from collections.abc import Iterable

from rnn_codemod.editing.alignment import aligned
from rnn_codemod.editing.calls import RoundTripError, edit_call
from rnn_codemod.editing.edits import (
    AddArgument,
    AddLines,
    ArgumentEdit,
    DropArgument,
    DropNames,
    Edit,
    MoveLines,
    MoveOut,
    NameArgument,
    Replace,
    Span,
)
from rnn_codemod.editing.imports import drop_names
from rnn_codemod.editing.long_lines import within_width
from rnn_codemod.reading.source import quiet_tree


def apply_edits(text: str, edits: Iterable[Edit], newline: str) -> str:
    """The text with all edits done. Raises RoundTripError; then nothing may be written."""
    after = aligned(text, _Editor(text, edits, newline).whole(), newline)
    return within_width(text, after, newline)


class _Editor:
    def __init__(self, text: str, edits: Iterable[Edit], newline: str) -> None:
        self._text = text
        self._newline = newline
        self._calls: dict[Span, list[ArgumentEdit]] = {}
        self._replaced: dict[Span, list[Replace]] = {}
        self._moved: dict[Span, MoveOut] = {}
        self._imports: dict[Span, DropNames] = {}
        self._dropped: set[Span] = set()
        self._lines: dict[int, list[MoveOut | MoveLines | AddLines]] = {}
        for edit in dict.fromkeys(edits):
            match edit:
                case AddArgument() | DropArgument() | NameArgument():
                    self._calls.setdefault(edit.call, []).append(edit)
                case Replace():
                    self._replaced.setdefault(edit.span, []).append(edit)
                case MoveOut():
                    self._moved[edit.span] = edit
                    self._lines.setdefault(edit.before, []).append(edit)
                case MoveLines():
                    self._dropped.add(self._whole_lines(edit.span))
                    self._lines.setdefault(edit.before, []).append(edit)
                case DropNames():
                    self._imports[edit.statement] = edit
                case AddLines():
                    self._lines.setdefault(edit.before, []).append(edit)
        self._spans = sorted(
            {*self._calls, *self._replaced, *self._moved, *self._dropped, *self._imports},
            key=lambda s: (s[0], -s[1]),
        )

    def whole(self) -> str:
        parts, done = [], 0
        for before in sorted(self._lines):
            start = self._line_start(before)
            parts.append(self._between(done, start))
            parts.extend(self._new_lines(before, self._text[start:before]))
            done = start
        parts.append(self._between(done, len(self._text)))
        return "".join(parts)

    def _line_start(self, offset: int) -> int:
        return max(self._text.rfind("\n", 0, offset), self._text.rfind("\r", 0, offset)) + 1

    def _whole_lines(self, span: Span) -> Span:
        """The lines of ``span`` with their ends; one blank line too, if they stand between two."""
        start, end = self._line_start(span[0]), self._next_line(span[1])
        blank = start > 0 and not self._text[self._line_start(start - 1) : start].strip()
        if blank and (after := self._next_line(end)) and not self._text[end:after].strip():
            end = after
        return start, end

    def _next_line(self, offset: int) -> int:
        found = re.compile(r"\r\n|\r|\n").search(self._text, offset)
        return found.end() if found else len(self._text)

    def _new_lines(self, before: int, indentation: str) -> list[str]:
        indentation = indentation.lstrip("\ufeff")
        lines: list[str] = []
        for edit in self._lines[before]:
            if isinstance(edit, AddLines):
                lines.extend(
                    f"{indentation if line else ''}{line}{self._newline}" for line in edit.lines
                )
            elif isinstance(edit, MoveLines):
                moved = self._between(*edit.span, outside=self._whole_lines(edit.span))
                lines.append(f"{indentation}{moved}{self._newline}")
            else:
                value = _bracketed(self._call(edit.span))
                lines.append(f"{indentation}{edit.name} = {value}{self._newline}")
        return lines

    def _between(self, start: int, end: int, outside: Span | None = None) -> str:
        """The text of a stretch with the edits inside it, the one at ``outside`` excepted."""
        parts, done = [], start
        for span in self._spans:
            inside = start <= span[0] and span[1] <= end and span != outside
            inside = inside and not (outside is not None and span == (end, end))
            if not inside or span[0] < done:
                continue
            parts.append(self._text[done : span[0]])
            parts.append(self._rendered(span))
            done = span[1]
        parts.append(self._text[done:end])
        return "".join(parts)

    def _rendered(self, span: Span) -> str:
        if span in self._dropped:
            return ""
        if span in self._moved:
            return self._moved[span].name
        if span in self._replaced:
            texts = [edit.text for edit in self._replaced[span]]
            return "".join(texts) if span[0] == span[1] else texts[-1]
        if span in self._imports:
            inner = self._between(*span, outside=span)
            return drop_names(inner, self._imports[span].names, self._newline)
        return self._call(span)

    def _call(self, span: Span) -> str:
        inner = self._between(*span, outside=span)
        return edit_call(inner, self._calls[span], self._newline) if span in self._calls else inner


def _bracketed(expression: str) -> str:
    """An expression that goes on over several lines only inside brackets."""
    try:
        quiet_tree(f"x = {expression}")
    except SyntaxError:
        return f"({expression})"
    return expression


def check_result(before: str, after: str) -> None:
    """Raise RoundTripError unless ``after`` is valid Python with every comment of ``before``."""
    try:
        quiet_tree(after)
    except SyntaxError as error:
        raise RoundTripError(f"the rewritten text would not parse: {error.msg}") from error
    if _notes(before) - _notes(after) and _comments(before) - _comments(after):
        raise RoundTripError("a comment would be lost")


def _notes(text: str) -> Counter[str]:
    """What stands behind the first ``#`` of each line: a comment, or the rest of a string."""
    return Counter(line.partition("#")[2].strip() for line in text.split("\n") if "#" in line)


def _comments(text: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)
