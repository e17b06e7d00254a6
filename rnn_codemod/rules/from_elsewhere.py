"""A cell that gets features which only other places tell."""

from __future__ import annotations

from rnn_codemod.editing.edits import AddArgument, Edit
from rnn_codemod.reading.facts import Construction
from rnn_codemod.reading.kinds import CarryForm
from rnn_codemod.reading.value import POSITIONAL
from rnn_codemod.rules.carry_init import plain_zeros, stays_float32
from rnn_codemod.rules.forms import named_arguments
from rnn_codemod.rules.rule import CannotWrite, Context


def check_plain(made: Construction) -> None:
    """Raise CannotWrite unless it can be told from elsewhere what this cell's features are."""
    line = made.node.lineno
    odd = [cls for cls in made.classes if cls.lifted or cls.turned or POSITIONAL in cls.bound]
    if any(k.own_carry or k.convolutional or k.carry is CarryForm.ANY for k in made.kinds):
        raise CannotWrite(f"the cell in line {line} is of another sort")
    if made.unsure or odd or made.spread != frozenset():
        raise CannotWrite(f"it is not known what the cell in line {line} is given")


def with_features(context: Context, made: Construction, features: str) -> list[Edit]:
    """A cell whose carry is made elsewhere gets its features, and keeps the carry's dtype."""
    reading = context.reading
    span = reading.source.span(made.node)
    edits: list[Edit] = [AddArgument(span, "features", features, first=True)]
    if made.node.args:
        edits += named_arguments(reading, made)
    if reading.wide_floats or not stays_float32(reading, made):
        edits.append(AddArgument(span, "carry_init", plain_zeros(reading)))
    return edits
