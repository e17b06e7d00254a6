"""One source text through all stages: read, decide, edit, check."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from rnn_codemod.annotate import comments
from rnn_codemod.around import Around
from rnn_codemod.editing.edits import ArgumentEdit, Decision, Edit, MoveOut, Replace, Span
from rnn_codemod.findings import Applicability, Migration, Options
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.world import World
from rnn_codemod.rules import RULES, idiomatic
from rnn_codemod.rules.rule import Context
from rnn_codemod.targets import runtime_imports


def migrate_source(
    text: str, options: Options | None = None, around: Around | None = None
) -> Migration:
    """Migrate one source text, alone or with the files ``around`` it.

    Raises
    SyntaxError, ValueError or RecursionError for a text that cannot be read, and RoundTripError
    (a ValueError) where the parser would not give the text back exactly.
    """
    options = options or Options()
    context = _context(text, options, around)
    reading = context.reading
    decisions = _writable(reading, _decide(context), options)
    refused = [d for d in decisions if not _applied(d, options)]
    if options.target == "runtime" and refused:
        warning = "left on flax.linen, because not every site could be migrated"
        on_flax = replace(options, target="flax")
        migration = migrate_source(text, on_flax, around)
        return replace(migration, warnings=(warning, *migration.warnings))
    applied = [d for d in decisions if _applied(d, options)]
    edits = [edit for decision in applied for edit in decision.edits]
    if applied and options.target == "runtime":
        edits.extend(runtime_imports(reading))
    if options.annotate:
        edits.extend(comments(reading.source, [d.finding for d in refused]))
    return Migration(
        _edited(reading, edits),
        tuple(d.finding for d in applied),
        tuple(d.finding for d in refused),
        reading.facts.modern,
        idiomatic.notes(context),
    )


def _context(text: str, options: Options, around: Around | None) -> Context:
    if around is None:
        return Context(Reading.of(text), options)
    world = World(around.load, around.tree)
    reading = Reading.of(text, around.path, world)
    world.add(around.path, reading)
    return Context(reading, options, world, around.users)


def _decide(context: Context) -> list[Decision]:
    found = [
        decision
        for name, rule in RULES.items()
        if context.options.wants(name, rule.group)
        for decision in rule.find(context)
    ]
    found = _one_style(found)
    return sorted(found, key=lambda d: (d.finding.line, d.finding.column, d.finding.rule))


def _one_style(decisions: list[Decision]) -> list[Decision]:
    """The decisions without those that the idiomatic form of a site takes the place of."""
    mine = {_place(d) for d in decisions if d.finding.rule == idiomatic.rule.name}
    return [d for d in decisions if d.finding.rule == idiomatic.rule.name or _place(d) not in mine]


def _place(decision: Decision) -> tuple[int, int]:
    return decision.finding.line, decision.finding.column


def _writable(reading: Reading, decisions: list[Decision], options: Options) -> list[Decision]:
    """The decisions, with those refused that the parser cannot carry out exactly.

    What shares a place with such a one is refused with it, and so is a custom cell or a wrapper as
    a whole.
    """
    applied = [d for d in decisions if _applied(d, options)]
    if not applied or _failure(reading, applied) is None:
        return decisions
    failures = {id(d): why for d in applied if (why := _failure(reading, [d])) is not None}
    growing = True
    while growing:
        bad = [d for d in applied if id(d) in failures]
        places = {place for d in bad for place in _places(d)}
        whole = {d.finding.rule for d in bad} & {"custom_cell", "idiomatic"}
        more = [
            d
            for d in applied
            if id(d) not in failures
            and (_touching(places, set(_places(d))) or d.finding.rule in whole)
        ]
        failures.update((id(d), "it belongs to a site that cannot be written") for d in more)
        growing = bool(more)
    return [_refused(d, failures[id(d)]) if id(d) in failures else d for d in decisions]


def _refused(decision: Decision, why: str) -> Decision:
    manual = Applicability.MANUAL
    return Decision(replace(decision.finding, applicability=manual, reason=why))


def _failure(reading: Reading, decisions: list[Decision]) -> str | None:
    """Why the edits of some decisions cannot be carried out."""
    try:
        _edited(reading, [edit for decision in decisions for edit in decision.edits])
    except ValueError as why:
        return str(why)
    return None


def _touching(some: set[Span], others: set[Span]) -> bool:
    """Whether a place of one is, or holds, a place of the other."""
    return any(
        (a[0] <= b[0] and b[1] <= a[1]) or (b[0] <= a[0] and a[1] <= b[1])
        for a in some
        for b in others
    )


def _places(decision: Decision) -> Iterator[Span]:
    """The spans that a decision edits."""
    for edit in decision.edits:
        if isinstance(edit, MoveOut | Replace):
            yield edit.span
        elif isinstance(edit, ArgumentEdit):
            yield edit.call


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


def _applied(decision: Decision, options: Options) -> bool:
    applicability = decision.finding.applicability
    return bool(decision.edits) and (
        applicability is Applicability.SAFE
        or (applicability is Applicability.REVIEW and options.unsafe)
    )


def _edited(reading: Reading, edits: list[Edit]) -> str:
    text = reading.source.text
    if not edits:
        return text
    from rnn_codemod.editing.apply import apply_edits, check_result

    after = apply_edits(text, edits, reading.source.newline)
    check_result(text, after)
    return after
