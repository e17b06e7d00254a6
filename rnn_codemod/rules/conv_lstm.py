"""ConvLSTM: its old name, and carries whose size is ``(*spatial, features)``."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.editing.edits import AddArgument, Decision, Edit, Replace
from rnn_codemod.reading.facts import CarryCall, Construction, given_features
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.source import Function
from rnn_codemod.reading.value import CellClass
from rnn_codemod.rules.axes import axes, last_axis, one_line
from rnn_codemod.rules.forms import (
    after_receiver,
    inside_function,
    paired,
    pairs_allowed,
    shaped_by_input,
)
from rnn_codemod.rules.rule import CannotWrite, Context, Rule

RENAMED = "ConvLSTM is now called ConvLSTMCell"
CARRY = "the carry of a ConvLSTMCell is created from its size"
RECIPE = "cell.initialize_carry(rng, (*batch_dims, *size)), with size[-1] the cell's features"


def find(context: Context) -> Iterator[Decision]:
    yield from _renamed(context)
    for carry in context.reading.facts.carries:
        if carry.convolutional and not carry.own:
            try:
                edits = _carry(context, carry)
            except CannotWrite as why:
                yield rule.refuse(context, carry.node, CARRY, str(why), RECIPE)
            else:
                yield rule.rewrite(context, carry.node, CARRY, *edits)


def _renamed(context: Context) -> Iterator[Decision]:
    reading = context.reading
    for node in reading.source.nodes:
        if isinstance(node, ast.Attribute) and node.attr == "ConvLSTM":
            if _is_old(reading, node) and not reading.guards.covers(node):
                end = reading.source.span(node)[1]
                rename = Replace((end - len("ConvLSTM"), end), "ConvLSTMCell")
                yield _rename(context, node, rename)
        elif isinstance(node, ast.ImportFrom):
            yield from _imported(context, node)


def _is_old(reading: Reading, node: ast.expr) -> bool:
    return any(
        isinstance(value, CellClass) and value.kind.name == "ConvLSTM" and not value.lifted
        for value in reading.values.of(node)
    )


def _imported(context: Context, node: ast.ImportFrom) -> Iterator[Decision]:
    reading = context.reading
    if node.module not in ("flax.linen", "flax.linen.recurrent") or reading.guards.covers(node):
        return
    for alias in node.names:
        if alias.name != "ConvLSTM":
            continue
        start = reading.source.span(alias)[0]
        rename = Replace((start, start + len("ConvLSTM")), "ConvLSTMCell")
        uses: list[Edit] = []
        if alias.asname is None:
            uses = [
                Replace(reading.source.span(name), "ConvLSTMCell")
                for name in reading.source.nodes
                if isinstance(name, ast.Name) and name.id == "ConvLSTM" and _is_old(reading, name)
            ]
        try:
            names = [
                edit
                for made in reading.facts.constructions
                if isinstance(made.node.func, ast.Name) and _is_old(reading, made.node.func)
                for edit in _kept_name(context, made)
            ]
        except CannotWrite as why:
            yield rule.refuse(context, node, RENAMED, str(why), _KEEP)
        else:
            yield rule.rewrite(context, node, RENAMED, rename, *uses, *names)


_KEEP = 'nn.ConvLSTMCell(..., name="ConvLSTM_0"), numbered as the old cells were'


def _rename(context: Context, node: ast.Attribute, rename: Edit) -> Decision:
    made = next((c for c in context.reading.facts.constructions if c.node.func is node), None)
    try:
        names = _kept_name(context, made) if made is not None else _lifted_name(context, node)
    except CannotWrite as why:
        return rule.refuse(context, node, RENAMED, str(why), _KEEP)
    return rule.rewrite(context, node, RENAMED, rename, *names)


def _lifted_name(context: Context, node: ast.Attribute) -> list[Edit]:
    """The constructions of a class that is lifted from ``node``."""
    edits: list[Edit] = []
    for made in context.reading.facts.constructions:
        if any(kind.name == "ConvLSTM" for kind in made.kinds) and any(
            cls.lifted for cls in made.classes
        ):
            if _auto_named(context.reading, made):
                raise CannotWrite("the lifted cell takes its name from the class")
    return edits


def _auto_named(reading: Reading, made: Construction) -> bool:
    if made.keyword("name") or made.keyword("parent"):
        return False
    function = reading.source.function(made.node)
    return function is not None and getattr(function, "name", "") != "setup"


def _kept_name(context: Context, made: Construction) -> list[Edit]:
    """``name="ConvLSTM_0"`` where the module had named the cell after its class."""
    reading = context.reading
    if not _auto_named(reading, made):
        return []
    if _used_outside(reading, made):
        return []
    cls = reading.source.method_class(made.node)
    if cls is None:
        raise CannotWrite("the function may build the cell inside a module, named after its class")
    function = reading.source.function(made.node)
    assert isinstance(function, Function)
    others = [
        c
        for c in reading.facts.constructions
        if c is not made
        and any(k.name == "ConvLSTM" for k in c.kinds)
        and reading.source.method_class(c.node) is cls
    ]
    looped = any(
        isinstance(up, ast.For | ast.While | ast.ListComp | ast.GeneratorExp)
        for up in reading.source.ancestors(made.node)
    )
    if others or looped:
        raise CannotWrite("several cells are numbered after the old class name")
    return [AddArgument(reading.source.span(made.node), "name", '"ConvLSTM_0"')]


def _used_outside(reading: Reading, made: Construction) -> bool:
    """Whether the cell is initialised on its own, so that no module names it."""
    return any(use.node.func is not use.cell for use in reading.sites.applications(made))


def _carry(context: Context, carry: CarryCall) -> list[Edit]:
    reading = context.reading
    if not carry.parts:
        raise CannotWrite("the arguments are not (rng, batch_dims, size)")
    if "init_fn" in carry.parts:
        raise CannotWrite("a ConvLSTMCell makes its carry of zeros, and init_fn has no field")
    if reading.wide_floats:
        raise CannotWrite("under x64 the carry would change its dtype")
    size = carry.parts["size"]
    if not reading.purity.cheap(size):
        raise CannotWrite("the size would be evaluated twice")
    last = axes(reading, size)
    if carry.instances and not carry.classes:
        _instance_agrees(context, carry, size)
        return shaped_by_input(context, carry, *last)
    if carry.instances:
        raise CannotWrite("the receiver may be a class or an instance")
    pair = reading.pairs.of_carry(carry) if pairs_allowed(context) else None
    if pair is not None:
        return paired(context, pair)
    _no_other_features(context, carry, size)
    fields = _fields(context, size, last)
    if inside_function(reading, carry.node):
        fields.append("parent=None")
    at = after_receiver(reading, carry)
    made = Replace((at, at), f"({', '.join(fields)})")
    return [made, *shaped_by_input(context, carry, *last)]


def _no_other_features(context: Context, carry: CarryCall, size: ast.expr) -> None:
    """Raise CannotWrite where a cell of the class in this function has other features."""
    function = context.reading.source.function(carry.node)
    for made in context.reading.facts.constructions:
        features = given_features(made)
        if (
            made.kinds & carry.kinds
            and context.reading.source.function(made.node) is function
            and isinstance(features, ast.Constant)
            and isinstance(last := last_axis(size), ast.Constant)
            and features.value != last.value
        ):
            raise CannotWrite("the size disagrees with the cell's features")


def _fields(context: Context, size: ast.expr, last: list[str]) -> list[str]:
    """``features`` and a kernel of the right rank; only the rank matters to a carry."""
    if len(last) == 1 and last[0].startswith("*"):
        text = one_line(context.reading.source.segment(size))
        return [f"features={text}[-1]", f"kernel_size=(1,) * (len({text}) - 1)"]
    *spatial, features = last
    spread = [axis[1:] for axis in spatial if axis.startswith("*")]
    if features.startswith("*") or len(spread) > 1:
        raise CannotWrite("the features are not the last axis that is written out")
    plain = len(spatial) - len(spread)
    if not spread:
        ones = ", ".join(["1"] * plain)
        return [f"features={features}", f"kernel_size=({ones}{',' if plain == 1 else ''})"]
    rank = f"len({spread[0]})" if plain == 0 else f"(len({spread[0]}) + {plain})"
    return [f"features={features}", f"kernel_size=(1,) * {rank}"]


def _instance_agrees(context: Context, carry: CarryCall, size: ast.expr) -> None:
    for value in carry.instances:
        made = context.reading.facts.construction(value.node) if value.node is not None else None
        features = given_features(made) if made is not None else None
        if features is None or made is None:
            raise CannotWrite("the cell is built outside this file")
        if made.may_set("param_dtype"):
            raise CannotWrite("param_dtype would now give the carry its dtype")
        last = last_axis(size)
        if last is None or ast.dump(last) != ast.dump(features):
            raise CannotWrite("the size may disagree with the cell's features")


rule = Rule(
    name="conv_lstm",
    summary="ConvLSTM under its old name, or a carry created from a spatial size",
    explanation=(
        "ConvLSTM became ConvLSTMCell in Flax 0.6.4; a cell that its module had named after the "
        "class keeps that name, so that checkpoints still load. Its carry takes the spatial axes "
        "from the shape of the input and the last one from the cell's own features, which must "
        "agree with the size that was given before."
    ),
    before="carry = nn.ConvLSTMCell.initialize_carry(key, (2,), (8, 8, 4))\n",
    after=(
        "carry = nn.ConvLSTMCell(features=4, kernel_size=(1, 1))"
        ".initialize_carry(key, (2, 8, 8, 4))\n"
    ),
    find=find,
)
