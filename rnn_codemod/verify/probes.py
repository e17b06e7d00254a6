"""Functions of the tree that a run can be made of: ``probe()``, at the top of a file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DEFAULT = "probe"


@dataclass(frozen=True, slots=True)
class Probe:
    """A function without arguments, in a file relative to the root of the tree."""

    file: str
    function: str

    def __str__(self) -> str:
        return f"{self.file}::{self.function}"


def find_probes(before: Path, after: Path) -> tuple[Probe, ...]:
    """The probes that are in both trees, in files that speak of jax or flax."""
    files = sorted(file.relative_to(after) for file in after.rglob("*.py"))
    return tuple(
        Probe(str(file), DEFAULT)
        for file in files
        if _has_probe(after / file) and _has_probe(before / file)
    )


def _has_probe(file: Path) -> bool:
    if not file.is_file():
        return False
    source = file.read_bytes()
    speaks_of_it = b"jax" in source or b"flax" in source
    return speaks_of_it and any(name == DEFAULT for name in _functions(source))


def _functions(source: bytes) -> Iterator[str]:
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return
    for node in body:
        if isinstance(node, ast.FunctionDef):
            wanted = node.args.args + node.args.posonlyargs + node.args.kwonlyargs
            if len(wanted) <= len(node.args.defaults):
                yield node.name
