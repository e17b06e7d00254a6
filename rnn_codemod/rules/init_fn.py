"""``initialize_carry(..., init_fn=f)`` becomes the field ``carry_init``."""

from __future__ import annotations

from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision
from rnn_codemod.rules import static_carry
from rnn_codemod.rules.rule import Context, Rule

MESSAGE = "initialize_carry is given init_fn, which is now the field carry_init"


def find(context: Context) -> Iterator[Decision]:
    for carry in context.reading.facts.carries:
        if carry.own or carry.convolutional or not carry.classes:
            continue
        if "init_fn" in carry.parts:
            yield static_carry.decide(rule, context, carry, MESSAGE)


rule = Rule(
    name="init_fn",
    summary="initialize_carry is given an init_fn",
    explanation=(
        "The initializer of the carry is now the cell's field carry_init, called with "
        "(key, shape, param_dtype). The initializers of flax and jax take that third argument; "
        "any other function is wrapped, so that it is called as before."
    ),
    before="carry = nn.GRUCell.initialize_carry(key, (4,), 8, nn.initializers.ones)\n",
    after=(
        "carry = nn.GRUCell(features=8, carry_init=nn.initializers.ones)"
        ".initialize_carry(key, (4, 8))\n"
    ),
    find=find,
)
