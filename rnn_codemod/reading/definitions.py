"""What a class or a function says of itself, read off its own text."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.reading.source import Source


def field_names(node: ast.ClassDef) -> tuple[str, ...]:
    """The annotated names of a class body, in their order."""
    return tuple(
        statement.target.id
        for statement in node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    )


def methods(node: ast.ClassDef) -> frozenset[str]:
    """The names of the methods that a class body defines."""
    return frozenset(s.name for s in node.body if isinstance(s, ast.FunctionDef))


def default_factory(node: ast.expr | None) -> ast.keyword | None:
    """The ``default_factory`` of ``field(default_factory=...)``."""
    if isinstance(node, ast.Call) and ast.unparse(node.func).lower().endswith("field"):
        return next((k for k in node.keywords if k.arg == "default_factory"), None)
    return None


def attribute_stores(
    source: Source,
) -> dict[tuple[ast.ClassDef, str], list[tuple[ast.expr | None, tuple[int, ...]]]]:
    """Every ``self.name = value``, by class and name."""
    stores: dict[tuple[ast.ClassDef, str], list[tuple[ast.expr | None, tuple[int, ...]]]] = {}

    def store(target: ast.expr, value: ast.expr | None, path: tuple[int, ...]) -> None:
        match target:
            case ast.Attribute(value=ast.Name(id="self")):
                cls = source.method_class(target)
                if cls is not None:
                    stores.setdefault((cls, target.attr), []).append((value, path))
            case ast.Tuple() | ast.List():
                for index, element in enumerate(target.elts):
                    store(element, value, (*path, index))

    for node in source.nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                store(target, node.value, ())
        elif isinstance(node, ast.AnnAssign):
            store(node.target, node.value, ())
        elif isinstance(node, ast.AugAssign):
            store(node.target, None, ())
    return stores


def decorator_names(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """The last part of the name of each decorator."""
    for decorator in function.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        yield ast.unparse(target).rpartition(".")[2]


def is_static(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return "staticmethod" in decorator_names(function)


def is_classmethod(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return "classmethod" in decorator_names(function)


def returned(function: ast.FunctionDef | ast.AsyncFunctionDef, source: Source) -> list[ast.expr]:
    """The expressions that a function itself returns."""
    return [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Return)
        and node.value is not None
        and source.function(node) is function
    ]


def is_future(node: ast.stmt) -> bool:
    """Whether a statement is an import from ``__future__``, before which nothing may stand."""
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
