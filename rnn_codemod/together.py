"""Decisions that stand or fall together."""

from __future__ import annotations

import os
from collections.abc import Iterator, Set
from dataclasses import replace

from rnn_codemod.around import Verdict
from rnn_codemod.editing.edits import Decision, Span, spans
from rnn_codemod.findings import Applicability
from rnn_codemod.reading.source import Source
from rnn_codemod.rules import RULES
from rnn_codemod.rules.everywhere import path_of
from rnn_codemod.rules.rule import Context
from rnn_codemod.suppressed import Suppressed

WHOLE = {
    "carry_method",
    "carryless_cell",
    "cell_factory",
    "custom_cell",
    "handed_cell",
    "idiomatic",
}
"""Rules whose decisions, in all files of a project, are one."""


def without(context: Context, decisions: list[Decision], suppressed: Suppressed) -> list[Decision]:
    """The decisions without those that a comment leaves alone.

    What goes together with such a one is refused.
    """
    left = [d for d in decisions if suppressed.covers(d)]
    places = {place(d) for d in left}
    sites = context.reading.sites
    held: set[tuple[int, int]] = set()
    for made in context.reading.facts.constructions:
        if context.reading.source.place(made.node) in places:
            users = [carry.node for carry in sites.own_carries(made)]
            users += [layer.node for layer in sites.layers(made)]
            held.update(map(context.reading.source.place, users))
    reasons = {id(d): "a comment leaves it alone" for d in left}
    reasons |= {id(d): "a comment leaves its cell alone" for d in decisions if place(d) in held}
    why = "it belongs to a site that a comment leaves alone"
    reasons = with_what_belongs(decisions, reasons, why)
    return [
        refused_because(context.reading.source, d, reasons[id(d)])
        if d.edits and id(d) in reasons
        else d
        for d in decisions
        if d not in left
    ]


def held_elsewhere(context: Context, decisions: list[Decision]) -> list[Decision]:
    """The decisions, with those refused of which a comment in another file leaves a part alone."""
    names = {d.finding.rule for d in decisions} & WHOLE
    if not names or context.world is None:
        return decisions
    here = path_of(context)
    if context.verdicts:
        elsewhere = {path for verdict in context.verdicts for path in verdict.left_alone}
    else:
        users = {path for paths in context.users.values() for path in paths}
        elsewhere = {path for path in users if _leaves_alone(context, path, names)}
    for path in sorted(elsewhere):
        if context.world.absolute(path) != here:
            why = f"a comment in {os.path.basename(path)} leaves a part of it alone"
            source = context.reading.source
            return [
                refused_because(source, d, why) if d.finding.rule in names else d for d in decisions
            ]
    return decisions


def leaving_alone(context: Context, verdict: Verdict, rule: str) -> Iterator[str]:
    """The files in which a comment leaves alone a part of what the verdict is on."""
    assert context.world is not None
    users = [
        path for name in (verdict.name, *verdict.around) for path in context.users.get(name, ())
    ]
    paths = {verdict.home, *map(context.world.absolute, users)}
    for path in sorted(paths):
        if _leaves_alone(context, path, {rule}):
            yield path


def _leaves_alone(context: Context, path: str, names: Set[str]) -> bool:
    assert context.world is not None
    reading = context.world.reading(path)
    if reading is None:
        return False
    suppressed = Suppressed(reading.source)
    there = replace(context, reading=reading)
    return bool(suppressed) and any(
        suppressed.covers(decision) for name in names for decision in RULES[name].find(there)
    )


def with_what_belongs(
    decisions: list[Decision], reasons: dict[int, str], why: str
) -> dict[int, str]:
    """The ``reasons`` against some decisions, with ``why`` for all that go together with those.

    That is what shares a place with one, and a custom cell or a wrapper as a whole.
    """
    reasons = dict(reasons)
    growing = True
    while growing:
        bad = [d for d in decisions if id(d) in reasons]
        places = {span for d in bad for span in spans(d.edits)}
        whole = {d.finding.rule for d in bad} & WHOLE
        more = [
            d
            for d in decisions
            if id(d) not in reasons
            and (_touching(places, set(spans(d.edits))) or d.finding.rule in whole)
        ]
        reasons.update((id(d), why) for d in more)
        growing = bool(more)
    return reasons


def _touching(some: set[Span], others: set[Span]) -> bool:
    """Whether a place of one is, or holds, a place of the other."""
    return any(
        (a[0] <= b[0] and b[1] <= a[1]) or (b[0] <= a[0] and a[1] <= b[1])
        for a in some
        for b in others
    )


def with_receivers(source: Source, decisions: list[Decision]) -> list[Decision]:
    """The decisions, with those refused of cells that are built in front of a refused call."""
    refused = {place(d) for d in decisions if d.finding.rule == "instance_carry" and not d.edits}
    why = "it is built for a carry that cannot be written"
    return [
        refused_because(source, d, why) if place(d) in refused and d.edits else d for d in decisions
    ]


def refused_because(source: Source, decision: Decision, why: str) -> Decision:
    """The refusal of what could be written, with the lines that it would have written."""
    from rnn_codemod.editing.by_hand import lines_by_hand

    manual, finding = Applicability.MANUAL, decision.finding
    recipe = finding.recipe or lines_by_hand(source, decision.edits)
    return Decision(replace(finding, applicability=manual, reason=why, recipe=recipe))


def place(decision: Decision) -> tuple[int, int]:
    return decision.finding.line, decision.finding.column
