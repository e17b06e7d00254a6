"""``Pipfile`` of pipenv."""

from __future__ import annotations

from collections.abc import Iterator

from rnn_codemod.pins.dialects import Dialect
from rnn_codemod.pins.pin import Pin
from rnn_codemod.pins.pyproject import version
from rnn_codemod.pins.toml import strings

_NO_PACKAGES = ("source", "requires", "scripts", "pipenv")


def pins(text: str, package: str) -> Iterator[Pin]:
    """The pins of ``package`` in ``[packages]``, ``[dev-packages]`` and the other categories.

    Raises:
        ValueError: the text is no TOML, or is not understood.
    """
    for string in strings(text):
        category, *below = string.path
        if category not in _NO_PACKAGES and below and str(below[0]).lower() == package:
            if len(below) == 1 or below[1:] == ["version"]:
                pin = version(string, Dialect.PEP440)
                if pin is not None:
                    yield pin
