"""``Cell.initialize_carry(rng, batch_dims, size)`` on a cell class."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision
from rnn_codemod.reading.facts import CarryCall
from rnn_codemod.reading.inherited import base_of_another_size
from rnn_codemod.reading.value import CellClass
from rnn_codemod.rules.forms import detached, paired, pairs_allowed
from rnn_codemod.rules.rule import CannotWrite, Context, Rule

MESSAGE = "initialize_carry is called on the class"


def find(context: Context) -> Iterator[Decision]:
    for carry in context.reading.facts.carries:
        if carry.own or carry.convolutional or not carry.classes:
            continue
        if "init_fn" not in carry.parts:
            yield decide(rule, context, carry, MESSAGE)
    yield from _handed_on(context)


def _handed_on(context: Context) -> Iterator[Decision]:
    """``Cell.initialize_carry`` as a value: nobody knows with what it will be called."""
    reading = context.reading
    for node in reading.source.nodes:
        if not isinstance(node, ast.Attribute) or node.attr != "initialize_carry":
            continue
        outer = reading.source.parents[node]
        if (isinstance(outer, ast.Call) and outer.func is node) or reading.guards.covers(node):
            continue
        if any(
            isinstance(v, CellClass) and not v.kind.own_carry for v in reading.values.of(node.value)
        ):
            reason = "it is handed on, and its arguments are not in sight"
            yield rule.refuse(context, node, MESSAGE, reason, RECIPE)


def decide(by: Rule, context: Context, carry: CarryCall, message: str) -> Decision:
    """Rewrite one static carry call in the name of the rule ``by``."""
    if carry.instances:
        return by.refuse(
            context, carry.node, message, "the receiver may be a class or an instance", RECIPE
        )
    if carry.unsure:
        return by.refuse(context, carry.node, message, "the class may be any that is given", RECIPE)
    if not carry.parts:
        return by.refuse(
            context, carry.node, message, "the arguments are not (rng, batch_dims, size)", RECIPE
        )
    base = base_of_another_size(context.reading, carry)
    if base is not None:
        reason = f"the cell of {base.name}, which it derives from, is built for another size"
        return by.refuse(context, carry.node, message, reason, RECIPE)
    pair = context.reading.pairs.of_carry(carry) if pairs_allowed(context) else None
    try:
        if pair is not None:
            edits = paired(context, pair)
            return by.rewrite(context, carry.node, message, *edits, reason="one instance")
        return by.rewrite(context, carry.node, message, *detached(context, carry))
    except CannotWrite as why:
        return by.refuse(context, carry.node, message, str(why), RECIPE)


RECIPE = "Cell(features=size, parent=None).initialize_carry(rng, (*batch_dims, size))"

rule = Rule(
    name="static_carry",
    summary="initialize_carry is called on a cell class",
    explanation=(
        "Since Flax 0.7 initialize_carry is a method of an instance that knows its features, "
        "and is given the shape of an input. Where the cell itself is near, one instance serves "
        "both. Elsewhere a cell is built only for its carry, with parent=None, so that it does "
        "not take a name in the module around it."
    ),
    before=(
        "def first_state(key, batch, n):\n"
        "    return nn.GRUCell.initialize_carry(key, (batch,), n)\n"
    ),
    after=(
        "def first_state(key, batch, n):\n"
        "    return nn.GRUCell(features=n, parent=None).initialize_carry(key, (batch, n))\n"
    ),
    find=find,
)
