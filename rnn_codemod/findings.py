"""The vocabulary that every stage shares: what was found, and what is to be done about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Applicability(Enum):
    """How sure a rewrite is."""

    SAFE = "safe"
    """Proved; applied by default."""
    REVIEW = "review"
    """Plausible; applied only with ``--unsafe``."""
    MANUAL = "manual"
    """Refused: the reason and the lines to write by hand are reported."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for."""

    target: str = "flax"
    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    unsafe: bool = False
    annotate: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One legacy site: rewritten when ``edits`` were applied, refused otherwise.

    ``line`` and ``column`` count from 1, in characters.
    """

    rule: str
    line: int
    column: int
    message: str
    applicability: Applicability
    reason: str = ""
    recipe: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Migration:
    """What became of one source text."""

    text: str
    rewritten: tuple[Finding, ...] = ()
    refused: tuple[Finding, ...] = ()
    left_alone: int = 0
    """Recurrent-looking sites that are none of ours (another library, a user's own method)."""
    warnings: tuple[str, ...] = field(default=())
