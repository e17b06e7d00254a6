"""A user's cell whose initialize_carry, a method of the instance, takes batch_dims: reported."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision
from rnn_codemod.reading.definitions import is_classmethod, is_static
from rnn_codemod.reading.kinds import Kind
from rnn_codemod.rules.rnn_size import run_by
from rnn_codemod.rules.rule import Context, Rule

METHOD = "the cell's method initialize_carry takes batch_dims"
LAYER = "nn.RNN is given a size, and runs a cell that takes batch_dims"
REASON = "nn.RNN gives input_shape since Flax 0.7, the axis of the features included"
RECIPE = (
    "def initialize_carry(self, rng, input_shape):",
    "    batch_dims = input_shape[:-1]",
    "@property",
    "def num_feature_axes(self) -> int:",
    "    return 1",
)


def find(context: Context) -> Iterator[Decision]:
    reading = context.reading
    for node in reading.source.nodes:
        if isinstance(node, ast.ClassDef):
            kind = reading.values.cell_kind(node)
            if kind is not None and kind.carry_class is node:
                method = _old_method(kind)
                if method is not None and not reading.guards.covers(method):
                    yield rule.refuse(context, method, METHOD, REASON, *RECIPE)
    for layer in reading.facts.layers:
        if any(_old_method(kind) for kind in run_by(context, layer)):
            reason = "the cell that it runs has to change first"
            yield rule.refuse(context, layer.node, LAYER, reason, "nn.RNN(cell, ...)")


def _old_method(kind: Kind) -> ast.FunctionDef | None:
    """The method of an instance that creates the carry from (rng, batch_dims, size)."""
    if kind.carry_class is None or "num_feature_axes" in ast.unparse(kind.carry_class):
        return None
    for method in kind.carry_class.body:
        if isinstance(method, ast.FunctionDef) and method.name == "initialize_carry":
            bound = not (is_static(method) or is_classmethod(method))
            return method if bound and _takes_size(method.args) else None
    return None


def _takes_size(args: ast.arguments) -> bool:
    """Whether a third argument has to be given, or is the size by its name."""
    named = [*args.posonlyargs, *args.args][1:]
    return len(named) >= 3 and (len(named) - len(args.defaults) >= 3 or named[2].arg == "size")


rule = Rule(
    name="carry_method",
    summary="a user's cell whose method initialize_carry takes batch_dims",
    explanation=(
        "nn.RNN called initialize_carry with (rng, batch_dims, size), and calls it with (rng, "
        "input_shape) now. A cell of the user's own that has it as a method of the instance is "
        "reported, and so is each nn.RNN that is given a size for it."
    ),
    before=(
        "class Leaky(nn.RNNCellBase):\n"
        "    def initialize_carry(self, rng, batch_dims, size):\n"
        "        return jnp.zeros(batch_dims + (size,))\n"
    ),
    after=(
        "class Leaky(nn.RNNCellBase):\n"
        "    def initialize_carry(self, rng, batch_dims, size):\n"
        "        return jnp.zeros(batch_dims + (size,))\n"
    ),
    find=find,
)
