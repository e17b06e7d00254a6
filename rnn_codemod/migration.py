"""One source text through all stages: read, decide, edit, check."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from rnn_codemod.annotate import comments
from rnn_codemod.around import Around, Verdict
from rnn_codemod.editing.edits import Decision, Edit
from rnn_codemod.findings import Applicability, Migration, Options, Remark
from rnn_codemod.reading.cell_makers import factories
from rnn_codemod.reading.class_takers import class_takers
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.world import World
from rnn_codemod.rules import (
    RULES,
    carry_method,
    carryless_cell,
    cell_factory,
    custom_cell,
    everywhere,
    handed_cell,
    handed_class,
    handed_classes,
    idiomatic,
)
from rnn_codemod.rules.rule import Context
from rnn_codemod.style import plan
from rnn_codemod.suppressed import Suppressed
from rnn_codemod.targets import runtime_imports
from rnn_codemod.together import (
    held_elsewhere,
    leaving_alone,
    place,
    refused_because,
    with_receivers,
    with_what_belongs,
    without,
)
from rnn_codemod.unnamed import RULE as UNNAMED
from rnn_codemod.unnamed import unnamed_carries


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
    decisions = _decide(context)
    suppressed = Suppressed(reading.source)
    wanted = without(context, decisions, suppressed) if suppressed else decisions
    left_alone = len(decisions) - len(wanted)
    decisions = _writable(reading, held_elsewhere(context, wanted), options)
    refused = [d for d in decisions if not _applied(d, options)]
    if options.target == "runtime" and (refused or left_alone):
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
        reading.facts.modern + left_alone - handed_cell.unnamed(context, decisions),
        idiomatic.notes(context),
        tuple(_remarks(context, suppressed, {place(d) for d in decisions})),
    )


def _context(text: str, options: Options, around: Around | None) -> Context:
    if around is None:
        return Context(Reading.of(text), options)
    world = World(
        around.load,
        around.tree,
        wide_floats=around.wide_floats,
        classes=handed_classes.taking(around.verdicts),
        packages=options.site_packages,
        heirs=around.heirs,
        fillers=around.fillers,
    )
    reading = Reading.of(text, around.path, world)
    world.add(around.path, reading)
    return Context(reading, options, world, around.users, around.verdicts)


def _decide(context: Context) -> list[Decision]:
    found = [
        decision
        for name, rule in RULES.items()
        if context.options.wants(name, rule.group)
        for decision in rule.find(context)
    ]
    found = with_receivers(context.reading.source, _one_rule(found))
    return sorted(found, key=lambda d: (d.finding.line, d.finding.column, d.finding.rule))


def _remarks(
    context: Context, suppressed: Suppressed, decided: set[tuple[int, int]]
) -> Iterator[Remark]:
    """What is to be told of lines: calls of nobody knows what, and comments for nothing."""
    unnamed = [d for d in unnamed_carries(context.reading) if place(d) not in decided]
    if context.options.wants(UNNAMED):
        for decision in unnamed:
            if not suppressed.covers(decision):
                yield Remark(decision.finding.line, decision.finding.message)
    if suppressed:
        every = replace(context.options, select=frozenset(RULES), ignore=frozenset())
        found = _decide(replace(context, options=every))
        yield from suppressed.remarks([*found, *unnamed], RULES)


def _one_rule(decisions: list[Decision]) -> list[Decision]:
    """The decisions without those that one of a rule for several places takes the place of."""
    for first in (idiomatic.rule.name, handed_cell.rule.name, cell_factory.rule.name):
        mine = {place(d) for d in decisions if d.finding.rule == first}
        decisions = [d for d in decisions if d.finding.rule == first or place(d) not in mine]
    return decisions


def _writable(reading: Reading, decisions: list[Decision], options: Options) -> list[Decision]:
    """The decisions, with those refused that the parser cannot carry out exactly."""
    applied = [d for d in decisions if _applied(d, options)]
    if not applied or _failure(reading, applied) is None:
        return decisions
    failures = {id(d): why for d in applied if (why := _failure(reading, [d])) is not None}
    failures = with_what_belongs(applied, failures, "it belongs to a site that cannot be written")
    return [
        refused_because(reading.source, d, failures[id(d)]) if id(d) in failures else d
        for d in decisions
    ]


def _failure(reading: Reading, decisions: list[Decision]) -> str | None:
    """Why the edits of some decisions cannot be carried out."""
    try:
        _edited(reading, [edit for decision in decisions for edit in decision.edits])
    except ValueError as why:
        return str(why)
    return None


def exported_cells(text: str, around: Around | None = None) -> frozenset[str]:
    """What of this text changes for whoever uses it elsewhere: cells, what takes and makes them.

    Raises SyntaxError, ValueError or RecursionError for a text that cannot be read.
    """
    reading = _context(text, Options(), around).reading
    cells = {
        node.name
        for node in reading.source.nodes
        if isinstance(node, ast.ClassDef) and reading.values.cell_kind(node) is not None
    }
    takers = {taker.definition.name for taker in reading.takers}
    takers |= {taker.definition.name for taker in class_takers(reading)}
    makers = {factory.definition.name for factory in factories(reading)}
    return frozenset(cells | takers | makers)


def verdicts(text: str, options: Options, around: Around) -> tuple[Verdict, ...]:
    """On what this text defines and others use, what all files that use it say.

    That are cells, wrappers of cells, and classes and functions that are given a cell or make one.
    Raises SyntaxError, ValueError or RecursionError for a text that cannot be read.
    """
    judges = (
        (custom_cell.rule, partial(everywhere.verdicts, bound=False)),
        (carry_method.rule, partial(everywhere.verdicts, bound=True)),
        (handed_cell.rule, handed_cell.verdicts),
        (cell_factory.rule, cell_factory.verdicts),
        (handed_class.rule, handed_classes.verdicts),
        (carryless_cell.rule, carryless_cell.verdicts),
        (idiomatic.rule, plan.verdicts),
    )
    wanted = [(rule, judge) for rule, judge in judges if options.wants(rule.name, rule.group)]
    if not wanted:
        return ()
    context = _context(text, options, around)
    found = [(verdict, rule.name) for rule, judge in wanted for verdict in judge(context)]
    context = replace(context, verdicts=tuple(verdict for verdict, _ in found))
    return tuple(
        replace(verdict, left_alone=tuple(leaving_alone(context, verdict, name)))
        for verdict, name in found
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
