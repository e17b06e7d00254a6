"""Legacy projects of several files, drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from grammar import PARTS
from layout import noisy
from parts import across, heirs
from spread import Block, Spread
from writer import Part, Writer, indented

ACROSS: dict[str, Part] = {
    part.__name__: part
    for part in (
        across.many_uses,
        across.subclass_of_own,
        across.stacked,
        across.wrapper,
        across.sized_by_callers,
        heirs.inherited,
        across.partials,
        across.other_library,
        across.same_attribute,
        across.kinds_by_config,
    )
}
_DATA = (
    "def data(*shape):",
    "    count = 1",
    "    for n in shape:",
    "        count *= n",
    "    return jnp.sin(jnp.arange(count, dtype=jnp.float32)).reshape(shape)",
)


@dataclass(frozen=True)
class Project:
    """The text of each file by its path, and the choices that made them; ``probe.py`` runs it."""

    files: dict[str, str]
    tags: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(f"=== {path}\n{text}" for path, text in sorted(self.files.items()))


def project(random: Random) -> Project:
    """A project of one to three parts, whose blocks are spread over its files."""
    writer = Writer(random)
    writer.need("from typing import Any")
    writer.block(*_DATA)
    main = ["found = {}"]
    parts = {**PARTS, **ACROSS}
    names = [*ACROSS, *ACROSS, *PARTS]
    for _ in range(writer.one(1, 1, 2, 3)):
        name = writer.one(*names)
        writer.tag(name)
        writer.probe.clear()
        parts[name](writer)
        if writer.maybe():
            run = writer.fresh("probe_of")
            lines = ["found = {}", *writer.probe, "return found"]
            writer.block(f"def {run}():", *indented(lines))
            main.append(f"found.update({run}())")
        else:
            main += writer.probe
    probe = ["def probe():", *indented([*main, "return found"])]
    spread = Spread(random, [Block.of(lines) for lines in writer.blocks], writer.imports)
    return Project(spread.files(Block.of(probe)), tuple(writer.tags))


def numbered_project(number: int) -> Project:
    """Project ``number``: the same on every machine; odd numbers are in an odd layout."""
    random = Random(f"project {number}")
    drawn = project(random)
    if number % 2:
        files = {path: _odd(text, random) for path, text in drawn.files.items()}
        return Project(files, drawn.tags)
    return drawn


def _odd(text: str, random: Random) -> str:
    return noisy(text, random) if text and random.randrange(2) else text
