"""An engine that is simple enough to foresee."""

from __future__ import annotations

import ast
import os
import signal

import pytest

from rnn_codemod.around import Around
from rnn_codemod.findings import Applicability, Finding, Migration, Options
from rnn_codemod.treat import Engine

SAFE = Finding("missing_features", 1, 1, "has no size", Applicability.SAFE)
MANUAL = Finding(
    "dynamic_name", 1, 1, "is dynamic", Applicability.MANUAL, "not known", ("write(this)",)
)

FAILURES = {
    "raise-recursion": RecursionError(),
    "raise-memory": MemoryError(),
    "raise-value": ValueError("the round trip is not exact"),
    "raise-bug": KeyError("oops"),
}


def migrate(text: str, options: Options, around: Around | None) -> Migration:
    """Turns each ``LSTMCell()`` into ``LSTMCell(3)``; words in the text make it fail."""
    ast.parse(text)
    for word, failure in FAILURES.items():
        if word in text:
            raise failure
    if "raise-signal" in text:
        os.kill(os.getpid(), signal.SIGKILL)
    if "raise-character" in text:
        text += "# \N{CHECK MARK}"
    refused = (MANUAL,) * text.count("getattr")
    users = around.users if around is not None else {}
    used = tuple(f"used: {name} in {len(paths)}" for name, paths in sorted(users.items()))
    found = (SAFE,) * text.count("LSTMCell()")
    return Migration(text.replace("LSTMCell()", "LSTMCell(3)"), found, refused, 0, used)


def exported_cells(text: str, _around: object = None) -> frozenset[str]:
    """The names of all classes."""
    nodes = ast.walk(ast.parse(text))
    return frozenset(node.name for node in nodes if isinstance(node, ast.ClassDef))


@pytest.fixture
def engine() -> Engine:
    return Engine(migrate, exported_cells)
