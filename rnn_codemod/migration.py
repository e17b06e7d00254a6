"""One source text through all stages: read, decide, edit, check."""

from __future__ import annotations

import ast

from rnn_codemod.editing.edits import Decision
from rnn_codemod.findings import Applicability, Finding, Migration, Options
from rnn_codemod.reading.facts import Facts
from rnn_codemod.reading.reading import Reading
from rnn_codemod.rules import RULES
from rnn_codemod.rules.rule import Context


def migrate_source(
    text: str, options: Options = Options(), used_elsewhere: frozenset[str] = frozenset()
) -> Migration:
    """Migrate one source text.

    ``used_elsewhere`` names the classes of this text that other files mention. Raises
    SyntaxError, ValueError or RecursionError for a text that cannot be read, and RoundTripError
    (a ValueError) where the parser would not give the text back exactly.
    """
    reading = Reading.of(text)
    context = Context(reading, options, used_elsewhere)
    decisions = sorted(
        (
            decision
            for name, rule in RULES.items()
            if (not options.select or name in options.select) and name not in options.ignore
            for decision in rule.find(context)
        ),
        key=lambda decision: (decision.finding.line, decision.finding.column),
    )
    rewrites = [d for d in decisions if d.edits and _allowed(d.finding, options)]
    refused = tuple(d.finding for d in decisions if not (d.edits and _allowed(d.finding, options)))
    after = _edited(reading, rewrites)
    return Migration(
        after, tuple(d.finding for d in rewrites), refused, _left_alone(reading.facts)
    )


def exported_cells(text: str) -> frozenset[str]:
    """The cell classes of this text that change for whoever uses them from another file.

    Raises SyntaxError, ValueError or RecursionError for a text that cannot be read.
    """
    reading = Reading.of(text)
    return frozenset(
        node.name
        for node in reading.source.nodes
        if isinstance(node, ast.ClassDef) and reading.values.cell_kind(node) is not None
    )


def _allowed(finding: Finding, options: Options) -> bool:
    return finding.applicability is Applicability.SAFE or (
        finding.applicability is Applicability.REVIEW and options.unsafe
    )


def _left_alone(facts: Facts) -> int:
    return facts.modern


def _edited(reading: Reading, rewrites: list[Decision]) -> str:
    if not rewrites:
        return reading.source.text
    from rnn_codemod.editing.apply import apply_edits, check_result

    text = reading.source.text
    edits = [edit for decision in rewrites for edit in decision.edits]
    after = apply_edits(text, edits, reading.source.newline)
    check_result(text, after)
    return after
