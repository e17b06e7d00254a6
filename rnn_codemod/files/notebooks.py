"""Jupyter notebooks: the code cells of the JSON text, each with its place in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from typing import Union

from rnn_codemod.files.blocks import Block
from rnn_codemod.files.cells import read_cell
from rnn_codemod.files.decode import CannotDecode
from rnn_codemod.files.programs import Program

_TOKEN = re.compile(r'[ \t\r\n]*([{}\[\]:,]|"[^"\\]*(?:\\.[^"\\]*)*"|[^\s{}\[\]:,"]+)', re.DOTALL)
_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|\\u[0-9a-fA-F]{4}|\\.|[^\\]+",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _String:
    """A JSON string between its quotes, as ``text[start:end]``."""

    start: int
    end: int


_Value = Union[_String, "list[_Value]", "dict[str, _Value]", None]
"""Where a JSON value is; None for numbers and constants."""


def programs(text: str) -> list[Program]:
    """The programs of a notebook: its cells, and each file that a cell writes.

    None for a notebook of another language.

    Raises:
        CannotDecode: no JSON, no notebook, or one of a format before 4.
    """
    try:
        notebook = json.loads(text)
    except json.JSONDecodeError as error:
        raise CannotDecode(f"is not valid JSON: {error.msg}", error.lineno) from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("nbformat"), int):
        raise CannotDecode("is no notebook: it has no nbformat")
    if notebook["nbformat"] < 4:
        raise CannotDecode(
            f"is a notebook of format {notebook['nbformat']}: "
            "convert it with jupyter nbconvert --to notebook"
        )
    if not _speaks_python(notebook):
        return []
    blocks = list(_cells(text, notebook))
    together = tuple(block for block, own in blocks if not own)
    return [Program(together), *(Program((block,)) for block, own in blocks if own)]


def _speaks_python(notebook: dict[str, object]) -> bool:
    metadata = notebook.get("metadata")
    if not isinstance(metadata, dict):
        return True
    for part, key in (("language_info", "name"), ("kernelspec", "language")):
        about = metadata.get(part)
        language = about.get(key) if isinstance(about, dict) else None
        if isinstance(language, str):
            return language.lower() in ("python", "ipython", "python3")
    return True


def _cells(text: str, notebook: dict[str, object]) -> Iterator[tuple[Block, bool]]:
    """The Python cells, and whether each is a file of its own."""
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        raise CannotDecode("is no notebook: it has no cells")
    root = _places(text)
    assert isinstance(root, dict)
    places = root["cells"]
    assert isinstance(places, list)
    raw = not text.isascii()
    for number, (cell, place) in enumerate(zip(cells, places, strict=True), start=1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code" or not _in_python(cell):
            continue
        assert isinstance(place, dict)
        block = _source(text, place.get("source"), raw, f"cell {number}")
        read = read_cell(block.code) if block is not None and block.code else None
        if block is not None and read is not None:
            yield replace(block, code=read.code), read.own_file


def _in_python(cell: dict[str, object]) -> bool:
    metadata = cell.get("metadata")
    editor = metadata.get("vscode") if isinstance(metadata, dict) else None
    language = editor.get("languageId", "python") if isinstance(editor, dict) else "python"
    return language == "python"


def _source(text: str, place: _Value, raw: bool, label: str) -> Block | None:
    """The code of one ``source``: one string, or a list of strings that make it together."""
    if isinstance(place, _String):
        strings, newline = [place], "\\n"
    elif isinstance(place, list) and place:
        strings = [item for item in place if isinstance(item, _String)]
        if len(strings) != len(place):
            return None
        newline = f'\\n"{_between(text, strings)}"'
    else:
        return None
    code: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for string in strings:
        for piece in _CHARACTER.finditer(text, string.start, string.end):
            if piece[0][0] != "\\":
                code.append(piece[0])
                starts += range(piece.start(), piece.end())
                ends += range(piece.start() + 1, piece.end() + 1)
            else:
                code.append(json.loads(f'"{piece[0]}"'))
                starts.append(piece.start())
                ends.append(piece.end())
    return Block(
        "".join(code),
        starts,
        ends,
        partial(_escaped, raw),
        lambda after, number: newline,
        label,
    )


def _between(text: str, strings: list[_String]) -> str:
    """What stands between the strings of a list."""
    if len(strings) > 1:
        return text[strings[0].end + 1 : strings[1].start - 1]
    opening = text.rindex("[", 0, strings[0].start)
    return f",{text[opening + 1 : strings[0].start - 1] or ' '}"


def _escaped(raw: bool, text: str) -> str:
    return json.dumps(text, ensure_ascii=not raw)[1:-1]


def _places(text: str) -> _Value:
    """The places of all strings in a valid JSON text."""
    tokens = _TOKEN.finditer(text)
    return _value(next(tokens), tokens)


def _value(first: re.Match[str], tokens: Iterator[re.Match[str]]) -> _Value:
    match first[1][0]:
        case '"':
            return _String(first.start(1) + 1, first.end(1) - 1)
        case "[":
            items = takewhile(lambda token: token[1] != "]", tokens)
            return [_value(item, tokens) for item in items if item[1] != ","]
        case "{":
            fields: dict[str, _Value] = {}
            for key in takewhile(lambda token: token[1] != "}", tokens):
                if key[1] != ",":
                    next(tokens)  # the colon
                    fields[json.loads(key[1])] = _value(next(tokens), tokens)
            return fields
    return None
