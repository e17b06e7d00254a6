"""A user's cell without initialize_carry, run by ``nn.RNN`` on the carries that callers give."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision
from rnn_codemod.reading.facts import RnnCall
from rnn_codemod.reading.kinds import ANY_CELL
from rnn_codemod.reading.numbers import is_whole_number
from rnn_codemod.reading.value import CellClass, CellInstance
from rnn_codemod.rules.cell_class import feature_axes, other_files
from rnn_codemod.rules.rnn_size import run_by, without_size
from rnn_codemod.rules.rule import CannotWrite, Context, Rule

CLASS = "nn.RNN asks the cell for num_feature_axes"
LAYER = "nn.RNN is given a size that its cell has no use for"
RECIPE = ("@property", "def num_feature_axes(self) -> int:", "    return 1")


def find(context: Context) -> Iterator[Decision]:
    for cell in dict.fromkeys((*_defined_here(context), *_run_here(context))):
        layers = list(_layers(context, cell))
        try:
            files = [context, *other_files(context, cell)]
            if not any(True for file in files for _ in _layers(file, cell)):
                continue
            _check(files, cell)
            method = _last_method(cell)
            here = cell in context.reading.scopes and not _knows_its_axes(cell)
            axes = [feature_axes(context, method)] if here else []
        except CannotWrite as why:
            for layer in layers:
                yield rule.refuse(context, layer.node, LAYER, str(why), *RECIPE)
            continue
        if axes:
            yield rule.rewrite(context, cell, CLASS, *axes)
        for layer in layers:
            yield rule.rewrite(context, layer.node, LAYER, *without_size(context, layer))


def _defined_here(context: Context) -> Iterator[ast.ClassDef]:
    for node in context.reading.source.nodes:
        if isinstance(node, ast.ClassDef):
            kind = context.reading.values.cell_kind(node)
            if kind is not None and kind.carryless:
                yield node


def _run_here(context: Context) -> Iterator[ast.ClassDef]:
    for layer in context.reading.facts.layers:
        for kind in sorted(run_by(context, layer), key=lambda kind: kind.name):
            if kind.carryless and kind.definition is not None:
                yield kind.definition


def _layers(context: Context, cell: ast.ClassDef) -> Iterator[RnnCall]:
    """The layers that run the cell and are given a size, in the place of time_major or by name."""
    for layer in context.reading.facts.layers:
        if any(kind.definition is cell for kind in run_by(context, layer)):
            new = _knows_its_axes(cell) and layer.size in layer.node.args
            if not new or is_whole_number(context.reading, layer.size):
                yield layer


def _knows_its_axes(cell: ast.ClassDef) -> bool:
    return "num_feature_axes" in ast.unparse(cell)


def _check(files: list[Context], cell: ast.ClassDef) -> None:
    """Raise CannotWrite unless every nn.RNN runs it over one axis of features."""
    home = next(file for file in files if cell in file.reading.scopes)
    bases = [value for base in cell.bases for value in home.reading.values.of(base)]
    if bases != [CellClass(ANY_CELL)]:
        raise CannotWrite(f"{cell.name} has other bases, which may create its carry")
    for file in files:
        for layer in _layers(file, cell):
            where = f"line {layer.node.lineno} of {file.reading.values.path}".removesuffix(" of ")
            if len(run_by(file, layer)) > 1 or not _is_known(file, layer):
                raise CannotWrite(f"nn.RNN in {where} may run another cell")
            if not is_whole_number(file.reading, layer.size) or not file.reading.purity.pure(
                layer.size
            ):
                raise CannotWrite(f"the size in {where} may be a tuple")


def _is_known(context: Context, layer: RnnCall) -> bool:
    values = context.reading.values.of(layer.cell)
    return all(isinstance(value, CellInstance) for value in values)


def _last_method(cell: ast.ClassDef) -> ast.FunctionDef:
    last = cell.body[-1]
    if not isinstance(last, ast.FunctionDef):
        raise CannotWrite(f"{cell.name} does not end with a method")
    return last


rule = Rule(
    name="carryless_cell",
    summary="nn.RNN runs a user's cell that creates no carry",
    explanation=(
        "Such a cell is only run on carries that its callers give. Of the size nn.RNN took how "
        "many axes of the inputs are features, and nothing else; since Flax 0.7 it asks the cell "
        "for num_feature_axes. The class and all its layers change together or not at all."
    ),
    before=(
        "class Decoder(nn.RNNCellBase):\n"
        "    @nn.compact\n"
        "    def __call__(self, carry, x):\n"
        "        return carry, nn.Dense(5)(carry + x)\n"
        "\n"
        "\n"
        "decoder = nn.RNN(Decoder(), 64, name='decoder')\n"
    ),
    after=(
        "class Decoder(nn.RNNCellBase):\n"
        "    @nn.compact\n"
        "    def __call__(self, carry, x):\n"
        "        return carry, nn.Dense(5)(carry + x)\n"
        "\n"
        "    @property\n"
        "    def num_feature_axes(self) -> int:\n"
        "        return 1\n"
        "\n"
        "\n"
        "decoder = nn.RNN(Decoder(), name='decoder')\n"
    ),
    find=find,
)
