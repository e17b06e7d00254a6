"""What a cell of a notebook, or of a text that is one, holds: Python, or something else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rnn_codemod.files.magics import masked

_FIRST = re.compile(r"(?:[ \t]*\r?\n)*(?:#.*\n)*(%%(\w+)(.*))")
_PYTHON = frozenset(
    ["capture", "debug", "memit", "prun", "pyinstrument", "snakeviz", "time", "timeit", "tab"]
)
_FILES = frozenset(["file", "writefile"])
_TAB = re.compile(r"^(?:%%tab|#[ \t]*@tab)[ \t]+(.*)$", re.MULTILINE)
_OURS = frozenset(["all", "flax", "jax"])


@dataclass(frozen=True, slots=True)
class Cell:
    """The Python of a cell, IPython's lines masked at equal length."""

    code: str
    own_file: bool = False
    """Whether the cell writes a module, which shares no names with the other cells."""


def read_cell(code: str) -> Cell | None:
    """Reads a cell; None where it is not Python, or Python for another framework."""
    if tabs(code) and not tabs(code) & _OURS:
        return None
    own_file = False
    while (first := _FIRST.match(code)) is not None:
        if first[2] in _FILES and first[3].strip().endswith(".py"):
            own_file = True
        elif first[2] not in _PYTHON:
            return None
        code = f"{code[: first.start(1)]}#{code[first.start(1) + 1 :]}"
    return Cell(masked(code), own_file)


def tabs(code: str) -> frozenset[str]:
    """The frameworks that a block of a textbook with tabs is for; none where it does not say."""
    found = _TAB.search(code)
    return frozenset(name.strip() for name in found[1].split(",")) if found else frozenset()
