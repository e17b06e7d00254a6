"""Which files could hold a legacy site at all, told from their bytes without reading Python."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

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

_CELL_NAMES = (
    "LSTMCell",
    "OptimizedLSTMCell",
    "GRUCell",
    "ConvLSTMCell",
    "ConvLSTM",
    "RNNCellBase",
)
_STATEMENT = re.compile(rb"^(?=[^\s#)\]}])", re.MULTILINE)
_NAMED = re.compile(
    rb"^\s*(?:(?:async\s+)?def\s+|class\s+)([\w\x80-\xff]+)"
    rb"|^\s*([\w\x80-\xff]+(?:\s*,\s*[\w\x80-\xff]+)*)\s*(?:[|+]?=[^=]|:[^=\r\n]*=|\[|\.\w+\()",
    re.MULTILINE,
)
_WORD = re.compile(rb"[\w\x80-\xff]+")
_STORED = re.compile(rb"\b([\w\x80-\xff]+)\[[^\]\r\n]*\][ \t]*=[^=]")
_DECORATOR = re.compile(rb"^@(?:\w+\.)*([\w\x80-\xff]+)", re.MULTILINE)

_CLASS = re.compile(rb"\bclass\s+([\w\x80-\xff]+)")
_WIDE_FLOATS = re.compile(rb"enable_x64", re.IGNORECASE)
_METHOD = re.compile(rb"\bdef\s+([\w\x80-\xff]+)")


def may_be_legacy(data: bytes) -> bool:
    """Whether the file may hold a site: it names Flax, and a recurrent part or a way to one."""
    return b"flax" in data and any(part in data for part in (*RECURRENT, *DYNAMIC))


def widens_floats(data: bytes) -> bool:
    """Whether the file may turn on 64-bit floats, for all that runs beside it."""
    return _WIDE_FLOATS.search(data) is not None


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


def holding(data: bytes, cells: Iterable[str] = _CELL_NAMES) -> frozenset[str]:
    """The names of a module that may mean or contain one of the classes ``cells``, or return it.

    A class that is only called or asked for an attribute is not held. Wider than need be.
    """
    words = b"|".join(re.escape(name.encode()) for name in sorted(cells))
    held = re.compile(rb"\b(?:%s)\b(?![ \t]*[(.])" % words)
    if not held.search(data):
        return frozenset()
    statements = _STATEMENT.split(data)
    found: set[bytes] = set()
    new = _named(statements, held)
    while new:
        found |= new
        new = _named(statements, re.compile(rb"\b(?:%s)\b" % b"|".join(sorted(new)))) - found
    return frozenset(name.decode("utf-8", "replace") for name in found)


def _named(statements: Sequence[bytes], held: re.Pattern[bytes]) -> set[bytes]:
    """What the statements that hold a word give a value: names, and containers in functions."""
    found: set[bytes] = set()
    decorators = b""
    for statement in statements:
        if statement.startswith(b"@"):
            decorators += statement
            continue
        if held.search(statement) and not statement.startswith((b"import ", b"from ")):
            definition = statement.startswith((b"def ", b"class ", b"async "))
            named = _NAMED.findall(statement)
            for one, several in named[:1] if definition else named:
                found.update(_WORD.findall(one or several))
            found.update(_STORED.findall(statement))
            if statement.startswith(b"class "):
                found.update(_DECORATOR.findall(decorators))
        decorators = b""
    return found


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
    words = data.translate(_WORDS).split()
    return set() if names.keys().isdisjoint(words) else names.keys() & set(words)
