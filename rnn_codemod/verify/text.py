"""The report as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rnn_codemod.verify.closeness import Outcome
from rnn_codemod.verify.compare import Verdict
from rnn_codemod.verify.process import Ended
from rnn_codemod.verify.session import Report, Run

TOLD_OF_A_FAILURE = 12
"""Lines of a failed command's output that are shown."""


def lines(report: Report) -> Iterator[str]:
    """The whole report."""
    yield f"before: {report.before.tree}, on {report.before.cells} ({report.before.interpreter})"
    yield f"after:  {report.after.tree}, on {report.after.cells} ({report.after.interpreter})"
    yield from (f"note:   {note}" for note in report.notes)
    for run in report.runs:
        yield ""
        yield from _run(run)
    if not report.runs:
        yield ""
        yield "nothing to run: no command is given, no file has a function probe(), and nothing of"
        yield "what changed could be built"
    if report.unexercised:
        yield ""
        yield "changed, and not exercised:"
        yield from (f"  {place}" for place in report.unexercised)
    yield ""
    yield conclusion(report)


def printable(line: str, encoding: str) -> str:
    """The line without what would steer the terminal, and in characters that it has.

    Names of modules and files, and the output of the command, may hold anything.
    """
    shown = "".join(it if it.isprintable() else it.encode("unicode-escape").decode() for it in line)
    return shown.encode(encoding, "backslashreplace").decode(encoding)


def conclusion(report: Report) -> str:
    """The result in one line."""
    verdicts = [verdict for run in report.runs for verdict in run.comparison.exercised]
    failed = [run for run in report.runs if not run.ended_well]
    if failed:
        agree = sum(verdict.outcome.agrees for verdict in verdicts)
        return (
            f"FAILED: {_how_it_failed(failed[0])}, so this proves nothing; "
            f"of what was compared up to there, {agree} of {len(verdicts)} agree"
        )
    if not verdicts:
        return "NOTHING was exercised, so this proves nothing"
    bad = [verdict for verdict in verdicts if not verdict.outcome.agrees]
    if bad:
        return f"DIFFERENT: {len(bad)} of {len(verdicts)} do not agree"
    count = len(report.unexercised)
    left = f"; {count} changed place{'s' * (count != 1)} not exercised" if count else ""
    return f"the same numbers: {len(verdicts)} of {len(verdicts)} agree{left}"


def _how_it_failed(run: Run) -> str:
    ends = [
        f"{side} {ended}"
        for side, ended in (("before", run.before), ("after", run.after))
        if not ended.well
    ]
    return " and ".join(ends) or "the recording had trouble"


def _run(run: Run) -> Iterator[str]:
    yield run.name
    yield from (f"  built {built}" for built in run.built)
    for side, ended in (("before", run.before), ("after", run.after)):
        if not ended.well:
            yield f"  {side}: {ended}"
            yield from _last_lines(ended)
    yield from (f"  trouble {trouble}" for trouble in run.troubles)
    yield from _table([_row(verdict) for verdict in run.comparison.verdicts])
    for old, new in run.comparison.renames.items():
        yield f"  renamed: {old} -> {new}"


def _last_lines(ended: Ended) -> Iterator[str]:
    for line in ended.output.splitlines()[-TOLD_OF_A_FAILURE:]:
        yield f"    | {line}"


def _row(verdict: Verdict) -> tuple[str, str, str]:
    count = f"{verdict.events} call{'s' * (verdict.events != 1)}" if verdict.events else ""
    return verdict.path, count, in_words(verdict)


def in_words(verdict: Verdict) -> str:
    """A verdict in words: what, where first, by how much."""
    told = f" ({verdict.reason})" if verdict.reason else ""
    match verdict.outcome:
        case Outcome.IDENTICAL:
            return f"bit-identical{told}"
        case Outcome.ULP:
            return f"within {verdict.ulp} ULP{told}"
        case Outcome.TOLERANCE:
            return f"within tolerance, by up to {verdict.largest:.3g}{told}"
        case Outcome.NOT_EXERCISED:
            return f"not exercised{told}"
        case Outcome.RENAMED:
            return f"RENAMED to {verdict.now}{told}"
    where = f" first at {verdict.where}" if verdict.where else ""
    now = f", and RENAMED to {verdict.now}" if verdict.now else ""
    return f"DIFFERENT{where}: {verdict.reason}{now}"


def _table(rows: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    for row in rows:
        yield f"  {row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]}"
