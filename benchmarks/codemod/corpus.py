"""The files that the tools are timed on."""

from __future__ import annotations

import shutil
import sysconfig
from pathlib import Path

HEAD = '''"""Training code number {n}: one part for each tool, and much that is for none."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any, Dict, List, Optional, Tuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import torch
from pydantic import BaseModel, validator


class Settings{n}(BaseModel):
    hidden: int = {n}
    name: Optional[str]

    class Config:
        orm_mode = True


class Step{n}(nn.Module):
    """Applies a cell to one step."""

    @nn.compact
    def __call__(self, carry, x):
        carry, y = nn.LSTMCell()(carry, x)
        y = nn.Dense(4)(y)
        return carry, y

    @staticmethod
    def initialize_carry(key, batch, hidden):
        return nn.LSTMCell.initialize_carry(key, (batch,), hidden)


def product_{n}(a, b, c):
    return torch.chain_matmul(a, b, c)

'''

OTHER = '''
def schedule_{n}_{k}(step: int, total: int = {k}00, peak: float = 0.{k}) -> float:
    """A warm-up of {k} steps and a cosine after it."""
    warm = min(1.0, step / max(1, total // {k}))
    if step < total // {k}:
        return peak * warm
    progress = (step - total // {k}) / max(1, total - total // {k})
    return peak * 0.5 * (1.0 + math.cos(math.pi * min(progress, 1.0)))


@dataclasses.dataclass
class Batch{k}:
    xs: jnp.ndarray
    lengths: jnp.ndarray
    meta: Dict[str, Any] = dataclasses.field(default_factory=dict)

    def halves(self) -> Tuple["Batch{k}", "Batch{k}"]:
        middle = self.xs.shape[0] // 2
        parts = [slice(None, middle), slice(middle, None)]
        return tuple(Batch{k}(self.xs[p], self.lengths[p], dict(self.meta)) for p in parts)


@functools.partial(jax.jit, static_argnums=(2,))
def loss_{k}(logits, labels, classes: int = {k}):
    one_hot = jax.nn.one_hot(labels, classes)  # (batch, classes)
    losses = -jnp.sum(one_hot * jax.nn.log_softmax(logits, axis=-1), axis=-1)
    return {{"mean": losses.mean(), "max": losses.max(), "all": [losses, labels][{k} % 2]}}

'''


def matching(folder: Path, files: int) -> None:
    """Fills ``folder`` with that many modules in which each of the tools has something to do."""
    folder.mkdir(parents=True)
    for number in range(files):
        others = "".join(OTHER.format(n=number, k=k) for k in range(2, 7))
        (folder / f"module_{number:03}.py").write_text(HEAD.format(n=number) + others)


def library(folder: Path) -> None:
    """Copies the modules of this interpreter's standard library, in which no tool finds a thing."""
    stdlib = Path(sysconfig.get_path("stdlib"))
    shutil.copytree(
        stdlib,
        folder,
        ignore=lambda where, names: {
            name
            for name in names
            if name in {"site-packages", "__pycache__"}
            or not (name.endswith(".py") or (Path(where) / name).is_dir())
        },
    )
