"""``flax.nn``, the API before linen: reported, never rewritten."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision
from rnn_codemod.reading.value import Dotted
from rnn_codemod.rules.rule import Context, Rule

MESSAGE = "a recurrent cell of flax.nn, the API before linen"
_NAMES = {"LSTMCell", "OptimizedLSTMCell", "GRUCell", "ConvLSTM", "RNNCellBase"}
_HOMES = ("flax.nn", "flax.deprecated.nn")


def find(context: Context) -> Iterator[Decision]:
    for node in context.reading.source.nodes:
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
            for value in context.reading.values.of(node):
                if isinstance(value, Dotted) and _is_cell(value.name):
                    yield rule.refuse(
                        context,
                        node,
                        MESSAGE,
                        "flax.nn was removed in Flax 0.4 and has another module system",
                        "rewrite the module for flax.linen first",
                    )


def _is_cell(name: str) -> bool:
    home, _, last = name.rpartition(".")
    return last in _NAMES and any(home == old or home.startswith(f"{old}.") for old in _HOMES)


rule = Rule(
    name="pre_linen",
    summary="a recurrent cell of flax.nn",
    explanation=(
        "flax.nn had modules without instances; its code has to be rewritten for flax.linen by "
        "hand. Such cells are reported and left as they are."
    ),
    before="from flax import nn\ncarry = nn.LSTMCell.initialize_carry(key, (4,), 8)\n",
    after="from flax import nn\ncarry = nn.LSTMCell.initialize_carry(key, (4,), 8)\n",
    find=find,
)
