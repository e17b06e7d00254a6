"""Lock files: what they have locked is told, and their tool writes them anew."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rnn_codemod.pins.pin import Locked

_TOML = r'^name *= *"(flax)"[ \t]*\r?\nversion *= *"([^"]+)"'
_JSON = r'^\s*"(flax)"\s*:\s*\{[^{}]*?"version"\s*:\s*"==([^"]+)"'
_YAML = r"^\s*(?:- )?name: (flax)[ \t]*\r?\n\s+version: ['\"]?([^\s'\"]+)"
_FORMS = {
    "poetry.lock": (_TOML, "poetry update flax"),
    "uv.lock": (_TOML, "uv lock --upgrade-package flax"),
    "pdm.lock": (_TOML, "pdm update flax"),
    "pylock.toml": (_TOML, "lock anew with the tool that wrote it"),
    "Pipfile.lock": (_JSON, "pipenv upgrade flax"),
    "conda-lock.yml": (_YAML, "conda-lock lock --update flax"),
}
NAMES = frozenset(_FORMS)


def locked(name: str, text: str) -> Iterator[Locked]:
    """The releases of flax in the lock file called ``name``; some lock several, by platform."""
    form, by_hand = _FORMS[name]
    for match in re.finditer(form, text, re.MULTILINE):
        yield Locked(match.start(1), match[2], by_hand)
