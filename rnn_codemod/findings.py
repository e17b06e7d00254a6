"""The vocabulary that every stage shares: what was found, and what is to be done about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

LEGACY = "legacy"
"""The group of the rules that are on unless others are selected."""
MIGRATED = "migrated"
"""The group of the rules for code that was migrated by hand."""


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
    """What the user asked for. ``select`` and ``ignore`` name rules, or groups of rules."""

    target: str = "flax"
    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    unsafe: bool = False
    annotate: bool = False
    style: str = "minimal"
    """``minimal``: wrappers keep their signature. ``idiomatic``: they may get features."""
    site_packages: tuple[str, ...] = ()
    """Folders of installed packages, read for the bases of cells and never written."""

    def wants(self, name: str, group: str = LEGACY) -> bool:
        """Whether a rule is on: ``select`` and ``ignore`` hold names of rules and of groups."""
        if name in self.ignore or group in self.ignore:
            return False
        if not self.select:
            return group == LEGACY
        return name in self.select or group in self.select


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
class Remark:
    """Something to be told about a line, which is no site."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Migration:
    """What became of one source text."""

    text: str
    rewritten: tuple[Finding, ...] = ()
    refused: tuple[Finding, ...] = ()
    left_alone: int = 0
    """Recurrent-looking sites that are none of ours (another library, a user's own method)."""
    warnings: tuple[str, ...] = field(default=())
    remarks: tuple[Remark, ...] = ()
