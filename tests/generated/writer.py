"""Writes one legacy program: its imports, its blocks of code and the probe that runs them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

T = TypeVar("T")

DENSE = ("LSTMCell", "OptimizedLSTMCell", "GRUCell")
PAIRS = ("LSTMCell", "OptimizedLSTMCell", "ConvLSTMCell")

_LINEN = {
    "nn": "import flax.linen as nn",
    "nn_": "from flax import linen as nn",
    "linen": "from flax import linen",
    "flax.linen": "import flax.linen",
}


def indented(lines: Sequence[str], by: int = 1) -> list[str]:
    """The lines, ``by`` levels deeper."""
    return ["    " * by + line if line else "" for line in lines]


@dataclass
class Writer:
    """What has been written so far, and the choices still to be made.

    Widths differ from each other on purpose: a program in which the width of the input, the width
    of the carry and the batch are all different shows every mix-up of them.
    """

    random: Random
    blocks: list[list[str]] = field(default_factory=list)
    probe: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        self._linen = self.one(*_LINEN, "nn", "nn")
        self.imports = ["import jax", "import jax.numpy as jnp", _LINEN[self._linen]]
        self._home = self._linen.strip("_")
        self.batch = 3
        self.time = 4
        self.width = 5

    def one(self, *options: T) -> T:
        """One of the options."""
        return options[self.random.randrange(len(options))]

    def maybe(self, *, often: bool = False) -> bool:
        """A coin; it falls on True in three of four cases where ``often``."""
        return self.random.randrange(4) < (3 if often else 1)

    def hidden(self) -> int:
        """A width that no input has."""
        return self.one(6, 7)

    def fresh(self, base: str) -> str:
        """A name of the module that nothing else has."""
        self._count += 1
        return f"{base}{self._count}" if base[-1].islower() else f"{base}_{self._count}"

    def tag(self, name: str) -> None:
        """Note a choice, so that failures can be sorted by it."""
        self.tags.append(name)

    def nn(self, name: str) -> str:
        """A name of flax.linen that is no cell."""
        return f"{self._home}.{name}"

    def need(self, line: str) -> None:
        """An import at the head of the program."""
        if line not in self.imports:
            self.imports.append(line)

    def cell(self, kind: str) -> str:
        """An expression for a cell class, by one of the ways it can be imported."""
        match self.one("attr", "attr", "attr", "attr", "attr", "from", "as", "recurrent", "home"):
            case "attr":
                return f"{self._home}.{kind}"
            case "from":
                self.need(f"from flax.linen import {kind}")
                return kind
            case "as":
                self.need(f"from flax.linen.recurrent import {kind} as {kind[0]}Cell")
                return f"{kind[0]}Cell"
            case "recurrent":
                self.need("import flax.linen")
                return f"flax.linen.recurrent.{kind}"
            case _:
                self.need("import flax.linen")
                return f"flax.linen.{kind}"

    def dense(self) -> str:
        """The name of a dense cell."""
        return self.one(*DENSE)

    def block(self, *lines: str) -> None:
        """Top-level lines."""
        self.blocks.append(list(lines))

    def key(self) -> str:
        """A random key that needs nothing in scope."""
        return f"jax.random.PRNGKey({self.random.randrange(3)})"

    def text(self) -> str:
        """The whole program."""
        lines = ["from typing import Any", "", *self._order_of_imports(), ""]
        for block in self.blocks:
            lines += ["", *block, ""]
        lines += [
            "",
            "def data(*shape):",
            "    count = 1",
            "    for n in shape:",
            "        count *= n",
            "    return jnp.sin(jnp.arange(count, dtype=jnp.float32)).reshape(shape)",
            "",
            "",
            "def probe() -> dict[str, Any]:",
            "    found = {}",
            *indented(self.probe),
            "    return found",
        ]
        return "\n".join(lines) + "\n"

    def _order_of_imports(self) -> list[str]:
        imports = list(self.imports)
        self.random.shuffle(imports)
        return imports


Part = Callable[[Writer], None]
