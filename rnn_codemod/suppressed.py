"""``# rnn-codemod: ignore`` in the code: what it covers is left alone."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rnn_codemod.editing.edits import Decision, spans
from rnn_codemod.findings import Remark
from rnn_codemod.reading.source import Source

_MARK = re.compile(r"#\s*rnn-codemod:\s*ignore\b(.*)")
_FORM = re.compile(r"(-file)?(?:\[([\w\s,-]*)\])?(?![\w\[-])")
ELSEWHERE = "flax_pin"
"""A rule for files of dependencies, which it reads itself."""


@dataclass(frozen=True, slots=True)
class Comment:
    """Leaves alone what ``rules`` find (all rules, if it names none) on its line, or anywhere."""

    line: int
    rules: frozenset[str]
    whole_file: bool


def leaves_alone(line: str, rule: str) -> bool:
    """Whether a line of text, which need not be Python, has a comment that covers ``rule``."""
    comment = _comment(line, 0)
    return comment is not None and (not comment.rules or rule in comment.rules)


def _comment(text: str, line: int) -> Comment | None:
    """The comment that ``text`` ends with, if it has the form."""
    mark = _MARK.search(text)
    form = _FORM.match(mark[1]) if mark is not None else None
    if form is None:
        return None
    names = (form[2] or "").replace(",", " ").split()
    if not names and form[2] is not None:
        return None
    return Comment(line, frozenset(names), bool(form[1]))


class Suppressed:
    """The comments of one source, and what they cover."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._strange: list[int] = []
        self._comments = tuple(self._read())

    def __bool__(self) -> bool:
        return bool(self._comments or self._strange)

    def covers(self, decision: Decision) -> bool:
        """Whether a comment leaves alone what is found, or a line that would change for it."""
        return any(self._covers(comment, decision) for comment in self._comments)

    def remarks(self, found: Iterable[Decision], known: Iterable[str]) -> list[Remark]:
        """What to say of the comments, where all rules together have ``found`` this."""
        told = self._remarks(list(found), {*known})
        return sorted(told, key=lambda remark: remark.line)

    def _remarks(self, found: list[Decision], rules: set[str]) -> Iterator[Remark]:
        for line in self._strange:
            yield Remark(line, "the comment is not # rnn-codemod: ignore or ignore[RULE, RULE]")
        for comment in self._comments:
            for name in sorted(comment.rules - rules):
                yield Remark(comment.line, f"there is no rule {name!r} to ignore")
            judged = comment.rules & rules - {ELSEWHERE} or not comment.rules
            if judged and not any(self._covers(comment, decision) for decision in found):
                yield Remark(comment.line, "nothing is found here that the comment could ignore")

    def _read(self) -> Iterator[Comment]:
        if _MARK.search(self._source.text) is None:
            return
        lines = io.StringIO(self._source.text.removeprefix("\ufeff"), newline=None).readline
        for token in tokenize.generate_tokens(lines):
            if token.type == tokenize.COMMENT and _MARK.search(token.string) is not None:
                comment = _comment(token.string, token.start[0])
                if comment is None:
                    self._strange.append(token.start[0])
                else:
                    yield comment

    def _covers(self, comment: Comment, decision: Decision) -> bool:
        if comment.rules and decision.finding.rule not in comment.rules:
            return False
        return comment.whole_file or comment.line in self._lines(decision)

    def _lines(self, decision: Decision) -> set[int]:
        """The line of a site, the last one of its simple statement, and those that change."""
        line = decision.finding.line
        changed = {bisect_right(self._source.line_starts, at) for at, _ in spans(decision.edits)}
        ends = {
            node.end_lineno or line
            for node in self._source.nodes
            if isinstance(node, ast.stmt)
            and not hasattr(node, "body")
            and node.lineno <= line <= (node.end_lineno or line)
        }
        return {line, *ends, *changed}
