"""The lines that IPython adds to Python, masked so that Python can read the rest.

A mask has the length of what it hides, so every other character keeps its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rnn_codemod.reading.source import lines, quiet_tree

UNKNOWN = "\u01c3"
"""A name that nobody binds: what a magic gives is not known. One character, as ``!`` is."""

_MAGIC = re.compile(r"[ \t]*(?=[%!?])|[\w.,\[\] \t]+=[ \t]*(?=[%!])")
_HELP = re.compile(r"[ \t]*(?=%{0,2}[A-Za-z_*][\w.*\[\]]*\?\??[ \t]*;?[ \t\r]*$)")
_TIMED = re.compile(
    r"([ \t]*)(%(?:time|timeit|memit|prun|snakeviz|pyinstrument)[ \t]+"
    r"(?:-\w+(?:[ \t]+\d+)?[ \t]+)*)(?=[^-\s!%])"
)
_PIECE = re.compile(r"#.*|\"\"\"|'''|[\"'()\[\]{}]|\\\r?$")
_CLOSING = {quote: re.compile(rf"(?:[^\\]|\\.)*?{quote}") for quote in ('"""', "'''", '"', "'")}


def masked(code: str) -> str:
    """``code`` with IPython's own lines hidden; as it is where Python can read it."""
    if parses(code):
        return code
    return "".join(_masked_lines(lines(code)))


def parses(code: str) -> bool:
    """Whether Python reads ``code``."""
    try:
        quiet_tree(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _masked_lines(code: list[str]) -> Iterator[str]:
    inside = _Inside()
    hidden = False
    for line in code:
        if hidden:
            hidden = _goes_on(line)
            yield _commented(line)
            continue
        if inside.statement_begins:
            timed = _TIMED.match(line)
            if timed is not None and len(timed[2]) >= len("if 1: "):
                line = f"{timed[1]}{'if 1:':{len(timed[2])}}{line[timed.end() :]}"
            else:
                magic = _MAGIC.match(line) or _HELP.match(line)
                if magic is not None:
                    hidden = _goes_on(line)
                    yield line[: magic.end()] + _hidden(line[magic.end() :])
                    continue
        inside.read(line)
        yield line


def _goes_on(line: str) -> bool:
    return line.rstrip("\r\n").endswith("\\")


def _hidden(rest: str) -> str:
    """A name, and a comment for what follows it."""
    return UNKNOWN + _commented(rest[1:])


def _commented(text: str) -> str:
    return f"#{text[1:]}" if text.rstrip("\r\n") else text


class _Inside:
    """Which brackets and strings are open at the end of a line."""

    def __init__(self) -> None:
        self._depth = 0
        self._quote = ""
        self._continued = False

    @property
    def statement_begins(self) -> bool:
        return not (self._depth or self._quote or self._continued)

    def read(self, line: str) -> None:
        body = line.rstrip("\r\n")
        position, self._continued = 0, False
        while position < len(body):
            if self._quote:
                closing = _CLOSING[self._quote].match(body, position)
                if closing is None:
                    break
                position, self._quote = closing.end(), ""
                continue
            piece = _PIECE.search(body, position)
            if piece is None:
                break
            position = piece.end()
            match piece[0][0]:
                case "#":
                    break
                case "\\":
                    self._continued = True
                case "'" | '"':
                    self._quote = piece[0]
                case "(" | "[" | "{":
                    self._depth += 1
                case _:
                    self._depth = max(0, self._depth - 1)
        if len(self._quote) == 1:
            self._quote = ""
