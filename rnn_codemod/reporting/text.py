"""Results as lines to read."""

from __future__ import annotations

from collections.abc import Iterator

from rnn_codemod.files.problem import Problem
from rnn_codemod.findings import Applicability, Finding
from rnn_codemod.results import FileResult, Totals


def shown(path: str) -> str:
    """``path`` on one line, whatever its name holds, so that any terminal can print it."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in path)


def site(path: str, finding: Finding) -> str:
    """``path:line:col rule message``."""
    where = f"{shown(path)}:{finding.line}:{finding.column}"
    return f"{where} {finding.rule} {finding.message}"


def refusal(path: str, finding: Finding) -> Iterator[str]:
    """A site that was left as it was: why, and what to write there by hand."""
    yield site(path, finding)
    if finding.reason:
        yield f"    not rewritten: {finding.reason}"
    if finding.recipe:
        review = finding.applicability is Applicability.REVIEW
        yield "    --unsafe writes:" if review else "    by hand:"
        yield from (f"        {line}" for line in finding.recipe)


def changed(result: FileResult) -> str:
    """What a rewritten file is told by."""
    return f"{shown(result.path)}: {_count(len(result.rewritten), 'site')} migrated"


def problem(trouble: Problem) -> str:
    """``path:line: error: cause``."""
    where = f"{shown(trouble.path)}:{trouble.line}" if trouble.line else shown(trouble.path)
    return f"{where}: error: {trouble.cause}"


def warnings(result: FileResult) -> Iterator[str]:
    """``path: warning: text``, for each."""
    return (f"{shown(result.path)}: warning: {warning}" for warning in result.warnings)


def summary(totals: Totals, done: str, seconds: float) -> str:
    """The last line of a run; ``done`` says what became of the sites that have a rewrite."""
    parts = [
        f"{_count(totals.files, 'file')} looked at",
        f"{_count(totals.rewritten, 'site')} {done}",
        f"{totals.refused} refused",
        f"{totals.left_alone} left alone",
    ]
    if totals.problems:
        parts.append(f"{_count(totals.problems, 'file')} with an error")
    return f"{', '.join(parts)}; {seconds:.2f} s"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
