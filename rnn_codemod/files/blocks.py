"""Code that sits inside another text, with the place of each of its characters there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_LINE = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of Python inside ``text``, the text of a document.

    Character ``i`` of ``code`` is written as ``text[starts[i]:ends[i]]``; what lies between two
    characters (indentation, prompts, quotes) is none of the code.
    """

    code: str
    starts: Sequence[int]
    ends: Sequence[int]
    escape: Callable[[str], str]
    """How new characters, none of them a newline, are written here."""
    newline: Callable[[str, int], str]
    """What ends a line and begins line ``number`` (from 0) of the new code."""
    label: str = ""
    """What to call the place beside its line: ``cell 3``."""
    declared: bool = True
    """Whether the document says that this is Python."""

    def place(self, offset: int) -> int:
        """Where in the text the code's character at ``offset`` begins."""
        if offset < len(self.starts):
            return self.starts[offset]
        return self.ends[-1] if self.ends else 0


@dataclass(frozen=True, slots=True)
class Splice:
    """Put ``new`` where ``text[start:end]`` of a document is."""

    start: int
    end: int
    new: str


def splices(block: Block, after: str) -> Iterator[Splice]:
    """The smallest changes to the document that make ``after`` of the block's code."""
    old, new = _LINE.findall(block.code), _LINE.findall(after)
    old_at, new_at = _offsets(old), _offsets(new)
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        added = max(0, (j2 - j1) - (i2 - i1)) if i1 < i2 else 0
        if added:
            yield _splice(block, after, (old_at[i1], old_at[i1]), (new_at[j1], new_at[j1 + added]))
            j1 += added
        if i2 - i1 == j2 - j1:
            for i, j in zip(range(i1, i2), range(j1, j2), strict=True):
                if old[i] != new[j]:
                    yield _trimmed(
                        block, after, (old_at[i], old_at[i + 1]), (new_at[j], new_at[j + 1])
                    )
        else:
            yield _trimmed(block, after, (old_at[i1], old_at[i2]), (new_at[j1], new_at[j2]))


def apply(text: str, changes: Sequence[Splice]) -> str:
    """``text`` with all changes done."""
    parts, done = [], 0
    for change in sorted(changes, key=lambda it: (it.start, it.end)):
        parts += [text[done : change.start], change.new]
        done = change.end
    return "".join([*parts, text[done:]])


def _offsets(lines: Sequence[str]) -> list[int]:
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line))
    return offsets


def _trimmed(block: Block, after: str, old: tuple[int, int], new: tuple[int, int]) -> Splice:
    """The change without what both sides begin and end with."""
    (i, i_end), (j, j_end) = old, new
    while i < i_end and j < j_end and block.code[i] == after[j]:
        i, j = i + 1, j + 1
    while i < i_end and j < j_end and block.code[i_end - 1] == after[j_end - 1]:
        i_end, j_end = i_end - 1, j_end - 1
    return _splice(block, after, (i, i_end), (j, j_end))


def _splice(block: Block, after: str, old: tuple[int, int], new: tuple[int, int]) -> Splice:
    start = block.place(old[0])
    end = block.ends[old[1] - 1] if old[0] < old[1] else start
    first, *rest = after[new[0] : new[1]].split("\n")
    number = after.count("\n", 0, new[0])
    parts = [block.escape(first)]
    for line in rest:
        number += 1
        parts += [block.newline(after, number), block.escape(line)]
    return Splice(start, end, "".join(parts))
