"""Where a text stands, so that the names it imports can be followed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rnn_codemod.tree import Disk, Tree

Link = tuple[str, str, int, tuple[str, ...]]
"""The rule, the home, the line and the names of a verdict."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all files that use a class or a function say of it, told once for all of them.

    Every path is absolute, and everything is in the order in which the files were read.
    """

    rule: str
    """Who asked: of one class, several rules may ask."""
    home: str
    """The file that defines the class."""
    name: str
    line: int
    unread: str = ""
    """A file that may use it and cannot be read; the rest is not known then."""
    used: bool = False
    initialized: bool = False
    """Whether a carry of it is created with an init_fn, or whatever else its method takes."""
    sized: bool = False
    """Whether a use tells that its features have one axis."""
    around: tuple[str, ...] = ()
    """Classes that build it with features of their own, which they have to get with it."""
    names: tuple[str, ...] = ()
    """Those of the class and of all that inherit its carry; or the parameter that is meant."""
    open_carries: tuple[tuple[str, int], ...] = ()
    """Lines with a carry that may be of an instance which is handed on."""
    faults: tuple[tuple[str, str], ...] = ()
    """By file, why its uses cannot be written."""
    size: str = ""
    """The number that all of them give as the size of its carry."""
    form: str = ""
    """In which of several forms all of them can be written."""
    links: tuple[Link, ...] = ()
    """The verdicts that this one stands or falls with."""
    left_alone: tuple[str, ...] = ()
    """Files in which a comment leaves a part of it alone."""


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
    verdicts: tuple[Verdict, ...] = ()
    """On what the file may use of the project."""
    wide_floats: bool = False
    """Whether another file turns on 64-bit floats for this one."""
    heirs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By file, the given files that may hold a class which derives from one of it."""
    fillers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By file, the given files that may put something into what it makes."""
