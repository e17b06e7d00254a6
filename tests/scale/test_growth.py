"""The work grows with the files, also where all of them use one cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from rnn_codemod import Mode, Options, migrate_paths
from rnn_codemod.reading.reading import Reading
from rnn_codemod.tree import Disk

CELL = """\
from flax import linen as nn


class Leaky(nn.RNNCellBase):
    @nn.compact
    def __call__(self, carry, x):
        carry = nn.Dense(carry.shape[-1])(carry + x)
        return carry, carry

    @staticmethod
    def initialize_carry(rng, batch_dims, size):
        return nn.initializers.zeros_init()(rng, (*batch_dims, size))
"""

USER = """\
from cells import Leaky

carry = Leaky.initialize_carry(None, (2,), 16)
"""

CARRYLESS = """\
from flax import linen as nn


class Leaky(nn.RNNCellBase):
    @nn.compact
    def __call__(self, carry, x):
        carry = nn.Dense(carry.shape[-1])(carry + x)
        return carry, carry
"""

RUN = """\
from flax import linen as nn
from cells import Leaky

layer = nn.RNN(Leaky(), 16)
"""

WRAPPER = """\
import jax
from flax import linen as nn


class Leaky(nn.Module):
    @nn.compact
    def __call__(self, carry, x):
        return nn.GRUCell()(carry, x)

    @staticmethod
    def initialize_carry(batch_dims, size):
        return nn.GRUCell.initialize_carry(jax.random.PRNGKey(0), batch_dims, size)
"""

WRAPPED = """\
from cells import Leaky

carry = Leaky.initialize_carry((2,), 16)
out = Leaky().init_with_output(None, carry, carry)
"""

PROJECTS = {
    "custom_cell": (CELL, USER, Options()),
    "carryless_cell": (CARRYLESS, RUN, Options()),
    "idiomatic": (WRAPPER, WRAPPED, Options(style="idiomatic")),
}


@pytest.mark.parametrize("comment", ["", "  # rnn-codemod: ignore"])
@pytest.mark.parametrize(("cell", "user", "options"), PROJECTS.values(), ids=PROJECTS)
def test_users_of_one_class(
    tmp_path: Path,
    written: Callable[[Path, Mapping[str, str]], Path],
    monkeypatch: pytest.MonkeyPatch,
    cell: str,
    user: str,
    options: Options,
    comment: str,
) -> None:
    asked: list[str] = []
    parsed: list[str] = []
    answer, read = Disk.answer, Reading.of
    monkeypatch.setattr(Disk, "answer", lambda *it: asked.append("") or answer(*it))
    monkeypatch.setattr(Reading, "of", lambda *it: parsed.append("") or read(*it))
    counts = []
    for users in (4, 8, 16):
        texts = {f"train_{number}.py": user for number in range(users)}
        texts["train_0.py"] = user.replace("16)", f"16){comment}")
        folder = written(tmp_path / str(users), {"cells.py": cell, **texts})
        asked.clear()
        parsed.clear()
        results = list(migrate_paths([str(folder)], options, Mode.CHECK))
        told = sum(len(it.rewritten) + len(it.refused) for it in results)
        assert told >= users
        whole = sum(len(it.refused if comment else it.rewritten) for it in results)
        assert options.style == "idiomatic" or whole == told
        counts.append((len(asked), len(parsed)))
    for few, more, most in zip(*counts, strict=True):
        assert most - more <= 2 * (more - few)
