"""The patterns of ``.gitignore`` files, as git applies them: the nearest file decides first."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

NAME = ".gitignore"


@dataclass(frozen=True, slots=True)
class Ignored:
    """The patterns of one folder, given by its real path, and those of the folders above it."""

    folder: str
    spec: GitIgnoreSpec
    above: Ignored | None

    def __contains__(self, path: str) -> bool:
        """Whether the real ``path`` is ignored; a folder's path ends with a slash."""
        level: Ignored | None = self
        while level is not None:
            inner = path[len(level.folder) :].replace(os.sep, "/").lstrip("/")
            verdict = level.spec.check_file(inner).include
            if verdict is not None:
                return verdict
            level = level.above
        return False


def patterns_of(folder: str, above: Ignored | None) -> Ignored:
    """What ``folder/.gitignore`` adds to the patterns of the folders above.

    Raises:
        OSError: the file cannot be read.
        ValueError: a line is no pattern.
    """
    # Here, because most trees hold no such file and the import is slower than the walk.
    from pathspec import GitIgnoreSpec

    with open(os.path.join(folder, NAME), encoding="utf-8", errors="surrogateescape") as file:
        return Ignored(folder, GitIgnoreSpec.from_lines(file.read().splitlines()), above)


def patterns_above(folder: str) -> Ignored | None:
    """What the folders above ``folder`` ignore in it, up to the root of its git repository.

    Nothing where they ignore ``folder`` itself: the user named it all the same.
    """
    above: list[str] = []
    inner = folder
    while not os.path.exists(os.path.join(inner, ".git")):
        outer = os.path.dirname(inner)
        if outer == inner:
            return None
        above.append(outer)
        inner = outer
    ignored: Ignored | None = None
    for outer in reversed(above):
        if os.path.isfile(os.path.join(outer, NAME)):
            ignored = patterns_of(outer, ignored)
    if ignored is not None and any(f"{inner}/" in ignored for inner in [*above[:-1], folder]):
        return None
    return ignored
