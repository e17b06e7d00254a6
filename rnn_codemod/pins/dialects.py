"""How the tools write versions, and how a raised one is written in each."""

from __future__ import annotations

import re
from enum import Enum

from rnn_codemod.pins.versions import Clause, Op, Specifier, Version, after_prefix, written


class Dialect(Enum):
    """Whose rules a specifier follows."""

    PEP440 = "PEP 440"
    POETRY = "poetry"
    CONDA = "conda"


_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>|=|\^|~|)(\s*)v?(\d+(?:\.\d+)*)(\.\*)?", re.ASCII)
_OPERATORS = {
    Dialect.PEP440: frozenset(["===", "==", "~=", "!=", "<=", ">=", "<", ">"]),
    Dialect.POETRY: frozenset(["==", "~=", "!=", "<=", ">=", "<", ">", "=", "^", "~", ""]),
    Dialect.CONDA: frozenset(["==", "~=", "!=", "<=", ">=", "<", ">", "=", ""]),
}
_ALTERNATIVE = {Dialect.POETRY: re.compile(r"\s*\|\|?\s*"), Dialect.CONDA: re.compile(r"\s*\|\s*")}
_COMMA = re.compile(r"\s*,\s*")
_COMMA_OR_SPACE = re.compile(r"\s*,\s*|(?<=[\d*])\s+")
_PLAIN = {
    "==": Op.EQUAL,
    "===": Op.EQUAL,
    "!=": Op.NOT_EQUAL,
    "<": Op.LESS,
    "<=": Op.AT_MOST,
    ">": Op.GREATER,
    ">=": Op.AT_LEAST,
}


def understood(text: str, dialect: Dialect) -> Specifier | None:
    """The meaning of a specifier; None where it is written in a way that is not known here.

    Final releases only: a specifier that names a pre-release, a local version or an epoch is not
    understood.
    """
    alternatives = []
    for part in _alternatives(text, dialect):
        clauses: list[Clause] = []
        for one in _clauses(part, dialect):
            meaning = _clause(one, dialect)
            if meaning is None:
                return None
            clauses.extend(meaning)
        alternatives.append(tuple(clauses))
    return Specifier(tuple(alternatives))


def raised(text: str, dialect: Dialect, floor: Version) -> str | None:
    """``text``, which lets in no release from ``floor`` on, so that it lets in all that it can.

    What says something about the releases from ``floor`` on stays: an upper bound above it, an
    excluded release. None where nothing would pass.
    """
    new = f">={written(floor)}"
    parts = _alternatives(text, dialect)
    if len(parts) > 1:
        return new
    clauses = _clauses(parts[0], dialect)
    first = _CLAUSE.fullmatch(clauses[0])
    if first is not None and first[1]:
        new = f">={first[2]}{written(floor)}"
    kept = [one for one in clauses if _speaks_of(one, dialect, floor)]
    comma = _COMMA.search(text)
    result = (comma[0] if comma else ",").join([new, *kept])
    meaning = understood(result, dialect)
    return result if meaning is not None and meaning.lets_in_some_from(floor) else None


def _alternatives(text: str, dialect: Dialect) -> list[str]:
    separator = _ALTERNATIVE.get(dialect)
    return separator.split(text.strip()) if separator else [text.strip()]


def _clauses(text: str, dialect: Dialect) -> list[str]:
    return (_COMMA_OR_SPACE if dialect is Dialect.POETRY else _COMMA).split(text)


def _speaks_of(clause: str, dialect: Dialect, floor: Version) -> bool:
    meaning = understood(clause, dialect)
    return (
        meaning is not None
        and meaning.lets_in_some_from(floor)
        and not meaning.lets_in_all_from(floor)
    )


def _clause(text: str, dialect: Dialect) -> list[Clause] | None:
    if text == "*" and dialect is not Dialect.PEP440:
        return []
    match = _CLAUSE.fullmatch(text)
    if match is None or match[1] not in _OPERATORS[dialect]:
        return None
    operator, star = match[1], match[4] is not None
    version = tuple(map(int, match[3].split(".")))
    if star:
        if operator in ("!=", "==") or (operator in ("", "=") and dialect is not Dialect.PEP440):
            return [Clause(Op.NOT_PREFIX if operator == "!=" else Op.PREFIX, version)]
        return None
    if operator in _PLAIN:
        return [Clause(_PLAIN[operator], version)]
    if operator == "~=":
        if len(version) < 2:
            return None
        return [Clause(Op.AT_LEAST, version), Clause(Op.PREFIX, version[:-1])]
    if operator == "=" and dialect is Dialect.CONDA:
        return [Clause(Op.PREFIX, version)]
    if operator in ("", "="):
        return [Clause(Op.EQUAL, version)]
    fixed = _caret(version) if operator == "^" else version[:2]
    return [Clause(Op.AT_LEAST, version), Clause(Op.LESS, after_prefix(fixed))]


def _caret(version: Version) -> Version:
    """The numbers that ``^`` holds fast: up to the first that is not zero."""
    for index, number in enumerate(version):
        if number:
            return version[: index + 1]
    return version
