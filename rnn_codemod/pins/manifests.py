"""Which files say what a project depends on, and which of them makes a folder a project."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

from rnn_codemod.pins import (
    environment,
    locks,
    pipfile,
    pyproject,
    requirements,
    setup_cfg,
    setup_py,
)
from rnn_codemod.pins.pin import Pin

Format = Callable[[str, str], Iterator[Pin]]
"""Gives the pins of a package, whose name is written small, in a text."""

_REQUIREMENTS = re.compile(r"(?:.*[-_.])?(?:requirements?|constraints?)(?:[-_.].*)?\.(?:txt|in)")
_ENVIRONMENT = re.compile(r"(?:.*[-_.])?(?:environment|env|conda)(?:[-_.].*)?\.ya?ml")
_NAMED: dict[str, Format] = {
    "Pipfile": pipfile.pins,
    "pyproject.toml": pyproject.pins,
    "setup.cfg": setup_cfg.pins,
    "setup.py": setup_py.pins,
}
LISTS = (".txt", ".in", ".pip")
"""How the name of a file ends that another list may include."""
_LISTS = ("requirements", "constraints")
_PACKAGE = {
    "setup.py": re.compile(rb""),
    "setup.cfg": re.compile(rb"^\[(?:metadata|options)\]", re.MULTILINE),
    "pyproject.toml": re.compile(rb"^\[(?:project|tool\.poetry|build-system)\]", re.MULTILINE),
}


def format_of(path: str) -> Format | None:
    """How the pins of a file are written; None where it is no file of dependencies."""
    folder, name = os.path.split(path)
    if name in _NAMED:
        return _NAMED[name]
    small = name.lower()
    if small.endswith((".txt", ".in")):
        listed = os.path.basename(folder) in _LISTS or _REQUIREMENTS.fullmatch(small)
        return requirements.pins if listed else None
    if name not in locks.NAMES and small.endswith((".yml", ".yaml")):
        return environment.pins if _ENVIRONMENT.fullmatch(small) else None
    return None


def is_manifest(path: str) -> bool:
    """Whether a file may pin or lock flax, told from its path."""
    return os.path.basename(path) in locks.NAMES or format_of(path) is not None


def including(path: str) -> bool:
    """Whether a file may include others by ``-r`` or ``-c``, told from its path."""
    return format_of(path) is requirements.pins


def project_of(path: str, top: str) -> str:
    """The folder whose code the manifest at ``path`` is for; never above ``top``. Real paths.

    It is the nearest folder from which a package is built, else the manifest's own; a list in a
    folder of lists is for the folder around it.
    """
    own = folder = os.path.dirname(path)
    while True:
        if any(_builds(os.path.join(folder, name), form) for name, form in _PACKAGE.items()):
            return folder
        if folder == top or os.path.dirname(folder) == folder:
            break
        folder = os.path.dirname(folder)
    if own != top and os.path.basename(own) in _LISTS:
        return os.path.dirname(own)
    return own


def _builds(path: str, form: re.Pattern[bytes]) -> bool:
    try:
        with open(path, "rb") as file:
            return form.search(file.read()) is not None
    except OSError:
        return False
