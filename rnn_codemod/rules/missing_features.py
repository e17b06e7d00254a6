"""A cell built without ``features``."""

from __future__ import annotations

from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision
from rnn_codemod.reading.facts import Construction
from rnn_codemod.reading.kinds import CarryForm
from rnn_codemod.reading.sizes import NoWidth
from rnn_codemod.rules.forms import CannotWrite, constructor, recipe_for, width_of
from rnn_codemod.rules.rule import Context, Rule

MESSAGE = "the cell is built without features"


def find(context: Context) -> Iterator[Decision]:
    for made in bare(context):
        if not made.node.args and not any(cls.lifted for cls in made.classes):
            yield decide(rule, context, made, MESSAGE)


def bare(context: Context) -> Iterator[Construction]:
    """The constructions without ``features`` that no nn.RNN gives a size."""
    for made in context.reading.facts.constructions:
        custom = any(
            kind.definition is not None and (kind.own_carry or kind.carry is CarryForm.ANY)
            for kind in made.kinds
        )
        if made.legacy and not custom and not context.reading.sizes.layers(made):
            yield made


def decide(by: Rule, context: Context, made: Construction, message: str) -> Decision:
    """Give one construction its features in the name of the rule ``by``."""
    width = width_of(context, made)
    if isinstance(width, NoWidth):
        return by.refuse(context, made.node, message, width.reason, recipe_for(context, made))
    try:
        edits = constructor(context, made, width)
    except CannotWrite as why:
        return by.refuse(context, made.node, message, str(why), recipe_for(context, made))
    return by.rewrite(context, made.node, message, *edits, reason=f"features is {width.reason}")


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
