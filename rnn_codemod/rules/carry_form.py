"""A carry in the form of another cell: taken for the pair (c, h), or a pair for one array."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision, Replace
from rnn_codemod.findings import MIGRATED
from rnn_codemod.reading.carried import Carried
from rnn_codemod.reading.facts import Application, Construction, given_features
from rnn_codemod.reading.kinds import CarryForm
from rnn_codemod.reading.shaped import shaped_carry
from rnn_codemod.reading.source import layer_cell
from rnn_codemod.reading.value import RnnInstance
from rnn_codemod.rules.rule import Context, Rule

IS_ARRAY = "the carry of this cell is one array, and is handled as a pair (c, h)"
IS_PAIR = "the carry of this cell is the pair (c, h), and is handled as one array"
ROWS = "what is taken out of the array are rows of the batch, where there are so many"
NO_PAIR = "the cell fails on a pair, and which of the two is meant is not known"
NO_ARRAY = "the cell takes rows of the batch for c and h, or fails"
NO_SHAPE = "a pair has no such attribute"
REASON = "a cell takes its width from the carry, whose form is known"
_OF_ARRAYS = frozenset(["T", "astype", "at", "dtype", "ndim", "reshape", "shape", "size"])


def find(context: Context) -> Iterator[Decision]:
    carried = Carried(context.reading)
    seen: set[ast.AST] = set()
    for made in context.reading.facts.constructions:
        for use in context.reading.sites.applications(made):
            yield from _features(context, carried, made, use, seen)
    for use in context.reading.facts.applications:
        yield from _given(context, carried, use.cell, use.carry)
    for node in context.reading.source.nodes:
        match node:
            case ast.Call():
                yield from _initial(context, carried, node)
            case ast.Assign():
                for target in node.targets:
                    yield from _unpacked(context, carried, target, node.value)
            case ast.Subscript(value=ast.Name()) if node not in seen:
                yield from _taken_out(context, carried, node)
            case ast.Attribute(value=ast.Name()) if node not in seen:
                yield from _attribute(context, carried, node)


def _features(
    context: Context, carried: Carried, made: Construction, use: Application, seen: set[ast.AST]
) -> Iterator[Decision]:
    """``GRUCell(features=carry[0].shape[-1])(carry, x)``, and the reverse."""
    features, form = given_features(made), carried.of_cell(use.cell)
    match features:
        case ast.Subscript(value=ast.Attribute(attr="shape", value=measured) as shape):
            pass
        case _:
            return
    wrong, message = (
        (_is_element(measured, use.carry), IS_ARRAY)
        if form is CarryForm.SINGLE
        else (form is CarryForm.PAIR and _same(measured, use.carry), IS_PAIR)
    )
    if not wrong or shape in seen:
        return
    seen |= {shape, measured}
    carry_width = context.reading.carry_width
    width = carry_width.of(made, use)
    if width is None:
        recipe = f"features={carry_width.text(use.carry, made) or '<width of the carry>'}"
        why = "the carry is not at hand where the cell is built"
        yield rule.refuse(context, features, message, why, recipe)
        return
    fix = Replace(context.reading.source.span(features), width.text)
    yield rule.rewrite(context, features, message, fix, reason=REASON)


def _given(
    context: Context, carried: Carried, cell: ast.expr, carry: ast.expr
) -> Iterator[Decision]:
    """A pair given to a cell with one array, or the array of one to a cell with a pair."""
    wanted, given = carried.of_cell(cell), carried.form(carry)
    if {wanted, given} != {CarryForm.SINGLE, CarryForm.PAIR}:
        return
    if wanted is CarryForm.SINGLE:
        recipe = f"{ast.unparse(cell)}(<one array>, ...)"
        yield rule.refuse(context, carry, IS_ARRAY, NO_PAIR, recipe)
    else:
        recipe = f"{ast.unparse(cell)}((<c>, <h>), ...)"
        yield rule.refuse(context, carry, IS_PAIR, NO_ARRAY, recipe)


def _initial(context: Context, carried: Carried, call: ast.Call) -> Iterator[Decision]:
    """``nn.RNN(cell)(xs, initial_carry=carry)`` where the cell has another form."""
    for keyword in call.keywords:
        if keyword.arg == "initial_carry":
            layers = context.reading.values.of(call.func)
            for layer in layers:
                if isinstance(layer, RnnInstance) and layer.cls.name == "RNN" and len(layers) == 1:
                    cell = layer_cell(layer.node)
                    if cell is not None:
                        yield from _given(context, carried, cell, keyword.value)


def _unpacked(
    context: Context,
    carried: Carried,
    target: ast.expr,
    value: ast.expr,
    path: tuple[int, ...] = (),
) -> Iterator[Decision]:
    """``c, h = carry``, and ``(c, h), y = cell(carry, x)``."""
    if not isinstance(target, ast.Tuple | ast.List) or len(target.elts) < 2:
        return
    if carried.form(value, path) is CarryForm.SINGLE:
        if not _has_two_rows(context, value):
            yield rule.refuse(context, target, IS_ARRAY, ROWS, _with_one_name(context, target))
        return
    for index, element in enumerate(target.elts):
        if isinstance(element, ast.Starred):
            return
        yield from _unpacked(context, carried, element, value, (*path, index))


def _with_one_name(context: Context, target: ast.expr) -> str:
    """The statement with ``carry`` in place of the pair, also where that is given again."""
    wanted = ast.unparse(target)
    statement = context.reading.source.statement(target)
    if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Name):
        return statement.value.id

    class OneName(ast.NodeTransformer):
        def visit_Tuple(self, node: ast.Tuple) -> ast.expr:
            if ast.unparse(node) == wanted:
                return ast.Name("carry", node.ctx)
            self.generic_visit(node)
            return node

    return ast.unparse(OneName().visit(copy.deepcopy(statement)))


def _has_two_rows(context: Context, value: ast.expr) -> bool:
    """Whether the carry is created with a first axis of two, so that each row gets a name."""
    carry = shaped_carry(context.reading, value)
    match carry.shape if carry is not None else None:
        case ast.Tuple(elts=[ast.Constant(value=2), *_]):
            return True
    return False


def _taken_out(context: Context, carried: Carried, node: ast.Subscript) -> Iterator[Decision]:
    """``carry[1]``, and ``carry[0].shape``, of a carry that is one array."""
    assert isinstance(node.value, ast.Name)
    outer = context.reading.source.parents[node]
    match node.slice:
        case ast.Constant(value=1):
            pass
        case ast.Constant(value=0) if isinstance(outer, ast.Attribute) and outer.attr == "shape":
            pass
        case _:
            return
    if isinstance(node.ctx, ast.Load) and carried.form(node.value) is CarryForm.SINGLE:
        yield rule.refuse(context, node, IS_ARRAY, ROWS, node.value.id)


def _attribute(context: Context, carried: Carried, node: ast.Attribute) -> Iterator[Decision]:
    """``carry.shape`` of a carry that is a pair."""
    assert isinstance(node.value, ast.Name)
    if node.attr in _OF_ARRAYS and carried.form(node.value, by_cells=True) is CarryForm.PAIR:
        recipe = f"{node.value.id}[0].{node.attr}"
        yield rule.refuse(context, node, IS_PAIR, NO_SHAPE, recipe)


def _is_element(node: ast.expr, carry: ast.expr) -> bool:
    match node:
        case ast.Subscript(slice=ast.Constant(value=int())):
            return _same(node.value, carry)
    return False


def _same(node: ast.expr, other: ast.expr) -> bool:
    return ast.dump(node) == ast.dump(other)


rule = Rule(
    name="carry_form",
    summary="a carry is handled in the form of another cell",
    explanation=(
        "The carry of an LSTM cell is the pair (c, h), that of a GRUCell one array. Code that "
        "was copied from one to the other takes rows of the batch for c and h: it fails, or "
        "runs with wrong numbers where the batch has so many rows. carry[0].shape[-1] is the "
        "width of a GRU's carry only as long as there is a batch axis: features is mended, "
        "all else is reported."
    ),
    before=("def step(carry, x):\n    return nn.GRUCell(features=carry[0].shape[-1])(carry, x)\n"),
    after=("def step(carry, x):\n    return nn.GRUCell(features=carry.shape[-1])(carry, x)\n"),
    find=find,
    group=MIGRATED,
)
