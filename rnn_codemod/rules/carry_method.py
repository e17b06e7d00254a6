"""A user's cell whose initialize_carry, a method of the instance, takes batch_dims."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision
from rnn_codemod.reading.definitions import is_classmethod, is_static
from rnn_codemod.reading.kinds import Kind
from rnn_codemod.reading.own_carry import legacy_method
from rnn_codemod.rules.cell_uses import uses_of
from rnn_codemod.rules.rnn_size import run_by
from rnn_codemod.rules.rule import Context, Rule
from rnn_codemod.rules.whole_cell import Words, own_cells, whole

WORDS = Words(
    "the cell's method initialize_carry takes batch_dims",
    "a use of a cell that now takes input_shape",
    (
        "def initialize_carry(self, rng, input_shape):",
        "    batch_dims = input_shape[:-1]",
        "@property",
        "def num_feature_axes(self) -> int:",
        "    return 1",
    ),
    "cell.initialize_carry(rng, (*batch_dims, size)), or nn.RNN(cell) without a size",
)
LAYER = "nn.RNN is given a size, and runs a cell that takes batch_dims"
OTHER_FORM = "its parameters are not (rng, batch_dims, size), by these names"


def find(context: Context) -> Iterator[Decision]:
    reading = context.reading
    for kind in own_cells(context):
        definition = kind.definition
        assert definition is not None
        method = legacy_method(definition)
        if method is not None and not is_static(method) and not _is_guarded(context, method):
            yield from whole(rule, WORDS, context, uses_of(context, kind, method))
        other = _other_form(kind)
        if other is not None and definition in reading.scopes and not _is_guarded(context, other):
            yield rule.refuse(context, other, WORDS.of_class, OTHER_FORM, *WORDS.recipe)
    for layer in reading.facts.layers:
        if any(_other_form(kind) for kind in run_by(context, layer)):
            reason = "the cell that it runs has to change first"
            yield rule.refuse(context, layer.node, LAYER, reason, "nn.RNN(cell, ...)")


def _is_guarded(context: Context, method: ast.FunctionDef) -> bool:
    """Whether the method is one of two alternatives, one for each API."""
    return method in context.reading.scopes and context.reading.guards.covers(method)


def _other_form(kind: Kind) -> ast.FunctionDef | None:
    """The method of an instance that takes three arguments in a form that is not legacy code's."""
    if kind.carry_class is None or legacy_method(kind.carry_class) is not None:
        return None
    if "num_feature_axes" in ast.unparse(kind.carry_class):
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
        "input_shape) now. A method of the instance takes input_shape then; a cell whose carry "
        "depends on the size gets the field features, one that knows its width stays as it is "
        "built. The class and all its uses change together or not at all."
    ),
    before=(
        "class Leaky(nn.RNNCellBase):\n"
        "    width: int\n"
        "\n"
        "    def initialize_carry(self, rng, batch_dims, size=None):\n"
        "        return jnp.zeros((*batch_dims, self.width))\n"
        "\n"
        "\n"
        "layer = nn.RNN(Leaky(width=8), 8)\n"
    ),
    after=(
        "class Leaky(nn.RNNCellBase):\n"
        "    width: int\n"
        "\n"
        "    def initialize_carry(self, rng, input_shape):\n"
        "        batch_dims = input_shape[:-1]\n"
        "        return jnp.zeros((*batch_dims, self.width))\n"
        "\n"
        "    @property\n"
        "    def num_feature_axes(self) -> int:\n"
        "        return 1\n"
        "\n"
        "\n"
        "layer = nn.RNN(Leaky(width=8))\n"
    ),
    find=find,
)
