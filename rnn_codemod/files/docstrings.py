"""Examples in the docstrings of a module, which share its names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rnn_codemod.around import Around
from rnn_codemod.files.blocks import Splice, apply
from rnn_codemod.files.programs import Migrate, Program, Treated, migrate_programs
from rnn_codemod.files.prose import blocks_of
from rnn_codemod.files.search import RECURRENT
from rnn_codemod.findings import Migration, Options
from rnn_codemod.reading.source import Source

_MARKS = re.compile(r">>> |```|~~~|::[ \t\r]*\n|\.\. [\w-]+::")
_LITERAL = re.compile(r"""([uUrR]?)(\"{3}|'{3}|"|')(.*)\2""", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Docstring:
    start: int
    end: int
    owner: str
    raw: bool


def may_hold_code(text: str) -> bool:
    """Whether a docstring of the module may hold code that concerns us."""
    return _MARKS.search(text) is not None


def migrate_docstrings(
    text: str, module: Migration, migrate: Migrate, options: Options, around: Around | None
) -> Treated:
    """``module``, the migration of ``text``, with the docstrings migrated too.

    Raises:
        ValueError: the new docstrings would not come out as they should.
    """
    if not may_hold_code(text) or not programs(text):
        return Treated(module)
    treated = migrate_programs(text, programs, migrate, options, around)
    inner = treated.migration
    old, new, outer = (list(_docstrings(it)) for it in (text, inner.text, module.text))
    if [text[doc.start : doc.end] for doc in old] != [
        module.text[doc.start : doc.end] for doc in outer
    ]:
        raise ValueError("its docstrings would not stay as they are")
    changes = [
        Splice(there.start, there.end, inner.text[here.start : here.end])
        for here, there in zip(new, outer, strict=True)
    ]
    return Treated(
        replace(
            module,
            text=apply(module.text, changes),
            rewritten=(*module.rewritten, *inner.rewritten),
            refused=(*module.refused, *inner.refused),
            remarks=(*module.remarks, *inner.remarks),
        ),
        treated.unread,
    )


def programs(text: str) -> list[Program]:
    """One program for each docstring with code in it; the module is its prelude."""
    found = []
    for doc in _docstrings(text):
        body = text[doc.start : doc.end]
        if _MARKS.search(body) and any(part.decode() in body for part in RECURRENT):
            label = f"docstring of {doc.owner}" if doc.owner else "docstring"
            blocks = blocks_of(text, doc.start, doc.end, label=label, escapes=not doc.raw)
            if together := tuple(block for block in blocks if block.code):
                found.append(Program(together, text))
    return found


def _docstrings(text: str) -> Iterator[_Docstring]:
    source = Source.parse(text)
    for node in source.nodes:
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        first = node.body[0] if node.body else None
        if not isinstance(first, ast.Expr) or not isinstance(first.value, ast.Constant):
            continue
        if not isinstance(first.value.value, str):
            continue
        start, end = source.span(first.value)
        literal = _LITERAL.fullmatch(text, start, end)
        # Two literals side by side make one docstring whose lines are not those of the file.
        if literal is not None and not re.search(rf"(?<!\\){literal[2]}", literal[3]):
            owner = "" if isinstance(node, ast.Module) else node.name
            yield _Docstring(literal.start(3), literal.end(3), owner, literal[1] in ("r", "R"))
