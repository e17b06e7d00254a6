"""The report as JSON."""

from __future__ import annotations

import json
from typing import Any

from rnn_codemod.verify.compare import Verdict
from rnn_codemod.verify.process import Ended
from rnn_codemod.verify.session import Report, Run, Side
from rnn_codemod.verify.text import conclusion


def render(report: Report) -> str:
    """The whole report; ``outcome`` is one of the names of ``Outcome`` in lower case."""
    return json.dumps(as_data(report), indent=2, allow_nan=False) + "\n"


def as_data(report: Report) -> dict[str, Any]:
    """The report as dicts, lists, strings and numbers."""
    return {
        "conclusion": conclusion(report),
        "exit_code": report.exit_code,
        "before": _side(report.before),
        "after": _side(report.after),
        "notes": list(report.notes),
        "changed": [change.path for change in report.changes],
        "not_exercised": [
            {
                "file": place.file,
                "line": place.line,
                "within": place.within,
                "reason": place.reason,
            }
            for place in report.unexercised
        ],
        "runs": [_run(run) for run in report.runs],
    }


def _side(side: Side) -> dict[str, str]:
    return {
        "tree": side.tree,
        "cells": side.cells,
        "python": side.interpreter.python,
        "jax": side.interpreter.jax,
        "flax": side.interpreter.flax,
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "name": run.name,
        "before": _ended(run.before),
        "after": _ended(run.after),
        "built": list(run.built),
        "troubles": list(run.troubles),
        "renamed": dict(run.comparison.renames),
        "verdicts": [_verdict(verdict) for verdict in run.comparison.verdicts],
    }


def _ended(ended: Ended) -> dict[str, Any]:
    timed_out = ended.code is None
    return {"exit_code": ended.code, "timed_out": timed_out, "seconds": round(ended.seconds, 3)}


def _verdict(verdict: Verdict) -> dict[str, Any]:
    where = verdict.where
    return {
        "path": verdict.path,
        "kind": verdict.kind,
        "outcome": verdict.outcome.name.lower(),
        "calls": verdict.events,
        "ulp": verdict.ulp,
        "largest_difference": verdict.largest,
        "reason": verdict.reason,
        "renamed_to": verdict.now or None,
        "first_difference": where
        and {
            "method": where.method,
            "phase": where.phase,
            "call": where.call,
            "time_step": where.step,
            "leaf": where.leaf,
        },
        "errors": list(verdict.errors),
    }
