"""``setup.cfg`` of setuptools: ``install_requires`` and the other lists of requirements."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rnn_codemod.pins.dialects import Dialect
from rnn_codemod.pins.pin import PYTHON, Pin
from rnn_codemod.pins.requirement import pin_in

_LINE = re.compile(r"[^\r\n]+")
_SECTION = re.compile(r"\[([^\]]+)\]")
_KEY = re.compile(r"([^\s:=][^:=]*?)\s*[:=]\s*")
_LISTS = {
    "options": ("install_requires", "setup_requires", "tests_require"),
    "metadata": ("requires_dist", "requires-dist"),
}


def pins(text: str, package: str) -> Iterator[Pin]:
    """The pins of ``package`` in the lists of requirements."""
    section, wanted = "", False
    for line in _LINE.finditer(text):
        start, end = line.span()
        if line[0].lstrip().startswith(("#", ";")):
            continue
        if not line[0][0].isspace():
            header, key = _SECTION.match(line[0]), _KEY.match(line[0])
            if header is not None:
                section, wanted = header[1].strip(), False
                continue
            if key is None:
                wanted = False
                continue
            if package == PYTHON and (section, key[1]) == ("options", "python_requires"):
                yield Pin(start, (start + key.end(), end), Dialect.PEP440)
            wanted = section == "options.extras_require" or key[1] in _LISTS.get(section, ())
            start += key.end()
        if wanted:
            pin = pin_in(text, package, start, end)
            if pin is not None:
                yield pin
