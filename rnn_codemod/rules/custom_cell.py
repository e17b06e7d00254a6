"""A user's cell with its own static carry: the class and all its uses change together."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision
from rnn_codemod.reading.kinds import Kind
from rnn_codemod.reading.own_carry import legacy_method
from rnn_codemod.reading.value import CellInstance
from rnn_codemod.rules.cell_class import class_edits
from rnn_codemod.rules.cell_uses import (
    CellUses,
    edits_of,
    uses_of,
)
from rnn_codemod.rules.everywhere import check_everywhere
from rnn_codemod.rules.rule import CannotWrite, Context, Rule

CLASS = "the cell creates its carry from batch_dims and size"
USE = "a use of a cell that now has features"
RECIPE = (
    "features: int",
    "@nn.nowrap",
    "def initialize_carry(self, rng, input_shape):",
    "    batch_dims, size = input_shape[:-1], self.features",
)
RECIPE_FOR_USE = "Cell(features=size, ...).initialize_carry(rng, (*batch_dims, size))"


def find(context: Context) -> Iterator[Decision]:
    for kind in _cells_here(context):
        assert kind.definition is not None
        method = legacy_method(kind.definition)
        if method is not None:
            yield from _whole(context, uses_of(context, kind, method))


def _cells_here(context: Context) -> Iterator[Kind]:
    """The cells with a carry of their own that this file defines or uses, in a fixed order."""
    reading = context.reading
    kinds = [
        kind
        for node in reading.source.nodes
        if isinstance(node, ast.ClassDef) and (kind := reading.values.cell_kind(node))
    ]
    used = [made.kinds for made in reading.facts.constructions]
    used += [carry.kinds for carry in reading.facts.carries]
    for site in used:
        kinds.extend(sorted(site, key=lambda kind: kind.name))
    for layer in reading.facts.layers:
        found = [v.cls.kind for v in reading.values.of(layer.cell) if isinstance(v, CellInstance)]
        kinds.extend(sorted(found, key=lambda kind: kind.name))
    carriers = dict.fromkeys(kind.carry_class for kind in kinds if kind.carry_class)
    for node in carriers:
        kind = reading.values.cell_kind(node)
        assert kind is not None
        yield kind


def _whole(context: Context, cell: CellUses) -> Iterator[Decision]:
    name = cell.definition.name
    defined_here = cell.definition in context.reading.scopes
    try:
        more = check_everywhere(context, cell).initialized
        edits = (
            class_edits(context, cell.kind, cell.method, initialized=more) if defined_here else []
        )
        uses = edits_of(context, cell)
    except CannotWrite as why:
        if defined_here:
            yield rule.refuse(context, cell.method, CLASS, str(why), *RECIPE)
        reason = f"{name} and its uses change together or not at all"
        if not defined_here:
            reason = f"{reason}: {why}"
        for node in cell.nodes:
            yield rule.refuse(context, node, USE, reason, RECIPE_FOR_USE)
        return
    if defined_here:
        yield rule.rewrite(context, cell.method, CLASS, *edits)
    for node, changes in uses:
        yield rule.rewrite(context, node, USE, *changes)


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
