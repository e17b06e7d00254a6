"""The vocabulary of the formats: a pin of flax, and a locked flax, each at its place."""

from __future__ import annotations

from dataclasses import dataclass

from rnn_codemod.pins.dialects import Dialect

Span = tuple[int, int]

PYTHON = "python"
"""Python itself, as formats name it among the packages; others have a field of their own."""


@dataclass(frozen=True, slots=True)
class Pin:
    """An entry for flax that says something about its version.

    ``at`` is where the entry begins, ``span`` where its specifier stands, both in characters.
    ``held`` says why the specifier is not to be edited; empty where it may be.
    """

    at: int
    span: Span
    dialect: Dialect
    held: str = ""


@dataclass(frozen=True, slots=True)
class Locked:
    """The release of flax in a file that another tool writes. ``by_hand`` makes it anew."""

    at: int
    version: str
    by_hand: str
