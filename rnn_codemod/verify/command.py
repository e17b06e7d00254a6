"""The user's words as a command for one interpreter and one copy of the tree."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

_PYTHON = re.compile(r"^(python|pypy)[\d.]*(\.exe)?$")


def argv(words: Sequence[str], python: Path, root: Path, copy: Path) -> list[str]:
    """The command with ``python`` for any interpreter, and ``copy`` for ``root`` in its paths.

    A script, ``-m module`` and ``-c code`` need no interpreter before them. A program such as
    ``pytest`` is run by its module where the interpreter has no such script beside it; one of an
    environment that is not in the copy (``.venv/bin/pytest``) is the interpreter's of that name.
    """
    words = [_moved(word, root, copy) for word in words]
    first = words[0]
    if _PYTHON.match(os.path.basename(first)):
        return [str(python), *words[1:]]
    if first in ("-m", "-c") or first.endswith(".py"):
        return [str(python), *words]
    if os.sep in first and not (copy / first).exists():
        first = os.path.basename(first)
    if first == "pytest" or (python.parent / first).is_file():
        beside = python.parent / first
        return (
            [str(beside), *words[1:]]
            if beside.is_file()
            else [str(python), "-m", first, *words[1:]]
        )
    return words


def _moved(word: str, root: Path, copy: Path) -> str:
    """The word with paths of the tree redirected, also where they go by a link, as ``$PWD`` may."""
    if os.path.isabs(word):
        real = Path(os.path.realpath(word))
        if real.is_relative_to(root):
            return str(copy / real.relative_to(root))
    return word.replace(f"{root}{os.sep}", f"{copy}{os.sep}")


def environment(
    python: Path, root: Path, copy: Path, startup: Path, given: dict[str, str]
) -> dict[str, str]:
    """The variables of a run: the start-up folder and the copy come first on the path."""
    inherited = {
        k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "__PYVENV_LAUNCHER__")
    }
    path = [str(startup), str(copy)]
    if (copy / "src").is_dir():
        path.append(str(copy / "src"))
    own = inherited.get("PYTHONPATH", "").split(os.pathsep)
    path += [_moved(entry, root, copy) for entry in own if entry]
    return {
        **inherited,
        "PATH": f"{python.parent}{os.pathsep}{inherited.get('PATH', os.defpath)}",
        "PYTHONHASHSEED": inherited.get("PYTHONHASHSEED", "0"),
        "PYTHONPATH": os.pathsep.join(path),
        **given,
    }


def this_python() -> Path:
    """The interpreter that runs now, a link in a virtual environment not followed."""
    return Path(os.path.abspath(sys.executable))
