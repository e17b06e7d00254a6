"""One requirement as pip reads it: ``flax[all]>=0.5,<0.7 ; python_version > "3.8"``."""

from __future__ import annotations

import re

from rnn_codemod.pins.dialects import Dialect
from rnn_codemod.pins.pin import Pin

_NAME = re.compile(r"\s*([\w.-]+)\s*(?:\[[^\]\r\n]*\])?\s*", re.ASCII)
_CLAUSE = r"(?:===?|~=|!=|<=?|>=?)\s*[^\s,;#()\\]+"
_SPECIFIER = re.compile(rf"(\(\s*)?({_CLAUSE}(?:\s*,\s*{_CLAUSE})*)(?(1)\s*\))", re.ASCII)
_END = re.compile(r"\s*(?:;[^\r\n]*|#[^\r\n]*|--[^\r\n]*)?\s*", re.ASCII)
_UNPINNED = re.compile(r"(?:[;#@][^\r\n]*|--[^\r\n]*)?\s*", re.ASCII)

NOT_UNDERSTOOD = "its version is written in a way that is not understood"
HASHED = "it is pinned with hashes, which a raised version would not match"


def pin_in(text: str, package: str, start: int = 0, end: int | None = None) -> Pin | None:
    """The pin of ``package`` in ``text[start:end]``; None where it has no version, or a URL."""
    end = len(text) if end is None else end
    name = _NAME.match(text, start, end)
    if name is None or name[1].lower() != package:
        return None
    if _UNPINNED.fullmatch(text, name.end(), end):
        return None
    at = name.start(1)
    found = _SPECIFIER.match(text, name.end(), end)
    if found is None or not _END.fullmatch(text, found.end(), end):
        rest = text[name.end() : end].rstrip()
        span = (name.end(), name.end() + len(rest))
        return Pin(at, span, Dialect.PEP440, NOT_UNDERSTOOD)
    hashed = "--hash" in text[found.end() : end]
    return Pin(at, found.span(2), Dialect.PEP440, HASHED if hashed else "")
