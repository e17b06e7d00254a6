"""Where a text stands, so that the names it imports can be followed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rnn_codemod.tree import Disk, Tree


@dataclass(frozen=True, slots=True)
class Around:
    """The other files, as one file sees them."""

    path: str
    load: Callable[[str], str]
    """Gives the text of another path; raises OSError or ValueError where that cannot be read."""
    users: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By the name of a cell class of the project, the given files that mention it."""
    tree: Tree = field(default_factory=Disk)
    """Answers which files and folders there are."""
