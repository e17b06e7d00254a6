"""With ``--style idiomatic``: a wrapper module knows its width, as flax's cells do."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision
from rnn_codemod.rules.rule import Context, Rule
from rnn_codemod.style.plan import plans


def find(context: Context) -> Iterator[Decision]:
    done: set[ast.AST] = set()
    for plan in plans(context):
        reason = f"{plan.name} has a field features now, here and in all files"
        for node, message, edits in plan.sites:
            if node not in done:
                yield rule.rewrite(context, node, message, *edits, reason=reason)
            done.add(node)


def notes(context: Context) -> tuple[str, ...]:
    """Which wrappers of the file keep their signature, and why."""
    return tuple(
        f"{plan.name} keeps its signature: {plan.kept}"
        for plan in plans(context)
        if plan.kept and plan.defined_here
    )


rule = Rule(
    name="idiomatic",
    summary="a wrapper module could know its features",
    explanation=(
        "Only with --style idiomatic. A module around a cell, with a static method that makes "
        "the cell's carry, gets a field features, as flax's cells have one. The class and all "
        "its uses, in every file given, change together or not at all; where that cannot be "
        "proved the wrapper keeps its signature, and a warning says why. Parameters keep their "
        "names."
    ),
    before=(
        "class Scanned(nn.Module):\n"
        "    @nn.compact\n"
        "    def __call__(self, carry, x):\n"
        "        return nn.GRUCell()(carry, x)\n"
        "\n"
        "    @staticmethod\n"
        "    def initialize_carry(batch_dims, size):\n"
        "        return nn.GRUCell.initialize_carry(key, batch_dims, size)\n"
        "\n"
        "\n"
        "model = Scanned()\n"
        "carry = Scanned.initialize_carry((2,), 5)\n"
        "out = model.init_with_output(key, carry, jnp.ones((2, 3)))\n"
    ),
    after=(
        "class Scanned(nn.Module):\n"
        "    features: int\n"
        "\n"
        "    @nn.compact\n"
        "    def __call__(self, carry, x):\n"
        "        return nn.GRUCell(features=self.features)(carry, x)\n"
        "\n"
        "    @nn.nowrap\n"
        "    def initialize_carry(self, input_shape):\n"
        "        return nn.GRUCell(features=self.features, parent=None)"
        ".initialize_carry(key, input_shape)\n"
        "\n"
        "\n"
        "model = Scanned(features=5)\n"
        "carry = model.initialize_carry((2, 5))\n"
        "out = model.init_with_output(key, carry, jnp.ones((2, 3)))\n"
    ),
    find=find,
)
