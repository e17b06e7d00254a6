"""A carry that is computed in the call itself: named in a line of its own, then measured."""

from __future__ import annotations

import ast

from rnn_codemod.editing.edits import Edit, MoveOut
from rnn_codemod.reading.facts import Construction
from rnn_codemod.reading.kinds import CarryForm
from rnn_codemod.reading.purity import builds_nothing
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.width import Width


def hoisted_carry(reading: Reading, made: Construction) -> tuple[Width, Edit] | None:
    """The width of ``carry`` after ``carry = <expression>`` is put before the statement.

    Only for ``targets = Cell(...)(<expression>, x)``: there the expression moves past nothing
    but the construction, so it may not build cells itself, or their numbers would change.
    """
    applied = reading.source.parents[made.node]
    statement = reading.source.statement(made.node)
    if not isinstance(applied, ast.Call) or applied.func is not made.node or not applied.args:
        return None
    if not isinstance(statement, ast.Assign | ast.Return | ast.Expr):
        return None
    if statement.value is not applied or reading.source.indentation(statement) is None:
        return None
    carry = applied.args[0]
    if made.spread is None or made.carry_form is CarryForm.ANY or isinstance(carry, ast.Starred):
        return None
    if any(cls.turned for cls in made.classes):
        return None
    given = [*made.node.args, *(keyword.value for keyword in made.node.keywords)]
    if not all(map(reading.purity.pure, given)) or not _builds_no_cell(reading, carry):
        return None
    name = reading.fresh_name("carry", made.node)
    suffix = "[0]" if made.carry_form is CarryForm.PAIR else ""
    width = Width(f"{name}{suffix}.shape[-1]", "the width of the carry it is applied to")
    return width, MoveOut(reading.source.span(carry), name, reading.source.span(statement)[0])


def _builds_no_cell(reading: Reading, node: ast.expr) -> bool:
    for part in ast.walk(node):
        match part:
            case ast.Call(func=func):
                if not builds_nothing(reading.values, func):
                    return False
            case ast.NamedExpr() | ast.Await() | ast.Yield() | ast.YieldFrom() | ast.Lambda():
                return False
            case ast.GeneratorExp():
                return False
    return True
