"""Changes to one ``from ... import`` statement, written by LibCST."""

from __future__ import annotations

from collections.abc import Collection

import libcst as cst

from rnn_codemod.editing.calls import RoundTripError


def drop_names(text: str, names: Collection[str], newline: str) -> str:
    """The statement ``text`` without some of its names; all other characters stay.

    Raises RoundTripError where LibCST cannot reproduce the text.
    """
    config = cst.PartialParserConfig(default_newline=newline)
    module = cst.Module([], default_newline=newline)
    line = cst.parse_statement(text, config)
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
        raise RoundTripError("LibCST does not read this import as one statement")
    (statement,) = line.body
    if not isinstance(statement, cst.ImportFrom) or module.code_for_node(statement) != text:
        raise RoundTripError("LibCST does not give this import back as it was written")
    assert not isinstance(statement.names, cst.ImportStar)
    kept = [alias for alias in statement.names if alias.evaluated_name not in names]
    if kept[-1] is not statement.names[-1]:
        kept[-1] = kept[-1].with_changes(comma=statement.names[-1].comma)
    return module.code_for_node(statement.with_changes(names=kept))
