"""A synthetic monorepo: teams with packages that import one another, and some legacy sites.

    python benchmarks/codemod/monorepo.py FOLDER FILES

A team has a hundred files and ten sites: a cell of its own that two of its modules use, a wrapper,
a trainer and a notebook. The rest is the code around them: services, settings, code for another
library, and modules of flax without anything recurrent. The same number of files gives the same
bytes.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

TEAM = 100
SITES_OF_TEAM = 10

CELL = '''"""The cell that team {team} trains."""

import jax.numpy as jnp
from flax import linen as nn


class Leaky{team}Cell(nn.RNNCellBase):
    """Keeps a part of what it held; see the notes of the team."""

    leak: float = 0.9

    @nn.compact
    def __call__(self, carry, inputs):
        new = nn.Dense(carry.shape[-1])(inputs)
        carry = self.leak * carry + (1.0 - self.leak) * jnp.tanh(new)
        return carry, carry

    @staticmethod
    def initialize_carry(rng, batch_dims, size, init_fn=nn.initializers.zeros_init()):
        return init_fn(rng, (*batch_dims, size))
'''

USER = '''"""Runs the cell of team {team} over batch number {number}."""

import jax
from flax import linen as nn

from team_{team}.cells import Leaky{team}Cell
from team_{team}.settings import WIDTH


class Runner{number}(nn.Module):
    @nn.compact
    def __call__(self, xs):
        carry = Leaky{team}Cell.initialize_carry(jax.random.PRNGKey(0), (xs.shape[0],), WIDTH)
        _, ys = Leaky{team}Cell()(carry, xs)
        return nn.Dense({number})(ys)
'''

WRAPPER = '''"""One step of a reader, scanned over time by whoever calls it."""

import functools

import jax
from flax import linen as nn


class ScannedReader(nn.Module):
    @functools.partial(
        nn.scan, variable_broadcast="params", in_axes=1, out_axes=1, split_rngs={{"params": False}}
    )
    @nn.compact
    def __call__(self, carry, x):
        return nn.OptimizedLSTMCell()(carry, x)

    @staticmethod
    def initialize_carry(batch, width):
        return nn.OptimizedLSTMCell.initialize_carry(jax.random.PRNGKey(0), (batch,), width)
'''

TRAINER = '''"""Trains the reader of team {team}."""

import jax
import jax.numpy as jnp
from flax import linen as nn

from team_{team}.reader import ScannedReader


class Model(nn.Module):
    hidden: int = {width}

    @nn.compact
    def __call__(self, xs):
        carry = ScannedReader.initialize_carry(xs.shape[0], self.hidden)
        _, ys = ScannedReader()(carry, xs)
        return nn.RNN(nn.GRUCell(), {width})(ys)


def losses(model, params, xs):
    return jnp.mean(jnp.square(model.apply(params, xs)))
'''

NOTEBOOK = """from flax import linen as nn
reader = nn.RNN(nn.LSTMCell(), {width})
writer = nn.RNN(nn.GRUCell(), {width})
"""

MODERN = '''"""A head of flax without anything recurrent."""

from flax import linen as nn


class Head{number}(nn.Module):
    classes: int = {number}

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.classes)(nn.relu(nn.Dense({number} + 8)(x)))

'''

TORCH = '''"""The same in another library."""

import torch
from torch import nn


class Other{number}(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM({number}, 8)
        self.cell = nn.GRUCell(8, 8)

'''

FILLER = '''
class {kind}{number}Service:
    """Answers what the clients of {kind} number {number} ask for, page by page."""

    retries = {small}

    def __init__(self, store, clock, limit={number}):
        self.store, self.clock, self.limit = store, clock, limit
        self._seen: dict[str, int] = {{}}

    def fetch(self, key: str, *, fresh: bool = False) -> list[tuple[str, float]]:
        """The rows of ``key``, newest first; asks the store again after a day."""
        rows = [] if fresh else self.store.get(key, [])
        for attempt in range(self.retries):
            if rows and self.clock.now() - rows[0][1] < 86_400:
                break
            rows = self.store.query("{kind}", key, limit=self.limit, order="-time")
            self._seen[key] = self._seen.get(key, 0) + attempt
        return [(name.strip().lower(), value * {small}) for name, value in rows if value]

    def report(self) -> str:
        lines = [f"{{key:>20}} {{count:6d}}" for key, count in sorted(self._seen.items())]
        return "\\n".join(["{kind} {number}", *lines, f"{{len(lines)}} keys"])

'''

KINDS = ("Order", "Invoice", "Session", "Asset", "Route", "Ledger", "Device", "Message")


def write(folder: Path, files: int) -> int:
    """Fills ``folder`` with so many files, a multiple of ``TEAM``; how many legacy sites they hold.

    Raises:
        ValueError: it is no multiple.
    """
    if files % TEAM:
        raise ValueError(f"{files} files are not teams of {TEAM}")
    for team in range(files // TEAM):
        home = folder / f"team_{team}"
        for name, text in _team(team):
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return files // TEAM * SITES_OF_TEAM


def write_shared(folder: Path, users: int) -> None:
    """Fills ``folder`` with one cell and so many files that use it."""
    home = folder / "team_0"
    home.mkdir(parents=True)
    (home / "cells.py").write_text(CELL.format(team=0))
    (home / "settings.py").write_text("WIDTH = 16\n")
    for number in range(users):
        padding = FILLER.format(kind=KINDS[number % len(KINDS)], number=number, small=3)
        (folder / f"runner_{number}.py").write_text(USER.format(team=0, number=number) + padding)


def _team(team: int) -> Iterator[tuple[str, str]]:
    chance = random.Random(team)
    width = 8 * chance.randint(1, 16)

    def padded(text: str) -> str:
        """Code is mostly about other things: 2 to 20 kB, 6 on average."""
        for _ in range(min(14, 1 + int(chance.expovariate(0.33)))):
            kind, number = chance.choice(KINDS), chance.randint(1, 999)
            text += FILLER.format(kind=kind, number=number, small=number % 7 + 1)
        return text

    yield "__init__.py", ""
    yield "settings.py", padded(f"WIDTH = {width}\n")
    yield "cells/__init__.py", f"from team_{team}.cells.leaky import Leaky{team}Cell\n"
    yield "cells/leaky.py", padded(CELL.format(team=team))
    yield "runs/__init__.py", ""
    for number in (1, 2):
        yield f"runs/runner_{number}.py", padded(USER.format(team=team, number=number))
    yield "reader.py", padded(WRAPPER.format())
    yield "train.py", padded(TRAINER.format(team=team, width=width))
    yield "guide.ipynb", _notebook(NOTEBOOK.format(width=width))
    for part in range(9):
        yield f"part_{part}/__init__.py", ""
    for number in range(TEAM - 19):
        head = '"""Part of a service."""\n'
        if number % 10 == 0:
            head = MODERN.format(number=number)
        elif number % 10 == 1:
            head = TORCH.format(number=number)
        yield f"part_{number % 9}/module_{number}.py", padded(head)


def _notebook(code: str) -> str:
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": code.splitlines(keepends=True),
    }
    return json.dumps(
        {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1
    )


if __name__ == "__main__":
    print(write(Path(sys.argv[1]), int(sys.argv[2])), "legacy sites")
