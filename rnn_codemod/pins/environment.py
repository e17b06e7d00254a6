"""``environment.yml`` of conda: its own dependencies, and those that it hands to pip."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rnn_codemod.pins.dialects import Dialect
from rnn_codemod.pins.pin import Pin
from rnn_codemod.pins.requirement import pin_in

_LINE = re.compile(r"[^\r\n]+")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")
_ITEM = re.compile(r"(\s*)-\s+(['\"]?)(.*?)\2\s*")
_PIP = re.compile(r"(\s*)-\s+['\"]?pip['\"]?\s*:\s*")
_TOP = re.compile(r"([^\s:#-][^:]*?)\s*:")
_NAME = re.compile(r"(?:[\w./-]+::)?([\w.-]+)\s*", re.ASCII)
_BUILD = re.compile(r"(=?[\d.*]+=|[^\s,|]+\s+)[\w.*]+", re.ASCII)

BUILD = "it is pinned to one build"
FLOW = "it stands in one line with others"


def pins(text: str, package: str) -> Iterator[Pin]:
    """The pins of ``package`` under ``dependencies``, one item a line."""
    inside, pip = False, -1
    for line in _LINE.finditer(text):
        start, content = line.start(), _COMMENT.sub("", line[0])
        if not content.strip():
            continue
        top = _TOP.match(content)
        if top is not None:
            inside, pip = top[1].strip("'\"") == "dependencies", -1
            if inside:
                yield from _flow(text, package, start + top.end(), start + len(content))
            continue
        if not inside:
            continue
        opens = _PIP.fullmatch(content)
        item = _ITEM.fullmatch(content)
        if opens is not None:
            pip = len(opens[1])
        elif item is not None:
            first, last = start + item.start(3), start + item.end(3)
            if len(item[1]) <= pip:
                pip = -1
            read = pin_in if pip >= 0 else _conda
            pin = read(text, package, first, last)
            if pin is not None:
                yield pin
        else:
            yield from _flow(text, package, start, start + len(content))


def _flow(text: str, package: str, first: int, last: int) -> Iterator[Pin]:
    """The pins of a list in brackets: told, not rewritten."""
    flow = re.compile(
        rf"(?<![\w.-])({package})(?![\w.-])(\s*[=<>!~][^'\",\]}}]*|\s+[\d.][^'\",\]}}]*)",
        re.ASCII | re.IGNORECASE,
    )
    for match in flow.finditer(text, first, last):
        end = match.start(2) + len(match[2].rstrip())
        build = _BUILD.fullmatch(text, match.start(2), end)
        end = end if build is None else match.start(2) + len(build[1].rstrip().rstrip("="))
        yield Pin(match.start(1), (match.start(2), end), Dialect.CONDA, FLOW)


def _conda(text: str, package: str, first: int, last: int) -> Pin | None:
    name = _NAME.match(text, first, last)
    if name is None or name[1].lower() != package or name.end() == last:
        return None
    build = _BUILD.fullmatch(text, name.end(), last)
    if build is None:
        return Pin(name.start(1), (name.end(), last), Dialect.CONDA)
    end = name.end() + len(build[1].rstrip().rstrip("="))
    return Pin(name.start(1), (name.end(), end), Dialect.CONDA, BUILD)
