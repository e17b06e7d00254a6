"""``pyproject.toml``: lists of requirements, and poetry's tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rnn_codemod.pins.dialects import Dialect
from rnn_codemod.pins.pin import PYTHON, Pin
from rnn_codemod.pins.requirement import pin_in
from rnn_codemod.pins.toml import Path, String, strings

ESCAPED = "the string is written with escapes"
ELSEWHERE = "tool.uv.sources takes flax from elsewhere"


def pins(text: str, package: str) -> Iterator[Pin]:
    """The pins of ``package`` in the lists of requirements and in poetry's tables.

    Raises:
        ValueError: the text is no TOML, or is not understood.
    """
    found = strings(text)
    for string in found:
        if _is_requirement(string.path):
            pin = requirement(string, package)
        elif _is_poetry(string.path, package):
            pin = version(string, Dialect.POETRY)
        elif package == PYTHON and string.path == ("project", "requires-python"):
            pin = version(string, Dialect.PEP440)
        else:
            continue
        if pin is not None:
            elsewhere = _is_requirement(string.path) and _from_elsewhere(found, package)
            yield replace(pin, held=ELSEWHERE) if elsewhere else pin


def requirement(string: String, package: str) -> Pin | None:
    """The pin in a string that is one whole requirement."""
    pin = pin_in(string.value, package)
    if pin is None:
        return None
    if not string.plain:
        return Pin(string.start, (string.start, string.end), pin.dialect, ESCAPED)
    first, last = pin.span
    return replace(pin, at=pin.at + string.start, span=(first + string.start, last + string.start))


def version(string: String, dialect: Dialect) -> Pin | None:
    """The pin in a string that is nothing but a version; None where it lets in all."""
    if string.value.strip() == "*":
        return None
    held = "" if string.plain else ESCAPED
    start = string.start + len(string.value) - len(string.value.lstrip())
    end = string.end - len(string.value) + len(string.value.rstrip())
    return Pin(string.start, (start, end), dialect, held)


def _is_requirement(path: Path) -> bool:
    """Whether it is an item of one of the lists of ``project``, dependency groups and tools."""
    if len(path) < 3 or not isinstance(path[-1], int):
        return False
    above = [str(key) for key in path[:-1]]
    return (
        above[0] == "dependency-groups"
        or above == ["build-system", "requires"]
        or any(key.endswith("dependencies") for key in above[-2:])
    ) and "poetry" not in above[:2]


def _is_poetry(path: Path, package: str) -> bool:
    """Whether it is the version of ``tool.poetry[.group.NAME].[dev-]dependencies.PACKAGE``."""
    above = [str(key) for key in path if isinstance(key, str)]
    if above[:2] != ["tool", "poetry"]:
        return False
    if above[-1] == "version":
        above.pop()
    return above[-1].lower() == package and above[-2] in ("dependencies", "dev-dependencies")


def _from_elsewhere(found: tuple[String, ...], package: str) -> bool:
    kinds = {"git", "url", "path"}
    return any(
        string.path[:4] == ("tool", "uv", "sources", package) and kinds & set(map(str, string.path))
        for string in found
    )
