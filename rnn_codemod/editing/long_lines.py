"""Lines that an edit made too long, broken inside their last pair of brackets."""

from __future__ import annotations

import ast
import io
import itertools
import keyword
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

from rnn_codemod.reading.source import quiet_tree

LIMIT = 100
OPEN, CLOSE = "([{", ")]}"
_PASSES = 3
"""A line broken once may still be too long, and so on, to this depth."""
_COMPOUND = re.compile(r"\s*(async|class|def|elif|else|except|for|if|try|while|with)\b")


def within_width(before: str, after: str, newline: str) -> str:
    """``after`` with its new long lines broken; lines as long as the old ones may stay.

    The result means the same; where that cannot be shown, ``after`` comes back as it is.
    """
    known = set(before.splitlines())
    limit = max([LIMIT, *map(len, known)])
    if all(len(line) <= limit or line in known for line in after.splitlines()):
        return after
    broken = after
    try:
        for _ in range(_PASSES):
            lines = _Lines(broken, newline, limit)
            broken = "".join(_broken(lines, number, known) for number in range(len(lines.texts)))
        return broken if means_the_same(broken, after) else after
    except (SyntaxError, tokenize.TokenError, ValueError, RecursionError):
        return after


def means_the_same(one: str, other: str) -> bool:
    """Whether two texts differ in nothing but their layout. Raises SyntaxError and its like."""
    return one == other or ast.dump(quiet_tree(one)) == ast.dump(quiet_tree(other))


@dataclass(frozen=True)
class _Pair:
    """Two brackets on one line: their columns, and those of what parts them inside."""

    start: int
    end: int
    commas: tuple[int, ...]
    loops: tuple[int, ...]
    """Where a comprehension's ``for`` begins."""

    def parts(self, text: str) -> list[str]:
        """What stands between the brackets, part by part."""
        if self.loops:
            cuts = [self.start + 1, *self.loops, self.end]
            return [text[a:b].strip() for a, b in itertools.pairwise(cuts)]
        cuts = [self.start, *self.commas, self.end]
        pieces = [text[a + 1 : b].strip() for a, b in itertools.pairwise(cuts)]
        return [f"{piece}," for piece in pieces if piece] if self.commas else pieces


class _Lines:
    """The lines of a text, and of each what its tokens allow."""

    def __init__(self, text: str, newline: str, limit: int) -> None:
        self.texts = io.StringIO(text, newline="").readlines()
        self.newline = newline
        self.limit = limit
        self.pairs: dict[int, list[_Pair]] = {}
        self.hanging: dict[int, list[int]] = {}
        """By line, the columns of the brackets that close on a later one."""
        self.listed: dict[int, list[int]] = {}
        """By line, the columns of the commas in the last of those brackets."""
        self.fixed: set[int] = set()
        """Numbers of lines that hold a part of a string, a comment, or several statements."""
        self._read(text)

    def indentation(self, number: int) -> str:
        text = self.texts[number]
        return text[: len(text) - len(text.lstrip())]

    def _read(self, text: str) -> None:
        open_: list[tuple[int, int, bool, list[tuple[int, int]], list[int]]] = []
        lambdas: list[int] = []
        last = tokenize.TokenInfo(tokenize.NL, "", (0, 0), (0, 0), "")
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            row, column = token.start[0] - 1, token.start[1]
            if token.start[0] != token.end[0] and token.type not in (tokenize.NEWLINE, tokenize.NL):
                self.fixed.update(range(row, token.end[0]))
            formatted = tokenize.tok_name[token.type].endswith("STRING_START")
            if token.type == tokenize.COMMENT or token.string == ";" or formatted:
                self.fixed.add(row)
            if token.type == tokenize.OP and token.string in OPEN:
                subscript = token.string == "[" and (
                    last.string in {*CLOSE}
                    or (last.type == tokenize.NAME and not keyword.iskeyword(last.string))
                )
                open_.append((row, column, subscript, [], []))
            elif token.type == tokenize.OP and token.string in CLOSE:
                begun, start, subscript, commas, loops = open_.pop()
                if begun != row:
                    if not self.hanging.get(begun) or start > max(self.hanging[begun]):
                        self.listed[begun] = [at for line, at in commas if line == begun]
                    self.hanging.setdefault(begun, []).append(start)
                if begun == row and not subscript and last.string not in OPEN:
                    parted = tuple(at for _, at in commas)
                    pair = _Pair(start, column, parted, tuple(loops))
                    self.pairs.setdefault(row, []).append(pair)
            elif token.string == "for" and open_:
                open_[-1][4].append(column)
            elif token.string == "lambda":
                lambdas.append(len(open_))
            elif token.string == ":" and len(open_) in lambdas[-1:]:
                lambdas.pop()
            elif token.string == "," and open_ and len(open_) not in lambdas[-1:]:
                open_[-1][3].append((row, column))
            last = token


def _broken(lines: _Lines, number: int, known: set[str]) -> str:
    whole = lines.texts[number]
    text = whole.rstrip("\r\n")
    if len(text) <= lines.limit or text in known or number in lines.fixed:
        return whole
    if text.rstrip().endswith("\\") or (_COMPOUND.match(text) and not text.endswith((":", "("))):
        return whole
    margin = lines.indentation(number)
    hanging = lines.hanging.get(number, [])
    aligned = " " * (max(hanging, default=0) + 1)
    if hanging and text.endswith(",") and lines.indentation(number + 1) == aligned:
        for comma in reversed(lines.listed[number][:-1]):
            head, tail = text[: comma + 1], aligned + text[comma + 1 :].lstrip()
            if len(head) <= lines.limit and len(tail) <= lines.limit:
                return lines.newline.join([head, tail]) + whole[len(text) :]
    for pair in _outer(lines.pairs.get(number, [])):
        if any(column > pair.end for column in hanging) and text[-1] not in OPEN:
            continue
        inside = [column + 1 for column in hanging if column < pair.start and text[-1] not in OPEN]
        indentation = margin.ljust(max([0, *inside]))
        deeper = indentation + ("\t" if indentation.endswith("\t") else "    ")
        head, tail = text[: pair.start + 1], indentation + text[pair.end :]
        parts = [deeper + text[pair.start + 1 : pair.end].strip()]
        if len(parts[0]) > lines.limit:
            parts = [deeper + part for part in pair.parts(text)]
        if len(head) <= lines.limit and len(tail) <= lines.limit:
            return lines.newline.join([head, *parts, tail]) + whole[len(text) :]
    return whole


def _outer(pairs: list[_Pair]) -> Iterator[_Pair]:
    """The pairs that are in no other pair, the last one first."""
    for pair in sorted(pairs, key=lambda pair: pair.end, reverse=True):
        if not any(other.start < pair.start and pair.end < other.end for other in pairs):
            yield pair
