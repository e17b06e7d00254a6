"""The work grows with the files, also where all of them use one cell."""

from __future__ import annotations

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


def project(folder: Path, users: int) -> Path:
    folder.mkdir()
    (folder / "cells.py").write_text(CELL)
    for number in range(users):
        (folder / f"train_{number}.py").write_text(USER)
    return folder


@pytest.mark.parametrize("comment", ["", "  # rnn-codemod: ignore"])
def test_users_of_one_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, comment: str) -> None:
    asked: list[str] = []
    parsed: list[str] = []
    answer, read = Disk.answer, Reading.of
    monkeypatch.setattr(Disk, "answer", lambda *it: asked.append("") or answer(*it))
    monkeypatch.setattr(Reading, "of", lambda *it: parsed.append("") or read(*it))
    counts = []
    for users in (4, 8, 16):
        folder = project(tmp_path / str(users), users)
        first = folder / "train_0.py"
        first.write_text(first.read_text().replace("16)", f"16){comment}"))
        asked.clear()
        parsed.clear()
        results = list(migrate_paths([str(folder)], Options(), Mode.CHECK))
        told = sum(len(it.refused if comment else it.rewritten) for it in results)
        assert told >= users
        counts.append((len(asked), len(parsed)))
    for few, more, most in zip(*counts, strict=True):
        assert most - more <= 2 * (more - few)
