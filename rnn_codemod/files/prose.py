"""Python in Markdown, MyST, Quarto and reStructuredText.

One reader serves them all, and docstrings too: fences, directives, literal blocks and the
prompts of doctests look alike wherever they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from rnn_codemod.files import doctests
from rnn_codemod.files.blocks import Block
from rnn_codemod.files.cells import read_cell, tabs
from rnn_codemod.files.lines import Line, block, cut, dedented, indentation, lines_of
from rnn_codemod.files.namespaces import in_programs
from rnn_codemod.files.programs import Program

_FENCE = re.compile(
    r"(?P<lead>(?:[ \t]|>|[-*+][ \t]|\d+[.)][ \t])*)(?P<fence>`{3,}|~{3,})(?P<info>[^`\r\n]*)"
)
_DIRECTIVE = re.compile(r"[ \t]*\.\. ([\w-]+)::[ \t]*([^\r\n]*)")
_OPTION = re.compile(r"[ \t]*:[\w-]+:")
_LITERAL = re.compile(r"(?![ \t]*\.\. ).*::[ \t\r]*\n")
_TAB = re.compile(
    r"[ \t]*(?:={3}[!+]?[ \t]+\"([^\"]+)\"|\.\. (?:tab|tab-item|group-tab)::[ \t]*(.+)"
    r"|:{3,}[ \t]*\{tab-item\}[ \t]*(.+))"
)
_TAB_END = re.compile(r"[ \t]*:{3,}[ \t\r]*$")
_OTHER = re.compile(r"torch|tensorflow|keras|mxnet|paddle|haiku|equinox|numpy|nnx|\btf\b", re.I)
_OURS = re.compile(r"jax|flax|linen", re.I)

_PYTHON = frozenset(
    [
        "doctest",
        "ipython",
        "ipython3",
        "jupyter-execute",
        "py",
        "py3",
        "pycon",
        "pyodide",
        "python",
        "python-repl",
        "python3",
        "testcleanup",
        "testcode",
        "testsetup",
    ]
)
_NAMED = frozenset(["code", "code-block", "code-cell", "code-tab", "sourcecode"])
"""Directives whose argument is the language."""


def programs(text: str) -> list[Program]:
    """The programs of a document: one, unless its examples import different things alike."""
    blocks = [*blocks_of(text, 0, len(text))]
    if any(tabs(block.code) for block in blocks):
        blocks = [block for block in blocks if tabs(block.code)]
    cells = [(block, read_cell(block.code)) for block in blocks]
    together = [
        replace(block, code=cell.code) for block, cell in cells if cell and not cell.own_file
    ]
    own = [replace(block, code=cell.code) for block, cell in cells if cell and cell.own_file]
    return [*in_programs(text, together), *(Program((block,)) for block in own)]


def blocks_of(
    text: str, start: int, end: int, *, label: str = "", escapes: bool = False
) -> Iterator[Block]:
    """The blocks of code in a stretch of text that may be Python."""
    lines = lines_of(text, start, end)
    at, tab = 0, (-1, "")
    while at < len(lines):
        line = lines[at]
        tab = _tab(text, line, tab)
        foreign = _OTHER.search(tab[1]) and not _OURS.search(tab[1])
        body: list[Line] = []
        kind = ""
        if fence := _FENCE.match(text, line.start, line.end):
            body, after = _fenced(text, lines, at, fence)
            kind = fence["info"]
            name = kind.strip(" {}").split("}")[0].split(" ")[0]
            if kind.startswith("{") and is_python(kind) is False and name not in _NAMED:
                title = kind.partition("}")[2] if name == "tab-item" else "flax"
                if body and (_OURS.search(title) or not _OTHER.search(title)):
                    inner = body[0].start, body[-1].end
                    yield from blocks_of(text, *inner, label=label, escapes=escapes)
                at = after
                continue
            body = _without_options(text, body)
        elif directive := _DIRECTIVE.match(text, line.start, line.end):
            body, after = _indented(text, lines, at)
            kind = f"{directive[1]} {directive[2]}"
            if directive[1] == "codediff":
                body = _one_side(text, body)
                kind = "python"
            elif directive[1] not in _PYTHON | _NAMED:
                at += 1
                continue
            body = _without_options(text, body)
        elif doctests.begins(text, line):
            after = at
            while after < len(lines) and indentation(text, lines[after]) >= 0:
                after += 1
            body = lines[at:after]
        elif _LITERAL.match(text, line.start, line.end):
            body, after = _indented(text, lines, at)
        else:
            at += 1
            continue
        python = is_python(kind)
        if python is not False and not foreign:
            declared = python is True
            if any(doctests.begins(text, line) for line in body):
                yield from doctests.examples(
                    text, body, label=label, declared=declared, escapes=escapes
                )
            elif found := dedented(text, body):
                yield block(text, found, label=label, declared=declared, escapes=escapes)
        at = max(after, at + 1)


def is_python(info: str) -> bool | None:
    """Whether the words that name a block's language mean Python; None where none does."""
    words = re.findall(r"[\w+#-]+", info.lower())
    if words and words[0] in _NAMED:
        if words[0] == "code-cell" and len(words) == 1:
            return True
        words = words[1:]
    return words[0] in _PYTHON if words else None


def _tab(text: str, line: Line, tab: tuple[int, str]) -> tuple[int, str]:
    """The tab that a line is in: its indentation, which what is in it exceeds, and its title."""
    if found := _TAB.match(text, line.start, line.end):
        title = found[1] or found[2] or found[3]
        return (-1 if found[3] else indentation(text, line)), title
    if _TAB_END.match(text, line.start, line.end) or 0 <= indentation(text, line) <= tab[0]:
        return -1, ""
    return tab


def _fenced(
    text: str, lines: Sequence[Line], at: int, fence: re.Match[str]
) -> tuple[list[Line], int]:
    """The lines between two fences, and where to go on."""
    lead, mark = fence["lead"], fence["fence"]
    closing = re.compile(rf"[ \t>]*{re.escape(mark[0])}{{{len(mark)},}}[ \t\r]*$")
    body: list[Line] = []
    for number in range(at + 1, len(lines)):
        line = lines[number]
        if closing.match(text[line.start : line.end].rstrip("\n")):
            return body, number + 1
        if ">" in lead and text.startswith(lead.rstrip(), line.start):
            body.append(cut(text, replace(line, content=line.start + len(lead.rstrip())), 1))
        else:
            body.append(cut(text, line, len(lead)))
    return body, len(lines)


def _indented(text: str, lines: Sequence[Line], at: int) -> tuple[list[Line], int]:
    """The lines below one that are further in, and where to go on."""
    width = indentation(text, lines[at])
    begun = text.rfind("\n", 0, lines[at].start) + 1
    if begun < lines[at].start:
        # Behind an opening quote: the line is as far in as the quote's.
        width = indentation(text, Line(begun, begun, lines[at].end))
    after = at + 1
    while after < len(lines) and not 0 <= indentation(text, lines[after]) <= width:
        after += 1
    body = list(lines[at + 1 : after])
    while body and indentation(text, body[-1]) < 0:
        body.pop()
    return body, after


def _without_options(text: str, body: list[Line]) -> list[Line]:
    """A directive's body without its options, in lines or between rulers."""
    at = 0
    if body and text[body[0].content : body[0].end].strip() == "---":
        at = 1
        while at < len(body) and text[body[at].content : body[at].end].strip() != "---":
            at += 1
        return body[at + 1 :]
    while at < len(body) and _OPTION.match(text, body[at].content, body[at].end):
        at += 1
    return body[at:]


def _one_side(text: str, body: list[Line]) -> list[Line]:
    """Of code beside the same in another framework, ours; of old beside new, nothing."""
    ruler = next(
        (at for at, it in enumerate(body) if text[it.content : it.end].strip() == "---"), None
    )
    titles = {
        side: line[line.index(side) + len(side) + 2 :]
        for it in body
        for side in ("title_left", "title_right")
        if f":{side}:" in (line := text[it.content : it.end])
    }
    if ruler is None or len(titles) < 2:
        return []
    left, right = (bool(_OTHER.search(titles[side])) for side in ("title_left", "title_right"))
    if left == right:
        return []
    return body[ruler + 1 :] if left else _without_options(text, body[:ruler])
