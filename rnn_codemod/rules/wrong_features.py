"""``features`` that is not the width of the carry which the cell is applied to."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision, Replace
from rnn_codemod.findings import MIGRATED
from rnn_codemod.reading.facts import Application, Construction, given_features
from rnn_codemod.reading.kinds import CarryForm
from rnn_codemod.reading.origins import Origin, Origins, origins
from rnn_codemod.reading.reading import Reading
from rnn_codemod.rules.rule import Context, Rule

OF_THE_INPUT = "features is read off the input, and the carry may be of another width"
ANOTHER = "features is not the size that the carry is created with"
REASON = "a cell takes its width from the carry, so no number changes"


def find(context: Context) -> Iterator[Decision]:
    for made in context.reading.facts.constructions:
        features = given_features(made)
        if features is None or made.legacy or not _is_dense(made):
            continue
        for use in context.reading.sites.applications(made):
            message = _fault(context.reading, made, features, use)
            if message:
                yield _decided(context, made, features, use, message)
                break


def _is_dense(made: Construction) -> bool:
    """Whether the cell is one of flax's own whose width is that of its carry."""
    return all(
        not kind.convolutional and kind.definition is None and kind.carry is not CarryForm.ANY
        for kind in made.kinds
    )


def _fault(
    reading: Reading, made: Construction, features: ast.expr, use: Application
) -> str | None:
    found = origins(reading, made, use.carry)
    if _other_number(features, found):
        return ANOTHER
    if use.sample is None or not _measures(reading, features, use.sample):
        return None
    if reading.source.segment(features) == reading.carry_width.text(use.carry, made):
        return None
    if found.kinds and found.kinds <= {Origin.CALLER, Origin.OTHER}:
        return OF_THE_INPUT
    return None


def _other_number(features: ast.expr, found: Origins) -> bool:
    """Whether both sizes are written as numbers, and differ."""
    return (
        isinstance(features, ast.Constant)
        and found.kinds == {Origin.OTHER}
        and all(isinstance(size, ast.Constant) for size in found.sizes)
    )


def _measures(reading: Reading, size: ast.expr, sample: ast.expr) -> bool:
    """Whether ``size`` is an axis of the array that ``sample`` is, or is a part of."""
    measured = _measured(reading, size)
    array = _root(sample)
    if measured is None or array is None or measured.id != array.id:
        return False
    mine = reading.scopes.lookup(measured.id, measured)
    other = reading.scopes.lookup(array.id, array)
    return mine is not None and other is not None and mine[0] is other[0]


def _measured(reading: Reading, size: ast.expr) -> ast.Name | None:
    """The array of which ``size`` is an axis."""
    match size:
        case ast.Subscript(value=ast.Attribute(attr="shape", value=array), slice=index):
            return None if isinstance(index, ast.Slice) else _root(array)
        case ast.Name():
            found = reading.scopes.lookup(size.id, size)
            if found is None or len(found[1]) != 1 or found[1][0].value is None:
                return None
            (binding,) = found[1]
            match binding.value, binding.path:
                case ast.Attribute(attr="shape", value=array), (_,):
                    return _root(array)
                case ast.Subscript(), () if not isinstance(binding.node, ast.arg):
                    return _measured(reading, binding.value)
    return None


def _root(node: ast.expr) -> ast.Name | None:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node if isinstance(node, ast.Name) else None


def _decided(
    context: Context, made: Construction, features: ast.expr, use: Application, message: str
) -> Decision:
    carry_width = context.reading.carry_width
    width = carry_width.of(made, use)
    recipe = f"features={carry_width.text(use.carry, made) or '<width of the carry>'}"
    if width is None:
        why = "the carry is not at hand where the cell is built"
        return rule.refuse(context, made.node, message, why, recipe)
    fix = Replace(context.reading.source.span(features), width.text)
    return rule.rewrite(context, made.node, message, fix, reason=REASON)


rule = Rule(
    name="wrong_features",
    summary="features is not the width of the carry that the cell is applied to",
    explanation=(
        "A cell takes its width from the carry, whatever its features say: a wrong number there "
        "runs without any error, until the cell is asked for a carry, or nn.RNN asks it. "
        "features=x.shape[-1] is right only while input and carry are of one width. Where the "
        "carry is handed in, its own width is always right."
    ),
    before=("def step(carry, x):\n    return nn.GRUCell(features=x.shape[-1])(carry, x)\n"),
    after=("def step(carry, x):\n    return nn.GRUCell(features=carry.shape[-1])(carry, x)\n"),
    find=find,
    group=MIGRATED,
)
