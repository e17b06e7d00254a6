"""Literals of ``setup.py``: strings in lists of requirements."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from rnn_codemod.pins.dialects import Dialect
from rnn_codemod.pins.pin import PYTHON, Pin
from rnn_codemod.pins.requirement import pin_in
from rnn_codemod.reading.source import Source

_LINE = re.compile(r"[^\r\n]+")
_QUOTED = re.compile(r"[rRuU]{0,1}('''|\"\"\"|'|\")(.*)\1", re.DOTALL)
_NAMED = re.compile(r"requires?\b|require|dependenc|deps\b|packages", re.IGNORECASE)

COMPUTED = "the string is not written as one plain literal"


def pins(text: str, package: str) -> Iterator[Pin]:
    """The pins of ``package`` in strings of a list, or under a name that says requirements.

    Raises:
        SyntaxError: the text is no Python.
    """
    source = Source.parse(text)
    strings = [
        node
        for node in source.nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _listed(source, node)
    ]
    for node in sorted(strings, key=source.span):
        yield from _pins_of(source, node, package)
        match source.parents[node]:
            case ast.keyword(arg="python_requires") if package == PYTHON:
                start, end = source.span(node)
                yield Pin(start, (start + 1, end - 1), Dialect.PEP440)


def _pins_of(source: Source, node: ast.Constant, package: str) -> Iterator[Pin]:
    value = str(node.value)
    start, end = source.span(node)
    quoted = _QUOTED.fullmatch(source.text, start, end)
    plain = quoted is not None and quoted[2] == value
    offset = quoted.start(2) if quoted is not None else start
    for line in _LINE.finditer(value):
        pin = pin_in(value, package, *line.span())
        if pin is None:
            continue
        if plain:
            first, last = pin.span
            yield replace(pin, at=pin.at + offset, span=(first + offset, last + offset))
        else:
            yield replace(pin, at=start, span=(start, end), held=COMPUTED)


def _listed(source: Source, node: ast.Constant) -> bool:
    parent = source.parents[node]
    match parent:
        case ast.List() | ast.Tuple() | ast.Set():
            return True
        case ast.Dict():
            return node in parent.values
        case ast.keyword(arg=str(name)):
            return _NAMED.search(name) is not None
        case ast.Assign(targets=[ast.Name(id=name)]):
            return _NAMED.search(name) is not None
    return False
