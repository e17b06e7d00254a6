"""A lifted cell class, ``nn.scan(nn.LSTMCell, ...)``, built without ``features``."""

from __future__ import annotations

from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision
from rnn_codemod.rules import missing_features
from rnn_codemod.rules.rule import Context, Rule

MESSAGE = "the lifted cell is built without features"


def find(context: Context) -> Iterator[Decision]:
    for made in missing_features.bare(context):
        if not made.node.args and any(cls.lifted for cls in made.classes):
            yield missing_features.decide(rule, context, made, MESSAGE)


rule = Rule(
    name="lifted_class",
    summary="a lifted cell class is built without features",
    explanation=(
        "nn.scan, nn.vmap and nn.remat of a cell class give a class with the same fields. Each "
        "construction of it gets the width of its own carry."
    ),
    before='GRU = nn.scan(nn.GRUCell, variable_broadcast="params")\ncarry, ys = GRU()(carry, xs)\n',
    after=(
        'GRU = nn.scan(nn.GRUCell, variable_broadcast="params")\n'
        "carry, ys = GRU(features=carry.shape[-1])(carry, xs)\n"
    ),
    find=find,
)
