"""``getattr(nn, name)`` used as a cell: reported, with the lines to write by hand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision
from rnn_codemod.reading.kinds import KINDS, linen_name
from rnn_codemod.reading.stars import hides
from rnn_codemod.reading.value import Dynamic, Unknown
from rnn_codemod.rules.rule import Context, Rule

MESSAGE = "a class of flax.linen is looked up by a name that the text does not tell"
HIDDEN = "a cell class is taken from a star import"
_CELL_WORD = re.compile(r"cell|rnn|lstm|gru", re.IGNORECASE)


def find(context: Context) -> Iterator[Decision]:
    reading = context.reading
    cells = {
        value.node if value.node in reading.scopes else node: value.node
        for node in reading.source.nodes
        if isinstance(node, ast.Call)
        for value in _dynamic(context, node)
    }
    for node in sorted(cells, key=reading.source.span):
        name = reading.source.segment(node) if node is cells[node] else "Cell"
        yield rule.refuse(
            context,
            node,
            MESSAGE,
            "it may be any class",
            f"cell = {name}(features=size)",
            "carry = cell.initialize_carry(rng, (*batch_dims, size))",
        )
    yield from _hidden(context)


def _hidden(context: Context) -> Iterator[Decision]:
    """Cells of ``from flax.linen import *`` whose name a later import may give a new meaning."""
    reading = context.reading
    stars = reading.scopes.stars
    if not any(linen_name(star.dotted("GRUCell")) for star in stars):
        return
    for node in reading.source.nodes:
        if not isinstance(node, ast.Name) or node.id not in KINDS:
            continue
        if reading.scopes.lookup(node.id, node) is None and Unknown() in reading.values.of(node):
            later = [star.origin for star in stars if hides(star, node.id)]
            reason = f"{', '.join(later)} may have this name too, and cannot be read"
            recipe = f"from flax.linen import {node.id}"
            yield rule.refuse(context, node, HIDDEN, reason, recipe)


def _dynamic(context: Context, node: ast.Call) -> Iterator[Dynamic]:
    """The looked-up classes that ``node`` uses as a cell."""
    values = context.reading.values
    for value in values.of(node):
        if isinstance(value, Dynamic) and not value.called and value.node is node:
            if _CELL_WORD.search(_words(context, node.args[-1])):
                yield value
    if isinstance(node.func, ast.Attribute) and node.func.attr == "initialize_carry":
        yield from (v for v in values.of(node.func.value) if isinstance(v, Dynamic))
    if len(node.args) == 2 and not node.keywords:
        yield from (v for v in values.of(node.func) if isinstance(v, Dynamic) and v.called)


def _words(context: Context, name: ast.expr) -> str:
    """The text of a name, and of what it is bound to."""
    texts = [ast.unparse(name)]
    found = context.reading.scopes.lookup(name.id, name) if isinstance(name, ast.Name) else None
    for binding in found[1] if found is not None else ():
        if binding.value is not None:
            texts.append(ast.unparse(binding.value))
    return " ".join(texts)


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
