"""Which files could hold a legacy site at all, told from their bytes without reading Python."""

from __future__ import annotations

import re
from collections.abc import Mapping

RECURRENT = (
    b"LSTM",
    b"GRU",
    b"RNN",
    b"initialize_carry",
    b"recurrent",
    b"segmentation_mask",
    b"Bidirectional",
)
"""Parts of every name of the legacy API. Wider than need be: a miss would be silent."""

DYNAMIC = (b"getattr", b"__dict__", b"vars", b"attrgetter", b"methodcaller")
"""Ways to reach a name of a module that is not written in the file."""

_CELL = rb"(?:Cell|ConvLSTM)"
_CELL_CLASS = re.compile(
    rb"\bclass\s+\w+\s*\([^:]*" + _CELL + rb"\b"  # a cell among the bases
    rb"|RNNCellBase"
    rb"|" + _CELL + rb"\s+as\b"  # or under another name
    rb"|=\s*[\w.]*" + _CELL + rb"\s*(?:[#;\r\n]|$)"
)

_WORDS = bytes(
    byte if byte >= 0x80 or chr(byte).isalnum() or chr(byte) == "_" else 0x20 for byte in range(256)
)
"""Leaves of a text its words, in one pass whatever is looked for. Beyond ASCII, all are letters."""

_ESCAPES = (rb"\n", rb"\r", rb"\t")
"""As in a notebook: of these, the letter is no part of the word behind it."""

_CLASS = re.compile(rb"\bclass\s+([\w\x80-\xff]+)")
_METHOD = re.compile(rb"\bdef\s+([\w\x80-\xff]+)")


def may_be_legacy(data: bytes) -> bool:
    """Whether the file may hold a site: it names Flax, and a recurrent part or a way to one."""
    return b"flax" in data and any(part in data for part in (*RECURRENT, *DYNAMIC))


def may_be_legacy_by_import(data: bytes) -> bool:
    """Whether the file may hold a site if what it imports names Flax."""
    return b"import" in data and any(part in data for part in RECURRENT)


def may_use_unnamed(data: bytes) -> bool:
    """Whether the file may use a cell that it does not name: create its carry, or run it."""
    return b"initialize_carry" in data or b"RNN" in data


def may_define_cell(data: bytes) -> bool:
    """Whether the file may define a cell class of its own."""
    return _CELL_CLASS.search(data) is not None


def may_define_wrapper(data: bytes) -> bool:
    """Whether the file may define a module with a static method around a cell's carry."""
    return b"staticmethod" in data and b"initialize_carry" in data


def also_called(name: str, data: bytes) -> frozenset[str]:
    """The other names that a file may give a class: as an alias, or as one derived from it."""
    word = rb"(?<![\w\x80-\xff])%s(?![\w\x80-\xff])" % re.escape(name.encode())
    found = re.findall(
        rb"\bclass\s+([\w\x80-\xff]+)\s*\([^:]*%s"
        rb"|%s\s+as\s+([\w\x80-\xff]+)"
        rb"|([\w\x80-\xff]+)\s*=\s*(?:\w+\.)*%s\s*(?:[#;\r\n]|$)" % (word, word, word),
        data,
    )
    names = {part.decode("utf-8", "replace") for parts in found for part in parts if part}
    return frozenset(names - {name})


def perhaps_exported(data: bytes) -> frozenset[str]:
    """All that a file may export: every ``Class``, and every ``Class.method``."""
    classes, methods = (
        {name.decode("utf-8", "replace") for name in which.findall(data)}
        for which in (_CLASS, _METHOD)
    )
    return frozenset(classes).union(f"{one}.{other}" for one in classes for other in methods)


def names_in(data: bytes, names: Mapping[bytes, object]) -> set[bytes]:
    """Those of ``names`` that occur in ``data`` as a word."""
    for escape in _ESCAPES if b"\\" in data else ():
        data = data.replace(escape, b" ")
    return names.keys() & set(data.translate(_WORDS).split())
