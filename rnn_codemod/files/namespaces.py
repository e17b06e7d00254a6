"""Which blocks of a document are one program: those whose imports do not contradict."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from rnn_codemod.files.blocks import Block
from rnn_codemod.files.programs import Program
from rnn_codemod.reading.source import quiet_tree

_SPOKEN = re.compile(
    r"(?:^|[`>])[ \t]*(from flax(?:\.\w+)* import \w+(?: as \w+)?"
    r"|import (?:flax|jax)(?:\.\w+)*(?: as \w+)?)[ \t\r]*(?:`|$)",
    re.MULTILINE,
)
_ANOTHER = re.compile(r"\btorch\b|tensorflow|mxnet|paddle")


def in_programs(text: str, blocks: Sequence[Block]) -> list[Program]:
    """The blocks in programs, in the order of the document.

    A block that imports another thing under a name begins a new program, to which the imports
    before it still belong. Where no block binds a name that the text around them imports, that
    import counts.
    """
    groups: list[tuple[str, list[Block]]] = [("", [])]
    known: dict[str, str] = {}
    for block in blocks:
        imports = dict(_imports(block.code))
        if any(known.get(name, line) != line for name, line in imports.items()):
            kept = [line for name, line in known.items() if name not in imports]
            groups.append(("".join(f"{line}\n" for line in kept), []))
        known.update(imports)
        groups[-1][1].append(block)
    if not _ANOTHER.search(text):
        spoken = {name: line for found in _SPOKEN.findall(text) for name, line in _imports(found)}
        extra = "".join(f"{line}\n" for name, line in spoken.items() if name not in known)
        groups = [(extra + prelude, group) for prelude, group in groups]
    return [Program(tuple(group), prelude) for prelude, group in groups if group]


def _imports(code: str) -> Iterator[tuple[str, str]]:
    """By the name that it binds, each import that every run of the code makes."""
    try:
        tree = quiet_tree(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                # import a.b binds a, as import a does.
                yield (
                    (alias.asname or alias.name.partition(".")[0]),
                    (
                        f"import {alias.name} as {alias.asname}"
                        if alias.asname
                        else f"import {alias.name.partition('.')[0]}"
                    ),
                )
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                if alias.name != "*":
                    line = f"from {module} import {alias.name}"
                    yield (
                        alias.asname or alias.name,
                        (f"{line} as {alias.asname}" if alias.asname else line),
                    )
