"""A user's cell that creates its own carry: the class and all its uses are decided as one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from rnn_codemod.editing.edits import Decision
from rnn_codemod.findings import Applicability
from rnn_codemod.reading.kinds import Kind
from rnn_codemod.reading.value import CellInstance
from rnn_codemod.rules.cell_class import class_edits
from rnn_codemod.rules.cell_uses import CellUses, edits_of
from rnn_codemod.rules.everywhere import check_everywhere, is_used
from rnn_codemod.rules.rule import CannotWrite, Context, Rule


@dataclass(frozen=True)
class Words:
    """What a rule says of the class and of its uses."""

    of_class: str
    of_use: str
    recipe: tuple[str, ...]
    recipe_for_use: str


def own_cells(context: Context) -> Iterator[Kind]:
    """The cells with a carry of their own that this file defines or uses, in a fixed order."""
    reading = context.reading
    kinds = [
        kind
        for node in reading.source.nodes
        if isinstance(node, ast.ClassDef) and (kind := reading.values.cell_kind(node))
    ]
    used = [made.kinds for made in reading.facts.constructions]
    used += [carry.kinds for carry in reading.facts.carries]
    for site in used:
        kinds.extend(sorted(site, key=lambda kind: kind.name))
    for layer in reading.facts.layers:
        found = [v.cls.kind for v in reading.values.of(layer.cell) if isinstance(v, CellInstance)]
        kinds.extend(sorted(found, key=lambda kind: kind.name))
    carriers = dict.fromkeys(kind.carry_class for kind in kinds if kind.carry_class)
    for node in carriers:
        kind = reading.values.cell_kind(node)
        assert kind is not None
        yield kind


def whole(rule: Rule, words: Words, context: Context, cell: CellUses) -> Iterator[Decision]:
    name = cell.definition.name
    defined_here = cell.definition in context.reading.scopes
    try:
        verdict = check_everywhere(context, cell)
        more = verdict.initialized or not is_used(verdict, cell)
        edits = (
            class_edits(context, cell.kind, cell.method, initialized=more) if defined_here else []
        )
        uses = edits_of(context, cell)
    except CannotWrite as why:
        if defined_here:
            yield rule.refuse(context, cell.method, words.of_class, str(why), *words.recipe)
        reason = f"{name} and its uses change together or not at all"
        if not defined_here:
            reason = f"{reason}: {why}"
        for node in cell.nodes:
            yield rule.refuse(context, node, words.of_use, reason, words.recipe_for_use)
        return
    if not is_used(verdict, cell):
        reason = f"{name} is not used in the given files: those that use it have to change with it"
        yield rule.rewrite(
            context,
            cell.method,
            words.of_class,
            *edits,
            reason=reason,
            applicability=Applicability.REVIEW,
            recipe=words.recipe,
        )
    elif defined_here:
        yield rule.rewrite(context, cell.method, words.of_class, *edits)
    for node, changes in uses:
        yield rule.rewrite(context, node, words.of_use, *changes)
