"""Positional constructor arguments, which ``features`` would shift."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision
from rnn_codemod.reading.value import POSITIONAL, CellClass, Value
from rnn_codemod.rules import missing_features
from rnn_codemod.rules.rule import Context, Rule

MESSAGE = "positional arguments shift behind the new field features"


def find(context: Context) -> Iterator[Decision]:
    for made in missing_features.bare(context):
        bound = any(POSITIONAL in cls.bound for cls in made.classes)
        if bound:
            yield rule.refuse(context, made.node, MESSAGE, "a partial binds them", RECIPE)
        elif made.node.args:
            yield missing_features.decide(rule, context, made, MESSAGE)
    for node in context.reading.source.nodes:
        if isinstance(node, ast.Call) and len(node.args) > 1:
            if any(
                isinstance(v, CellClass) and POSITIONAL in v.bound for v in _made(context, node)
            ):
                reason = "the arguments of the partial have to be given their names"
                yield rule.refuse(context, node, MESSAGE, reason, RECIPE)


def _made(context: Context, node: ast.Call) -> frozenset[Value]:
    """What a call of functools.partial gives."""
    if context.reading.values.dotted(node.func) != "functools.partial":
        return frozenset()
    return context.reading.values.of(node)


RECIPE = "functools.partial(nn.LSTMCell, gate_fn=nn.hard_sigmoid)"


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
