"""Which of the changed places were at work in a run, and which were not."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rnn_codemod.verify.recording import Function
from rnn_codemod.verify.trees import Change

_Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Unexercised:
    """A changed line that no run came by, after the change, and what it belongs to."""

    file: str
    line: int
    within: str
    reason: str = ""

    def __str__(self) -> str:
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.file}:{self.line} in {self.within}{reason}"


Reasons = Mapping[tuple[str, str], str]
"""By file and class, why it could not be built; by file and nothing, why a function was not run."""


def unexercised(
    changes: Sequence[Change], used: Collection[Function], reasons: Reasons | None = None
) -> tuple[Unexercised, ...]:
    """The changed functions that no run used, once each, at their first changed line.

    A change outside of all functions is exercised where any code of the file is. Of a notebook or
    a text, it is not known what a run used of it: it is named as a whole.
    """
    found = []
    for change in changes:
        lines = changed_lines(change)
        if not change.path.endswith(".py"):
            found += [_document(change.path, line) for line in lines[:1]]
        elif change.after:
            files = {function.file for function in used}
            found += [
                replace(place, reason=_reason(place, reasons or {}))
                for place, code in _places(change, lines)
                if (code not in used if code else change.path not in files)
            ]
    return tuple(dict.fromkeys(found))


def _document(file: str, line: int) -> Unexercised:
    within = "the notebook" if file.endswith(".ipynb") else "the text"
    return Unexercised(file, line, within, "only files of Python are run")


def _reason(place: Unexercised, reasons: Reasons) -> str:
    return reasons.get((place.file, place.within.split(".")[0]), reasons.get((place.file, ""), ""))


def changed_lines(change: Change) -> list[int]:
    """The lines of the file after that are not the same before, counted from 1."""
    old, new = change.before.splitlines(), change.after.splitlines()
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [
        line + 1 for tag, _, _, start, end in codes if tag != "equal" for line in range(start, end)
    ]


def _places(change: Change, lines: Iterable[int]) -> Iterator[tuple[Unexercised, Function | None]]:
    """For each function around a changed line: it, and the function as a run names it."""
    try:
        tree = ast.parse(change.after)
    except (SyntaxError, ValueError):
        return
    first: dict[str, tuple[int, Function | None]] = {}
    for line in lines:
        scopes = list(_around(tree, line))
        functions = [scope for scope in scopes if not isinstance(scope, ast.ClassDef)]
        if functions:
            inner = functions[-1]
            code = Function(change.path, _name(inner), _start(inner))
        elif _does_something(tree, line):
            code = None
        else:
            continue
        first.setdefault(".".join(map(_name, scopes)) or "the module", (line, code))
    for name, (line, code) in first.items():
        yield Unexercised(change.path, line, name), code


def _around(tree: ast.AST, line: int) -> Iterator[_Scope]:
    for node in ast.iter_child_nodes(tree):
        start = _start(node) if isinstance(node, _Scope) else getattr(node, "lineno", line)
        end = getattr(node, "end_lineno", None) or line
        if start <= line <= end:
            if isinstance(node, _Scope):
                yield node
            yield from _around(node, line)


def _does_something(tree: ast.Module, line: int) -> bool:
    """Whether the line belongs to a statement other than an import: those are used elsewhere."""
    return any(
        node.lineno <= line <= (node.end_lineno or node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and not isinstance(node, (ast.Import, ast.ImportFrom, *_DEFS))
    )


_DEFS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _start(node: _Scope) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(it.lineno for it in decorators)])


def _name(scope: _Scope) -> str:
    return "<lambda>" if isinstance(scope, ast.Lambda) else scope.name
