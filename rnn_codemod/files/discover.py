"""Which files to look at: the given ones, and those with Python in them in given folders."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rnn_codemod.files import ignore
from rnn_codemod.files.documents import DOCUMENTS
from rnn_codemod.files.problem import Problem, os_cause

NEVER_WALKED = frozenset(
    [
        ".bzr",
        ".direnv",
        ".eggs",
        ".git",
        ".hg",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".nox",
        ".pytest_cache",
        ".pytype",
        ".ruff_cache",
        ".svn",
        ".tox",
        ".venv",
        "__pycache__",
        "__pypackages__",
        "node_modules",
        "site-packages",
    ]
)
"""Folders of other tools and of installed packages; walked only when the user names them."""

KINDS = (".py", *DOCUMENTS)


@dataclass(frozen=True, slots=True)
class Discovery:
    """The files to look at, in a fixed order and each once, and what could not be looked at."""

    files: tuple[str, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    path: str
    real: str
    linked: bool


def holds_python(path: str) -> bool:
    """Whether the files of this name are looked at in a given folder."""
    return path.endswith(KINDS)


def discover(paths: Sequence[str], wanted: Callable[[str], bool] = holds_python) -> Discovery:
    """The files among ``paths``, and the ``wanted`` files below the folders among them.

    Arguments keep their order; what a folder holds is sorted. A linked file is taken unless the
    file itself is there too; a linked folder inside a given one is not entered, as in git.
    """
    found: list[_Found] = []
    problems: list[Problem] = []
    for path in paths:
        for item in _below(path, wanted):
            if isinstance(item, Problem):
                problems.append(item)
            else:
                found.append(item)
    return Discovery(tuple(_each_once(found)), tuple(problems))


def _below(path: str, wanted: Callable[[str], bool]) -> Iterator[_Found | Problem]:
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        yield Problem(path, _missing(path, error))
        return
    if stat.S_ISDIR(mode):
        yield from sorted(_walk(path, wanted), key=lambda item: item.path)
    elif not stat.S_ISREG(mode):
        yield Problem(path, "is not a regular file")
    else:
        yield _Found(path, os.path.realpath(path), os.path.islink(path))


def _walk(root: str, wanted: Callable[[str], bool]) -> Iterator[_Found | Problem]:
    top = os.path.realpath(root)
    pending: list[tuple[str, str, ignore.Ignored | None, bool]]
    pending = [("" if root == os.curdir else root, top, None, True)]
    while pending:
        folder, real, ignored, first = pending.pop()
        try:
            with os.scandir(folder or os.curdir) as scan:
                entries = list(scan)
            if first:
                ignored = ignore.patterns_above(top)
            names = {entry.name for entry in entries}
            if ignore.NAME in names:
                ignored = ignore.patterns_of(real, ignored)
        except OSError as error:
            yield Problem(folder or root, os_cause("cannot be listed", error))
            continue
        except ValueError as error:
            yield Problem(folder or root, f"has a {ignore.NAME} that cannot be read: {error}")
            continue
        if "pyvenv.cfg" in names and not first:
            continue
        for entry in entries:
            path = os.path.join(folder, entry.name)
            inner = os.path.join(real, entry.name)
            if entry.is_dir(follow_symlinks=False):
                if entry.name in NEVER_WALKED or (ignored and f"{inner}/" in ignored):
                    continue
                pending.append((path, inner, ignored, False))
            elif wanted(path) and not (ignored and inner in ignored):
                yield from _entry(entry, path, inner)


def _entry(entry: os.DirEntry[str], path: str, real: str) -> Iterator[_Found | Problem]:
    try:
        linked = entry.is_symlink()
        # Only a link costs a look at the disk; of the others the folder knows what they are.
        folder = linked and stat.S_ISDIR(entry.stat().st_mode)
        regular = entry.is_file()
    except OSError as error:
        yield Problem(path, _missing(path, error))
        return
    if regular:
        yield _Found(path, os.path.realpath(path) if linked else real, linked)
    elif not folder:
        yield Problem(path, "is not a regular file")


def _missing(path: str, error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):
        return f"is no path: {error}"
    if isinstance(error, FileNotFoundError) and os.path.islink(path):
        return f"is a dangling link: {os.readlink(path)} does not exist"
    return os_cause("cannot be read", error)


def _each_once(found: list[_Found]) -> Iterator[str]:
    in_place = {item.real for item in found if not item.linked}
    seen: set[str] = set()
    for item in found:
        if item.real in seen or (item.linked and item.real in in_place):
            continue
        seen.add(item.real)
        yield item.path
