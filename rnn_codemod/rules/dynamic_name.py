"""``getattr(nn, name)`` used as a cell: reported, with the lines to write by hand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision
from rnn_codemod.reading.values import Dynamic
from rnn_codemod.rules.rule import Context, Rule

MESSAGE = "a class of flax.linen is looked up by a name that the text does not tell"
_CELL_WORD = re.compile(r"cell|rnn|lstm|gru", re.IGNORECASE)


def find(context: Context) -> Iterator[Decision]:
    reading = context.reading
    cells = {
        value.node
        for node in reading.source.nodes
        if isinstance(node, ast.Call)
        for value in _dynamic(context, node)
    }
    for node in sorted(cells, key=reading.source.span):
        name = reading.source.segment(node)
        yield rule.refuse(
            context,
            node,
            MESSAGE,
            "it may be any class",
            f"cell = {name}(features=size)",
            "carry = cell.initialize_carry(rng, (*batch_dims, size))",
        )


def _dynamic(context: Context, node: ast.Call) -> Iterator[Dynamic]:
    """The looked-up classes that ``node`` uses as a cell."""
    values = context.reading.values
    for value in values.of(node):
        if isinstance(value, Dynamic) and not value.called and value.node is node:
            if _CELL_WORD.search(ast.unparse(node.args[1])):
                yield value
    if isinstance(node.func, ast.Attribute) and node.func.attr == "initialize_carry":
        yield from (v for v in values.of(node.func.value) if isinstance(v, Dynamic))
    if len(node.args) == 2 and not node.keywords:
        yield from (v for v in values.of(node.func) if isinstance(v, Dynamic) and v.called)


rule = Rule(
    name="dynamic_name",
    summary="a cell class is looked up by name",
    explanation=(
        "getattr(nn, name) may give any class, so neither its fields nor its carry are known. "
        "The place is reported with the lines to write by hand."
    ),
    before="cell = getattr(nn, config.cell)()\n",
    after="cell = getattr(nn, config.cell)()\n",
    find=find,
)
