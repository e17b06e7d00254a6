"""Positional constructor arguments, which ``features`` would shift."""

from __future__ import annotations

from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision
from rnn_codemod.rules import missing_features
from rnn_codemod.rules.rule import Context, Rule

MESSAGE = "positional arguments shift behind the new field features"


def find(context: Context) -> Iterator[Decision]:
    for made in missing_features.bare(context):
        if made.node.args:
            yield missing_features.decide(rule, context, made, MESSAGE)


rule = Rule(
    name="positional_arguments",
    summary="a cell is given its fields by position",
    explanation=(
        "features is now the first field, so an activation that used to come first would be "
        "taken for a width, without any error where the cell is built. Positional arguments are "
        "given their names."
    ),
    before="carry, y = nn.GRUCell(nn.hard_sigmoid)(carry, x)\n",
    after="carry, y = nn.GRUCell(features=carry.shape[-1], gate_fn=nn.hard_sigmoid)(carry, x)\n",
    find=find,
)
