"""Files taken apart, kept for the next that asks: the jobs of a run read many of the same ones."""

from __future__ import annotations

from collections import OrderedDict

from rnn_codemod.reading.scopes import Scopes
from rnn_codemod.reading.source import Source

ROOM = 600_000
"""How many characters of texts are kept; what is made of them takes a hundred times as much."""

_kept: OrderedDict[tuple[str, str], tuple[Source, Scopes]] = OrderedDict()


def parsed(text: str, path: str) -> tuple[Source, Scopes]:
    """The text of a file and its scopes. Raises SyntaxError, ValueError or RecursionError."""
    key = path, text
    if key in _kept:
        _kept.move_to_end(key)
        return _kept[key]
    source = Source.parse(text)
    found = source, Scopes(source)
    _kept[key] = found
    while sum(len(text) for _, text in _kept) > ROOM:
        _kept.popitem(last=False)
    return found
