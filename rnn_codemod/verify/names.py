"""Which module path after stands for which before: the same one, or one that was renamed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_NUMBERED = re.compile(r"^(.*)_(\d+)$")


def pair_paths(before: Iterable[str], after: Iterable[str]) -> dict[str, str]:
    """By path before, the path after; what has no counterpart is left out.

    Siblings of one name (``LSTMCell_0``, ``LSTMCell_2``) keep their order where their numbers
    changed, as those are given in order of construction. One sibling that has another name
    altogether is paired where it is the only one.
    """
    old, new = _children(before), _children(after)
    pairs: dict[str, str] = {}
    waiting = [("", "")]
    while waiting:
        above, below = waiting.pop()
        for one, other in _pair_siblings(old.get(above, set()), new.get(below, set())).items():
            path, counterpart = _join(above, one), _join(below, other)
            pairs[path] = counterpart
            waiting.append((path, counterpart))
    return pairs


def renamed(pairs: Mapping[str, str]) -> dict[str, str]:
    """The pairs whose last part is another one, those below them left out."""
    return {
        old: new for old, new in pairs.items() if old.rsplit("/", 1)[-1] != new.rsplit("/", 1)[-1]
    }


def _children(paths: Iterable[str]) -> dict[str, set[str]]:
    children: dict[str, set[str]] = {}
    for path in paths:
        above = ""
        for part in path.split("/"):
            children.setdefault(above, set()).add(part)
            above = _join(above, part)
    return children


def _join(above: str, name: str) -> str:
    return f"{above}/{name}" if above else name


def _pair_siblings(old: set[str], new: set[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for base in {_base(name) for name in old}:
        mine = sorted((name for name in old if _base(name) == base), key=_number)
        theirs = sorted((name for name in new if _base(name) == base), key=_number)
        if len(mine) == len(theirs):
            pairs.update(zip(mine, theirs, strict=True))
        else:
            pairs.update((name, name) for name in mine if name in theirs)
    lost, found = sorted(old - set(pairs)), sorted(new - set(pairs.values()))
    if len(lost) == len(found) == 1:
        pairs[lost[0]] = found[0]
    return pairs


def _base(name: str) -> str:
    match = _NUMBERED.match(name)
    return match.group(1) if match else name


def _number(name: str) -> int:
    match = _NUMBERED.match(name)
    return int(match.group(2)) if match else -1
