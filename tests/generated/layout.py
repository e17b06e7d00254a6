"""Layout that means nothing: comments, line breaks, odd spacing, semicolons, tabs, line ends."""

from __future__ import annotations

import ast
import io
import tokenize
from random import Random

_OPEN, _CLOSE = "([{", ")]}"


def noisy(text: str, random: Random) -> str:
    """``text`` in another layout; it means the same."""
    if random.randrange(3) == 0:
        text = _joined(text, random)
    text = _sprinkled(text, random, one_in=random.choice([6, 20, 80]))
    if random.randrange(6) == 0:
        text = _tabbed(text)
    if random.randrange(8) == 0:
        text = text.rstrip("\n")
    if random.randrange(3) == 0:
        text = text.replace("\n", "\r\n")
    return text


def _joined(text: str, random: Random) -> str:
    """Some neighbouring simple statements on one line."""
    lines = text.split("\n")
    alone = {
        node.lineno - 1
        for block in ast.walk(ast.parse(text))
        if isinstance(block, ast.Module | ast.ClassDef | ast.FunctionDef | ast.For | ast.If)
        for node in block.body
        if isinstance(node, ast.Assign | ast.Return | ast.AugAssign)
        and node.lineno == node.end_lineno
    }
    joined: list[str] = []
    for index, line in enumerate(lines):
        before = index - 1
        indent = len(line) - len(line.lstrip())
        if {index, before} <= alone and random.randrange(3) == 0:
            if indent == len(lines[before]) - len(lines[before].lstrip()):
                joined[-1] += "; " + line.lstrip()
                continue
        joined.append(line)
    return "\n".join(joined)


def _sprinkled(text: str, random: Random, one_in: int) -> str:
    """Breaks and comments where the grammar allows them."""
    insertions: list[tuple[int, str]] = []
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        at = starts[token.start[0] - 1] + token.start[1]
        end = starts[token.end[0] - 1] + token.end[1]
        note = f"# note {len(insertions)}"
        chosen = random.randrange(one_in) == 0
        if token.type == tokenize.OP and token.string in _OPEN:
            depth += 1
        if token.type == tokenize.OP and token.string in _CLOSE:
            depth -= 1
            if chosen:
                insertions.append((at, random.choice([" ", "\n        ", f"  {note}\n  "])))
        elif token.type == tokenize.OP and depth and chosen and token.string in "([{,=":
            insertions.append((end, random.choice(["  ", "\n        ", f"  {note}\n      "])))
        elif token.type == tokenize.NEWLINE and chosen:
            insertions.append((at, random.choice([f"  {note}", f"{note}", "   ", "\n", "\n\n\n"])))
        elif token.type == tokenize.OP and token.string == "=" and not depth and chosen:
            insertions.append((end, " \\\n            "))
    for at, inserted in reversed(insertions):
        text = text[:at] + inserted + text[at:]
    ast.parse(text)
    return text


def _tabbed(text: str) -> str:
    lines = []
    for line in text.split("\n"):
        body = line.lstrip(" ")
        depth, rest = divmod(len(line) - len(body), 4)
        lines.append("\t" * depth + " " * rest + body)
    result = "\n".join(lines)
    try:
        ast.parse(result)
    except (SyntaxError, TabError):
        return text
    return result
