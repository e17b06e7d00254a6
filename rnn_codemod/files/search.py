"""Which files could hold a legacy site at all, told from their bytes without reading Python."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

RECURRENT = (
    b"LSTM",
    b"GRU",
    b"RNN",
    b"Cell",
    b"initialize_carry",
    b"recurrent",
    b"segmentation_mask",
    b"Bidirectional",
)
"""Parts of every name of the legacy API. Wider than need be: a miss would be silent."""

DYNAMIC = (b"getattr", b"__dict__", b"vars", b"attrgetter", b"methodcaller")
"""Ways to reach a name of a module that is not written in the file."""

_CELL = rb"(?:Cell|ConvLSTM)"
_RENAMED = re.compile(_CELL + rb"\s+as\b")
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

_ESCAPED = re.compile(rb"(?:\\u[0-9a-fA-F]{4}|\\[nrt])+")

_CELL_NAMES = (
    "LSTMCell",
    "OptimizedLSTMCell",
    "GRUCell",
    "ConvLSTMCell",
    "ConvLSTM",
    "RNNCellBase",
)
_CELL_WORDS = frozenset(name.encode() for name in _CELL_NAMES)
_STATEMENT = re.compile(rb"^(?=[^\s#)\]}])", re.MULTILINE)
_NAMED = re.compile(
    rb"^[ \t]*(?:(?:async\s+)?def\s+|class\s+)([\w\x80-\xff]+)"
    rb"|^[ \t]*([\w\x80-\xff]+(?:[ \t]*,[ \t]*[\w\x80-\xff]+)*)[ \t]*"
    rb"(?:[|+]?=[^=]|:[^=\r\n]*=|\[|\.\w+\()",
    re.MULTILINE,
)
_WORD = re.compile(rb"[\w\x80-\xff]+")
_STORED = re.compile(rb"\b([\w\x80-\xff]+)\[[^\]\r\n]*\][ \t]*=[^=]")
_DECORATOR = re.compile(rb"^@(?:\w+\.)*([\w\x80-\xff]+)", re.MULTILINE)

_CLASS = re.compile(rb"\bclass\s+([\w\x80-\xff]+)")
_DERIVED = re.compile(rb"class[ \t]+([\w\x80-\xff]+)[ \t]*\(([^):]*)")
_AS = re.compile(rb" as[ \t]+([\w\x80-\xff]+)")
_FILLED = re.compile(
    rb"([\w\x80-\xff]+)(?:\[[^\]\r\n]*\][ \t]*=(?!=)|[ \t]*\|=|[ \t]*\+="
    rb"|\.(?:update|setdefault|append|add|insert|extend)[ \t]*\(|\.\w+[ \t]*=(?!=))"
    rb"|\bsetattr\(\s*(?:\w+\.)*([\w\x80-\xff]+)"
)
_MADE = re.compile(rb"^(?:class[ \t]+)?([\w\x80-\xff]+)(?=[ \t]*(?:=(?!=)|:|\())", re.MULTILINE)
_SAME = re.compile(
    rb"^([\w\x80-\xff]+)[ \t]*=[ \t]*(?:[\w\x80-\xff]+\.)*([\w\x80-\xff]+)[ \t]*(?:[#;\r\n]|$)",
    re.MULTILINE,
)
_WIDE_FLOATS = re.compile(
    rb"^[^#\r\n]*(?:update\(\s*['\"]jax_enable_x64['\"]\s*,(?!\s*False)"
    rb"|JAX_ENABLE_X64['\"]\]?\s*[=,](?!=)|jax_enable_x64\s*=(?!=)|\benable_x64\()",
    re.MULTILINE,
)
_ALONE = rb"(?<![\w\x80-\xff])%s(?![\w\x80-\xff]|[ \t]*[(.])"
"""A word that is not called or asked for an attribute."""
_NOT_ONLY_USED = re.compile(_ALONE % rb"[\w\x80-\xff]+")
_CELL_NOT_ONLY_USED = re.compile(_ALONE % b"(?:%s)" % b"|".join(sorted(_CELL_WORDS)))
_CREATING = re.compile(rb"\.\s*initialize_carry\s*\(")
_RECEIVER = re.compile(rb"(\w+)[\s)]*$")
_RUNNING = re.compile(rb"\bRNN\s*\(")
_RUN = re.compile(rb"(?:^|\bcell\s*=)[\s(]*(?:self\s*\.\s*)?(\w+)\s*[,)]")
_NEAR = 400
"""How many bytes around a word are looked at."""
_SHORT = 80
"""No name is longer."""
_ALIAS = re.compile(rb"^[ \t]+(\w+)\s*(?::[^=\r\n]+)?=\s*(?:self\s*\.\s*)?(\w+)\s*$", re.MULTILINE)
_RNN_ELSEWHERE = re.compile(rb"\bRNN\s+as\b|\bRNN\s*(?:[,)]|$)", re.MULTILINE)
"""nn.RNN under another name, or handed on."""
_CELL_FIELD = re.compile(
    rb"(?<![\w.])([\w\x80-\xff]+)[ \t]*:[^=\r\n#,)]*(?:Cell|Module|Any|object)\b"
    rb"|\b(\w*(?:[Cc]ell|[Cc]ore|rnn|RNN)\w*)[ \t]*[,)=]"
)
"""What may be a field or a parameter that takes a cell, by its annotation or by its name."""
_RETURNED = re.compile(rb"^[ \t]+return\b[^\r\n]{0,200}?Cell[ \t]*\(", re.MULTILINE)
_BUILT = re.compile(rb"^[ \t]+(\w+)[ \t]*=[^\r\n]{0,200}?Cell[ \t]*\(", re.MULTILINE)
_CALLED = re.compile(
    rb"([\w\x80-\xff]+)[ \t]*(?:\.\s*initialize_carry\b|\(\s*(?:\)|\*\*|\w+[ \t]*=[^=]))"
    rb"|\b(?:scan|vmap|remat|checkpoint|jit)\s*\(\s*(?:self\s*\.\s*)?([\w\x80-\xff]+)"
)
"""What is asked for a carry, called without positional arguments, or lifted."""
_FIELD = re.compile(rb"^[ \t]+([\w\x80-\xff]+)[ \t]*:", re.MULTILINE)
_PARAMETERS = re.compile(rb"\bdef\s+\w+\s*\(((?:[^()]|\([^()]*\))*)\)")
_METHOD = re.compile(rb"\bdef\s+([\w\x80-\xff]+)")


def may_be_legacy(data: bytes) -> bool:
    """Whether the file may hold a site: it names Flax, and a recurrent part or a way to one."""
    return b"flax" in data and any(part in data for part in (*RECURRENT, *DYNAMIC))


def widens_floats(data: bytes) -> bool:
    """Whether the file turns on 64-bit floats somewhere, for all that runs beside it."""
    named = b"enable_x64" in data or b"ENABLE_X64" in data
    return named and _WIDE_FLOATS.search(data) is not None


def widens_at_once(data: bytes) -> bool:
    """Whether the file turns on 64-bit floats where it is imported, not only where it is run."""
    begun = [data[: it.end()].rfind(b"\nif __name__") for it in _WIDE_FLOATS.finditer(data)]
    return any(
        start < 0 or _STATEMENT.search(data, start + 2, it.end()) is not None
        for start, it in zip(begun, _WIDE_FLOATS.finditer(data), strict=True)
    )


def may_be_legacy_by_import(data: bytes) -> bool:
    """Whether the file may hold a site if what it imports names Flax."""
    return b"import" in data and any(part in data for part in RECURRENT)


def may_use_unnamed(data: bytes) -> bool:
    """Whether the file may use a cell that it does not name: create its carry, or run it."""
    return b"initialize_carry" in data or b"RNN" in data


def may_define_cell(data: bytes) -> bool:
    """Whether the file may define a cell class of its own."""
    return _CELL_CLASS.search(data) is not None


def may_take_cell(data: bytes) -> bool:
    """Whether the file may define what is given a cell, and makes its carry with a given size."""
    if _RNN_ELSEWHERE.search(data) is not None:
        return True
    before = (data[max(it.start() - _NEAR, 0) : it.start()] for it in _CREATING.finditer(data))
    behind = (data[it.end() : it.end() + _NEAR] for it in _RUNNING.finditer(data))
    asked = {name for part in before for name in _RECEIVER.findall(part)}
    asked |= {name for part in behind for name in _RUN.findall(part)}
    if not asked:
        return False
    aliases: dict[bytes, set[bytes]] = {}
    for name, meant in _ALIAS.findall(data):
        aliases.setdefault(name, set()).add(meant)
    while new := {meant for name in asked for meant in aliases.get(name, ())} - asked:
        asked |= new
    return any(_given(name).search(data) is not None for name in asked)


@lru_cache(maxsize=512)
def _given(name: bytes) -> re.Pattern[bytes]:
    """How a class has a field, or a function a parameter, of this name."""
    parameter = rb"\bdef\s+\w+\s*\((?:[^()]|\([^()]*\))*?(?<![\w.])%s(?!\w)"
    return re.compile(rb"^[ \t]+%s[ \t]*:|" % name + parameter % name, re.MULTILINE)


def may_hand_on(data: bytes) -> bool:
    """Whether the file may define what hands on a cell that it is given itself."""
    names = {name for names in _CELL_FIELD.findall(data) for name in names if name}
    return any(_handing(name).search(data) is not None for name in names)


@lru_cache(maxsize=512)
def _handing(name: bytes) -> re.Pattern[bytes]:
    """How a field or a parameter of this name is an argument."""
    return re.compile(rb"[(,=]\s*(?:self\s*\.\s*)?%s\s*[,)]" % name)


def may_make_cell(data: bytes) -> bool:
    """Whether the file may define a function that returns a cell that it builds."""
    if _RETURNED.search(data) is not None:
        return True
    names = set(_BUILT.findall(data))
    return any(b"return " + name in data for name in names)


def may_take_class(data: bytes) -> bool:
    """Whether the file may define what is given a class, and calls it as a cell class is called."""
    called = {name for names in _CALLED.findall(data) for name in names if name}
    if not called:
        return False
    taken = set(_FIELD.findall(data))
    for parameters in _PARAMETERS.findall(data):
        taken.update(_WORD.findall(parameters))
    return not called.isdisjoint(taken)


def hands_class(data: bytes) -> bool:
    """Whether the file may hand on a cell class of flax."""
    if _RENAMED.search(data) is not None:
        return True
    return _CELL_NOT_ONLY_USED.search(data) is not None and any(
        not statement.not_only_used.isdisjoint(_CELL_WORDS) for statement in _statements(data)
    )


def may_define_wrapper(data: bytes) -> bool:
    """Whether the file may define a module with a static method around a cell's carry."""
    return b"staticmethod" in data and b"initialize_carry" in data


def also_called(name: str, data: bytes) -> frozenset[str]:
    """The other names that a file may give a class: as an alias, or as one made from it."""
    word = rb"(?<![\w\x80-\xff])%s(?![\w\x80-\xff])" % re.escape(name.encode())
    found = re.findall(
        rb"\bclass\s+([\w\x80-\xff]+)\s*\([^:]*%s"
        rb"|%s\s+as\s+([\w\x80-\xff]+)"
        rb"|([\w\x80-\xff]+)\s*=\s*(?:\w+\.)*%s\s*(?:[#;\r\n]|$)"
        rb"|^([\w\x80-\xff]+)\s*(?::[^=\r\n]*)?=\s*(?:[\w.]+\(\s*)+(?:\w+\.)*%s\s*[,)]"
        % (word, word, word, word),
        data,
        re.MULTILINE,
    )
    names = {part.decode("utf-8", "replace") for parts in found for part in parts if part}
    return frozenset(names - {name})


def classes_in(data: bytes) -> frozenset[str]:
    """The names of the classes that a file may define."""
    return frozenset(name.decode("utf-8", "replace") for name in _CLASS.findall(data))


def derived_in(data: bytes) -> list[tuple[str, frozenset[str]]]:
    """The classes of a file that have bases, each with every word among those.

    And the names, each with the one that it may be another name for.
    """
    found = [(name, _WORD.findall(bases)) for name, bases in _DERIVED.findall(data)]
    found += [(name, meant) for name, meant in _aliases(data)]
    found += [(name, [meant]) for name, meant in _SAME.findall(data)]
    return [
        (name.decode("utf-8", "replace"), frozenset(it.decode("utf-8", "replace") for it in words))
        for name, words in found
    ]


def _aliases(data: bytes) -> Iterator[tuple[bytes, list[bytes]]]:
    """The names that imports give, each with the one that it is another name for."""
    for alias in _AS.finditer(data):
        before = data[max(alias.start() - _SHORT, 0) : alias.start()]
        yield alias[1], _WORD.findall(before)[-1:]


def filled_in(data: bytes) -> frozenset[str]:
    """The names of what a file may put something into, or set an attribute of."""
    words = {word for words in _FILLED.findall(data) for word in words if word} - {b"self"}
    words.update(it for name, meant in _aliases(data) if name in words for it in meant)
    return frozenset(word.decode("utf-8", "replace") for word in words)


def made_in(data: bytes) -> frozenset[str]:
    """The names that a file may bind at its top: classes and what is assigned."""
    return frozenset(name.decode("utf-8", "replace") for name in _MADE.findall(data))


def holding(data: bytes, cells: Iterable[str] = _CELL_NAMES) -> frozenset[str]:
    """The names of a module that may mean or contain one of the classes ``cells``, or return it.

    A class that is only called or asked for an attribute is not held. Wider than need be.
    """
    words = frozenset(name.encode() for name in cells)
    if words == _CELL_WORDS:
        alone = _CELL_NOT_ONLY_USED.search(data) is not None
    else:
        alone = not words.isdisjoint(_NOT_ONLY_USED.findall(data))
    if not alone:
        return frozenset()
    statements = _statements(data)
    found: set[bytes] = set()
    new = {n for it in statements if not words.isdisjoint(it.not_only_used) for n in it.names}
    while new:
        found |= new
        new = {n for it in statements if not new.isdisjoint(it.words) for n in it.names} - found
    return frozenset(name.decode("utf-8", "replace") for name in found)


@dataclass(frozen=True, slots=True)
class _Statement:
    """The words of a top-level statement, and what it gives a value: names, and containers."""

    words: frozenset[bytes]
    not_only_used: frozenset[bytes]
    names: frozenset[bytes]


@lru_cache(maxsize=512)
def _statements(data: bytes) -> tuple[_Statement, ...]:
    """All but the imports. Whoever asks for one cell after the other gets the same again."""
    found: list[_Statement] = []
    decorators = b""
    for statement in _STATEMENT.split(data):
        if statement.startswith(b"@"):
            decorators += statement
            continue
        if not statement.startswith((b"import ", b"from ")):
            definition = statement.startswith((b"def ", b"class ", b"async "))
            named = _NAMED.findall(statement)
            names = {
                name
                for one, several in (named[:1] if definition else named)
                for name in _WORD.findall(one or several)
            }
            names.update(_STORED.findall(statement))
            if statement.startswith(b"class "):
                names.update(_DECORATOR.findall(decorators))
            words = frozenset(_WORD.findall(statement))
            uncalled = frozenset(_NOT_ONLY_USED.findall(statement))
            found.append(_Statement(words, uncalled, frozenset(names)))
        decorators = b""
    return tuple(found)


def perhaps_exported(data: bytes) -> frozenset[str]:
    """All that a file may export: every ``Class``, and every ``Class.method``."""
    classes, methods = (
        {name.decode("utf-8", "replace") for name in which.findall(data)}
        for which in (_CLASS, _METHOD)
    )
    return frozenset(classes).union(f"{one}.{other}" for one in classes for other in methods)


def unescaped(data: bytes) -> bytes:
    r"""A JSON text with the letters and line ends as such: not as ``\u00e9`` and ``\n``."""
    return _ESCAPED.sub(lambda it: it[0].decode("unicode_escape").encode("utf-8", "replace"), data)


def names_in(data: bytes, names: Mapping[bytes, object]) -> set[bytes]:
    """Those of ``names`` that occur in ``data`` as a word."""
    words = data.translate(_WORDS).split()
    return set() if names.keys().isdisjoint(words) else names.keys() & set(words)
