"""A user's cell with its own static carry: the class and all its uses change together."""

from __future__ import annotations

from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision
from rnn_codemod.reading.definitions import is_static
from rnn_codemod.reading.own_carry import legacy_method, other_form
from rnn_codemod.rules.cell_uses import uses_of
from rnn_codemod.rules.rnn_size import run_by
from rnn_codemod.rules.rule import Context, Rule
from rnn_codemod.rules.whole_cell import Words, own_cells, whole

WORDS = Words(
    "the cell creates its carry from batch_dims and size",
    "a use of a cell that now has features",
    (
        "features: int",
        "@nn.nowrap",
        "def initialize_carry(self, rng, input_shape):",
        "    batch_dims, size = input_shape[:-1], self.features",
    ),
    "Cell(features=size, ...).initialize_carry(rng, (*batch_dims, size))",
)


LAYER = "nn.RNN is given a size, and runs a cell that creates its carry from it"
OTHER_FORM = "its parameters are not (rng, batch_dims, size), each with a name"


def find(context: Context) -> Iterator[Decision]:
    reading = context.reading
    for kind in own_cells(context):
        assert kind.definition is not None
        method = legacy_method(kind.definition)
        if method is not None and is_static(method):
            yield from whole(rule, WORDS, context, uses_of(context, kind, method))
        other = other_form(kind.definition)
        if other is None or other not in reading.scopes or reading.guards.covers(other):
            continue
        if is_static(other):
            yield rule.refuse(context, other, WORDS.of_class, OTHER_FORM, *WORDS.recipe)
    for layer in reading.facts.layers:
        carriers = (kind.carry_class for kind in run_by(context, layer))
        if any(other_form(carrier) for carrier in carriers if carrier is not None):
            reason = "the cell that it runs has to change first"
            yield rule.refuse(context, layer.node, LAYER, reason, "nn.RNN(cell, ...)")


rule = Rule(
    name="custom_cell",
    summary="a user's cell with a static initialize_carry",
    explanation=(
        "A cell of the user's own gets what flax's cells got: the field features, "
        "initialize_carry as a method that is not wrapped, and num_feature_axes. The class and "
        "all constructions and carry calls change together or not at all; a class that other "
        "files use is reported."
    ),
    before=(
        "class Leaky(nn.RNNCellBase):\n"
        "    @staticmethod\n"
        "    def initialize_carry(rng, batch_dims, size):\n"
        "        return jnp.zeros(batch_dims + (size,))\n"
    ),
    after=(
        "class Leaky(nn.RNNCellBase):\n"
        "    features: int\n"
        "\n"
        "    @nn.nowrap\n"
        "    def initialize_carry(self, rng, input_shape):\n"
        "        batch_dims, size = input_shape[:-1], self.features\n"
        "        return jnp.zeros(batch_dims + (size,))\n"
        "\n"
        "    @property\n"
        "    def num_feature_axes(self) -> int:\n"
        "        return 1\n"
    ),
    find=find,
)
