"""A cell built without ``features``."""

from __future__ import annotations

from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision, Edit
from rnn_codemod.reading.facts import Construction
from rnn_codemod.reading.kinds import CarryForm, Kind
from rnn_codemod.reading.own_carry import legacy_method
from rnn_codemod.reading.value import POSITIONAL
from rnn_codemod.reading.width import NoWidth
from rnn_codemod.rules.forms import constructor, recipe_for, width_of
from rnn_codemod.rules.hoist import hoisted_carry
from rnn_codemod.rules.rule import CannotWrite, Context, Rule

MESSAGE = "the cell is built without features"


def find(context: Context) -> Iterator[Decision]:
    for made in bare(context):
        plain = not any(cls.lifted or POSITIONAL in cls.bound for cls in made.classes)
        if not made.node.args and plain:
            yield decide(rule, context, made, MESSAGE)


def bare(context: Context) -> Iterator[Construction]:
    """The constructions without ``features``, save those that an nn.RNN gives their size."""
    for made in context.reading.facts.constructions:
        custom = any(
            kind.definition is not None and (_changes(kind) or kind.carry is CarryForm.ANY)
            for kind in made.kinds
        )
        if not made.legacy or custom:
            continue
        width = width_of(context, made)
        if isinstance(width, NoWidth) or not (width.cell or context.reading.sites.layers(made)):
            yield made  # Others are written by the rules for the cell around it, or its layer.


def _changes(kind: Kind) -> bool:
    """Whether the rule for users' cells gives it its features."""
    return kind.carry_class is not None and legacy_method(kind.carry_class) is not None


def decide(by: Rule, context: Context, made: Construction, message: str) -> Decision:
    """Give one construction its features in the name of the rule ``by``."""
    if made.unsure:
        reason = "the class may be any that is given"
        return by.refuse(context, made.node, message, reason, recipe_for(context, made))
    unknown = _unknown_fields(made)
    if unknown:
        reason = f"the cell never had a field {unknown[0]}"
        return by.refuse(context, made.node, message, reason, recipe_for(context, made))
    if any(kind.own_carry for kind in made.kinds):
        reason = "it creates its carry in a way of its own, and its base now needs features"
        return by.refuse(context, made.node, message, reason, recipe_for(context, made))
    width = width_of(context, made)
    moved: list[Edit] = []
    if isinstance(width, NoWidth):
        hoisted = hoisted_carry(context.reading, made)
        if hoisted is None:
            return by.refuse(context, made.node, message, width.reason, recipe_for(context, made))
        width, move = hoisted
        moved = [move]
    try:
        edits = [*constructor(context, made, width), *moved]
    except CannotWrite as why:
        return by.refuse(context, made.node, message, str(why), recipe_for(context, made))
    return by.rewrite(context, made.node, message, *edits, reason=f"features is {width.reason}")


def _unknown_fields(made: Construction) -> list[str]:
    """Keywords that the cell did not take before either."""
    fields = {name for kind in made.kinds for name in kind.fields or ()}
    if any(kind.fields is None for kind in made.kinds):
        return []
    given = [keyword.arg for keyword in made.node.keywords if keyword.arg]
    return [name for name in given if name not in fields]


rule = Rule(
    name="missing_features",
    summary="a cell is built without features",
    explanation=(
        "Since Flax 0.7 a cell is told its width. It is taken from the size that the cell's own "
        "carry is created with, or read off the carry where the cell is applied to it: that is "
        "always right, because a dense cell takes its width from the carry in both APIs."
    ),
    before="carry, y = nn.LSTMCell()(carry, x)\n",
    after="carry, y = nn.LSTMCell(features=carry[0].shape[-1])(carry, x)\n",
    find=find,
)
