"""Functions of the tree that a run can be made of: ``probe()``, at the top of a file."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
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


def find_probes(before: Path, after: Path, files: Sequence[str]) -> tuple[Probe, ...]:
    """The probes that are in both trees, in those of ``files`` that are."""
    return tuple(
        Probe(file, DEFAULT)
        for file in files
        if _has_probe(before / file) and _has_probe(after / file)
    )


def _has_probe(file: Path) -> bool:
    return file.is_file() and any(name == DEFAULT for name in _functions(file.read_bytes()))


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
