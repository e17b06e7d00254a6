"""The modules that a change touched: what a verification tries to build by itself."""

from __future__ import annotations

import ast

from rnn_codemod.verify.exercised import changed_lines
from rnn_codemod.verify.trees import Change

Targets = dict[str, list[str]]
"""By class or variable at the top of a file, the names of its methods that changed."""


def targets(change: Change) -> Targets:
    """What there is to build in a file; nothing where it cannot be read."""
    if not change.path.endswith(".py"):
        return {}
    try:
        tree = ast.parse(change.after)
    except (SyntaxError, ValueError):
        return {}
    lines = set(changed_lines(change))
    found = {
        node.name: [
            method.name
            for method in node.body
            if isinstance(method, ast.FunctionDef) and _touches(method, lines)
        ]
        for node in tree.body
        if isinstance(node, ast.ClassDef) and _touches(node, lines)
    }
    for node in tree.body:
        if isinstance(node, ast.Assign) and _touches(node, lines):
            found |= {name.id: [] for name in node.targets if isinstance(name, ast.Name)}
    return found


def _touches(node: ast.stmt, lines: set[int]) -> bool:
    last = node.end_lineno or node.lineno
    return any(node.lineno <= line <= last for line in lines)
