"""Verdicts that stand or fall together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rnn_codemod.around import Verdict
from rnn_codemod.imports import reached_from


def linked(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The same, but what stops one stops all that it is linked with, and one is used if another is.

    A link to what nothing is known of stops them, too.
    """
    if not any(verdict.links for verdict in verdicts):
        return list(verdicts)
    keys = [_key(verdict) for verdict in verdicts]
    graph: dict[str, set[str]] = {key: set() for key in keys}
    for verdict, key in zip(verdicts, keys, strict=True):
        for link in verdict.links:
            other = repr(link)
            graph[key].add(other)
            graph.setdefault(other, set()).add(key)
    by_key = dict(zip(keys, verdicts, strict=True))
    groups = [reached_from(graph, [key]) for key in keys]
    return [_with_all(it, group, by_key) for it, group in zip(verdicts, groups, strict=True)]


def _key(verdict: Verdict) -> str:
    return repr((verdict.rule, verdict.home, verdict.line, verdict.names))


def _with_all(verdict: Verdict, group: set[str], by_key: dict[str, Verdict]) -> Verdict:
    others = [by_key[key] for key in sorted(group) if key in by_key]
    faults = [*verdict.faults, *(fault for other in others for fault in other.faults)]
    if len(others) < len(group):
        faults.append((verdict.home, f"what hands {verdict.name} its cell is not known"))
    return replace(
        verdict,
        used=any(other.used for other in others),
        unread=verdict.unread or next((other.unread for other in others if other.unread), ""),
        faults=tuple(faults[:1]),
        left_alone=tuple(sorted({path for other in others for path in other.left_alone})),
    )
