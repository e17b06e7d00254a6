"""A user's cell without initialize_carry, run by ``nn.RNN`` on the carries that callers give."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import replace

from rnn_codemod.around import Verdict
from rnn_codemod.editing.edits import Decision
from rnn_codemod.reading.facts import RnnCall
from rnn_codemod.reading.kinds import ANY_CELL
from rnn_codemod.reading.numbers import is_whole_number
from rnn_codemod.reading.value import CellClass, CellInstance
from rnn_codemod.rules.cell_class import (
    AXES,
    Unread,
    feature_axes,
    knows_its_axes,
    other_files,
)
from rnn_codemod.rules.everywhere import home_of, known_verdict, path_of
from rnn_codemod.rules.rnn_size import run_by, without_size
from rnn_codemod.rules.rule import CannotWrite, Context, Rule

CLASS = "nn.RNN asks the cell for num_feature_axes"
LAYER = "nn.RNN is given a size that its cell has no use for"
RECIPE = ("@property", "def num_feature_axes(self) -> int:", "    return 1")


def find(context: Context) -> Iterator[Decision]:
    for cell in dict.fromkeys((*_defined_here(context), *_run_here(context))):
        layers = list(_layers(context, cell))
        told = known_verdict(context, rule.name, cell) or _verdict(context, cell)
        try:
            if told.unread:
                raise Unread(told.unread, told.name)
            if not told.used:
                continue
            _check(context, cell)
            for path, why_not in told.faults:
                raise CannotWrite(f"{os.path.basename(path)}: {why_not}")
            here = cell in context.reading.scopes and not knows_its_axes(cell)
            axes = [feature_axes(context, _last_method(cell))] if here else []
        except CannotWrite as why:
            for layer in layers:
                yield rule.refuse(context, layer.node, LAYER, str(why), *RECIPE)
            continue
        if axes:
            yield rule.rewrite(context, cell, CLASS, *axes)
        for layer in layers:
            yield rule.rewrite(context, layer.node, LAYER, *without_size(context, layer))


def verdicts(context: Context) -> Iterator[Verdict]:
    """On each cell without a carry that the file of ``context`` defines."""
    for cell in _defined_here(context):
        yield _verdict(context, cell)


def _verdict(context: Context, cell: ast.ClassDef) -> Verdict:
    """What all files that may run the cell say of it."""
    told = Verdict(rule.name, home_of(context, cell), cell.name, cell.lineno)
    try:
        files = [context, *other_files(context, cell)]
    except Unread as why:
        return replace(told, unread=why.path)
    faults = []
    for file in files:
        try:
            _check(file, cell)
        except CannotWrite as why:
            faults.append((path_of(file), str(why)))
    used = any(True for file in files for _ in _layers(file, cell))
    return replace(told, used=used, faults=tuple(faults[:1]))


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
            new = knows_its_axes(cell) and layer.size in layer.node.args
            if not new or is_whole_number(context.reading, layer.size):
                yield layer


def _check(context: Context, cell: ast.ClassDef) -> None:
    """Raise CannotWrite unless every nn.RNN of one file runs it over one axis of features."""
    if cell in context.reading.scopes:
        bases = [value for base in cell.bases for value in context.reading.values.of(base)]
        if bases != [CellClass(ANY_CELL)]:
            raise CannotWrite(f"{cell.name} has other bases, which may create its carry")
        if not knows_its_axes(cell):
            _last_method(cell)
    for layer in _layers(context, cell):
        line = layer.node.lineno
        if len(run_by(context, layer)) > 1 or not _is_known(context, layer):
            raise CannotWrite(f"nn.RNN in line {line} may run another cell")
        whole = is_whole_number(context.reading, layer.size)
        if not whole or not context.reading.purity.pure(layer.size):
            raise CannotWrite(f"the size in line {line} may be a tuple")
        if knows_its_axes(cell) and not _has_one_axis(cell):
            raise CannotWrite(f"num_feature_axes of {cell.name} may be more than 1")


def _has_one_axis(cell: ast.ClassDef) -> bool:
    """Whether its num_feature_axes is a method that only returns 1."""
    found = [s for s in cell.body if isinstance(s, ast.FunctionDef) and s.name == AXES]
    match found:
        case [ast.FunctionDef(body=[*_, ast.Return(value=ast.Constant(value=1))] as body)]:
            return len(body) == 1 + (ast.get_docstring(found[0], clean=False) is not None)
        case _:
            return False


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
