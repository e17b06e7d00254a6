"""Code that already handles both APIs: it is left as it is."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from rnn_codemod.reading.facts import Facts
from rnn_codemod.reading.source import Source
from rnn_codemod.reading.values import Values

_VERSION_TEST = re.compile(
    r"__version__|'features' (not )?in\b"
    r"|\bversion\(|signature\(|__annotations__|__dataclass_fields__|num_feature_axes"
    r"|hasattr\(.*(nn\b|linen|flax|cell|rnn|carry)",
    re.IGNORECASE,
)


class Guards:
    """Finds the sites that a try/except or a version test already covers."""

    def __init__(self, source: Source, values: Values, facts: Facts) -> None:
        self._source = source
        self._values = values
        self._facts = facts
        self._sites: set[ast.AST] = {site.node for site in facts.constructions}
        self._sites |= {site.node for site in facts.carries}
        self._sites |= {site.node for site in facts.layers}

    def uncovered(self) -> Facts:
        """The sites that are not one of two alternatives."""
        facts = self._facts
        kept = replace(
            facts,
            constructions=tuple(c for c in facts.constructions if not self.covers(c.node)),
            carries=tuple(c for c in facts.carries if not self.covers(c.node)),
            layers=tuple(r for r in facts.layers if not self.covers(r.node)),
        )
        gone = sum(
            len(before) - len(after)
            for before, after in (
                (facts.constructions, kept.constructions),
                (facts.carries, kept.carries),
                (facts.layers, kept.layers),
            )
        )
        return replace(kept, modern=facts.modern + gone)

    def covers(self, node: ast.AST) -> bool:
        """Whether the site at ``node`` is one of two alternatives, one for each API."""
        inner = node
        for outer in self._source.ancestors(node):
            if isinstance(outer, ast.Try) and self._both(outer, inner):
                return True
            if isinstance(outer, ast.If | ast.IfExp | ast.While) and inner is not outer.test:
                if self._tests_version(outer.test):
                    return True
            if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
                for statement in outer.body:
                    if isinstance(statement, ast.If) and self._tests_version(statement.test):
                        return True
            inner = outer
        return False

    def _both(self, outer: ast.Try, inner: ast.AST) -> bool:
        if not outer.handlers or inner in outer.finalbody:
            return False
        handlers = [node for handler in outer.handlers for node in ast.walk(handler)]
        body = [node for statement in outer.body for node in ast.walk(statement)]
        return (
            any(node in self._sites for node in handlers)
            and any(node in self._sites or _is_carry(node) for node in body)
        ) or (_imports_cells(handlers) and _imports_cells(body))

    def _tests_version(self, test: ast.expr) -> bool:
        if _VERSION_TEST.search(ast.unparse(test)):
            return True
        for name in ast.walk(test):
            if isinstance(name, ast.Name):
                found = self._values.scopes.lookup(name.id, name)
                for binding in found[1] if found else []:
                    if binding.imported and "version" in binding.imported.lower():
                        return True
                    if binding.value is not None and not binding.path:
                        if _VERSION_TEST.search(ast.unparse(binding.value)):
                            return True
        return False


def _imports_cells(nodes: list[ast.AST]) -> bool:
    """Whether one of two alternative imports names a cell."""
    return any(
        isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("flax")
        and any("LSTM" in alias.name or "Cell" in alias.name for alias in node.names)
        for node in nodes
    )


def _is_carry(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "initialize_carry"
