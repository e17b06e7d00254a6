"""``cell.initialize_carry(rng, batch_dims, size)`` on an instance."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision, Edit, Replace
from rnn_codemod.findings import Applicability
from rnn_codemod.reading.facts import CarryCall, Construction
from rnn_codemod.reading.width import Width
from rnn_codemod.rules.axes import one_line
from rnn_codemod.rules.carry_init import carry_init
from rnn_codemod.rules.forms import (
    constructor,
    evaluated_once,
    inside_function,
    shaped_by_input,
    size_in_shape,
    width_of,
)
from rnn_codemod.rules.rule import CannotWrite, Context, Rule

MESSAGE = "initialize_carry is given batch_dims and size"


def find(context: Context) -> Iterator[Decision]:
    for carry in context.reading.facts.carries:
        if carry.own or carry.convolutional or carry.classes:
            continue
        try:
            yield _decide(context, carry)
        except CannotWrite as why:
            recipe = "cell.initialize_carry(rng, (*batch_dims, size)), with features=size in cell"
            yield rule.refuse(context, carry.node, MESSAGE, str(why), recipe)


def _decide(context: Context, carry: CarryCall) -> Decision:
    if not carry.parts:
        raise CannotWrite("the arguments are not (rng, batch_dims, size)")
    made = _constructions(context, carry)
    if not made:
        edits = _same_receiver(context, carry)
        return rule.rewrite(
            context,
            carry.node,
            MESSAGE,
            *edits,
            reason="the cell comes from elsewhere; its features should be this size",
            applicability=Applicability.REVIEW,
            recipe=(_new_call(carry),),
        )
    if all(knows_size(context, construction, carry) for construction in made):
        return rule.rewrite(context, carry.node, MESSAGE, *_same_receiver(context, carry))
    if carry.unsure or any(value.node is None for value in carry.instances):
        raise CannotWrite("the cell may come from elsewhere, with another size")
    return rule.rewrite(context, carry.node, MESSAGE, *_detached(context, carry, made))


def _new_call(carry: CarryCall) -> str:
    receiver, size = ast.unparse(carry.receiver), ast.unparse(carry.parts["size"])
    batch = ast.Tuple([ast.Starred(carry.parts["batch_dims"]), carry.parts["size"]])
    if isinstance(carry.parts["batch_dims"], ast.Tuple):
        batch = ast.Tuple([*carry.parts["batch_dims"].elts, carry.parts["size"]])
    given = f"{ast.unparse(carry.parts['rng'])}, {ast.unparse(batch)}"
    return f"{receiver}.initialize_carry({given}), with features={size} in the cell"


def _constructions(context: Context, carry: CarryCall) -> list[Construction]:
    """Where the instance is built in this file; empty where it only comes from elsewhere."""
    nodes = [value.node for value in carry.instances if value.node is not None]
    found = [context.reading.facts.construction(node) for node in nodes]
    return [made for made in found if made is not None]


def knows_size(context: Context, made: Construction, carry: CarryCall) -> bool:
    """Whether the cell has, or is about to get, this very size as its features."""
    size = carry.parts["size"]
    if made.legacy:
        width = width_of(context, made)
        if not isinstance(width, Width) or width.origin is None:
            return False
        try:
            constructor(context, made, width)
        except CannotWrite:
            return False
        if _seen_from(carry) == ast.unparse(width.origin):
            return True
        return ast.dump(width.origin) == ast.dump(size) and context.reading.purity.portable(
            size, size, made.node
        )
    given = made.keyword("features")
    return (
        given is not None
        and ast.dump(given.value) == ast.dump(size)
        and context.reading.purity.portable(given.value, given.value, carry.node)
        and not made.may_set("param_dtype")
        and "init_fn" not in carry.parts
        and not context.reading.wide_floats
    )


def _seen_from(carry: CarryCall) -> str | None:
    """The size of ``a.b.cell.initialize_carry(..., a.b.n)`` as the owner of the cell writes it."""
    receiver, size = carry.receiver, carry.parts["size"]
    if not isinstance(receiver, ast.Attribute) or not isinstance(size, ast.Attribute):
        return None
    same = ast.dump(receiver.value) == ast.dump(size.value)
    return f"self.{size.attr}" if same else None


def _same_receiver(context: Context, carry: CarryCall) -> list[Edit]:
    return shaped_by_input(context, carry, size_in_shape(context, carry.parts["size"]))


def _detached(context: Context, carry: CarryCall, made: list[Construction]) -> list[Edit]:
    """The carry from a cell of its own, since the instance cannot be told this size."""
    reading = context.reading
    evaluated_once(context, carry)
    names = {ast.unparse(construction.node.func) for construction in made}
    if len(names) != 1:
        raise CannotWrite("the instance may be of several classes")
    (name,) = names
    root = made[0].node.func
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name):
        raise CannotWrite("the class of the cell has no name here")
    mine, other = reading.scopes.lookup(root.id, carry.node), reading.scopes.lookup(root.id, root)
    if mine is None or other is None or mine[0] is not other[0] or len(mine[1]) != 1:
        raise CannotWrite("the class of the cell has no name here")
    size = carry.parts["size"]
    fields = [f"features={one_line(reading.source.segment(size))}"]
    initializer = carry_init(reading, carry)
    if initializer is not None:
        fields.append(f"carry_init={initializer}")
    if inside_function(reading, carry.node):
        fields.append("parent=None")
    return [
        Replace(reading.source.span(carry.receiver), f"{name}({', '.join(fields)})"),
        *shaped_by_input(context, carry, size_in_shape(context, size)),
    ]


rule = Rule(
    name="instance_carry",
    summary="initialize_carry is called on an instance in the old form",
    explanation=(
        "An instance now knows its features, and initialize_carry is given the shape of an "
        "input. Where the instance cannot be told the size that was given here, the carry is "
        "made by a cell of its own."
    ),
    before="cell = nn.GRUCell()\ncarry = cell.initialize_carry(key, (4,), 8)\n",
    after="cell = nn.GRUCell(features=8)\ncarry = cell.initialize_carry(key, (4, 8))\n",
    find=find,
)
