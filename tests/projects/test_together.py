"""A cell and its uses in other files change together, or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from rnn_codemod import Mode, Options, migrate_paths
from rnn_codemod.treat import Engine, the_rules

CASE = Path(__file__).resolve().parents[2] / "fixtures" / "projects" / "relative_imports"

CELL = """\
from flax import linen as nn
from jax import numpy as jnp


class Leaky(nn.RNNCellBase):
    @nn.compact
    def __call__(self, carry, x):
        carry = nn.Dense(carry.shape[-1])(carry + x)
        return carry, carry

    @staticmethod
    def initialize_carry(rng, batch_dims, size):
        return jnp.zeros((*batch_dims, size))
"""

USE = """\
from cells import Leaky

carry = Leaky.initialize_carry(None, (2,), 8)
Leaky()(carry, carry)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CASE / "before", tmp_path / "project"))


def texts(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.py")}


def changing() -> list[str]:
    before, after = texts(CASE / "before"), texts(CASE / "after")
    return sorted(name for name in before if before[name] != after[name])


def failing(name: str) -> Engine:
    """The rules, which fail at one file when the others are decided already."""
    rules = the_rules()

    def migrate(text, options, around):
        if around is not None and around.path.endswith(name):
            raise ValueError("the round trip is not exact")
        return rules.migrate(text, options, around)

    return replace(rules, migrate=migrate)


def test_several_files_change() -> None:
    assert len(changing()) > 1


@pytest.mark.parametrize("name", changing())
def test_one_cannot_be_written(project: Path, name: str) -> None:
    (project / name).chmod(0o444)
    results = list(migrate_paths([str(project)], Options(), Mode.WRITE))
    assert texts(project) == texts(CASE / "before")
    causes = {
        str(Path(it.path).relative_to(project)): it.problem.cause for it in results if it.problem
    }
    assert sorted(causes) == changing()
    assert causes.pop(name) == "is read-only"
    why = f"changes together with {Path(name).name}, which is read-only"
    assert set(causes.values()) == {why}


@pytest.mark.parametrize("name", changing())
def test_one_fails(project: Path, name: str) -> None:
    list(migrate_paths([str(project)], Options(), Mode.WRITE, engine=failing(name)))
    assert texts(project) == texts(CASE / "before")


def test_others_change(project: Path) -> None:
    other = project / "other.py"
    other.write_text("import flax.linen as nn\n\nlayer = nn.RNN(nn.GRUCell(), 4)\n")
    (project / changing()[0]).chmod(0o444)
    list(migrate_paths([str(project)], Options(), Mode.WRITE))
    written = texts(project)
    assert b"nn.RNN(nn.GRUCell(features=4))" in written.pop("other.py")
    assert written == texts(CASE / "before")


def test_a_docstring_that_cannot_be_read_holds_nothing_back(project: Path) -> None:
    path = project / changing()[0]
    docstring = '"""A cell.\n\n```python\nnn.LSTMCell(...\n```\n"""\n'
    path.write_text(docstring + path.read_text())
    results = list(migrate_paths([str(project)], Options(), Mode.WRITE))
    assert [result.path for result in results if result.problem] == [str(path)]
    after = texts(CASE / "after")
    after[changing()[0]] = docstring.encode() + after[changing()[0]]
    assert texts(project) == after


HELD = {
    "notebook": (
        "Leaky",
        "held.ipynb",
        "from flax import linen\nfrom cells import *\nkept = [\nLeaky]",
    ),
    "escaped letter": (
        "Zellé",
        "held.ipynb",
        "from flax import linen\nimport cells\nkept = cells.Zellé",
    ),
    "last letter": ("Zellé", "held.py", "from cells import *\nkept = [Zellé]\n"),
}


@pytest.mark.parametrize(("cell", "name", "text"), HELD.values(), ids=HELD)
def test_a_mention_that_is_seen_as_a_word_only(
    tmp_path: Path,
    written: Callable[[Path, Mapping[str, str]], Path],
    cell: str,
    name: str,
    text: str,
) -> None:
    """The notebook keeps its source as one string, in which an escape stands before the name."""
    if name.endswith(".ipynb"):
        code = {"cell_type": "code", "metadata": {}, "outputs": [], "source": text}
        text = json.dumps({"cells": [code], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    files = {"cells.py": CELL.replace("Leaky", cell), "use.py": USE.replace("Leaky", cell)}
    written(tmp_path, {**files, name: text})
    results = list(migrate_paths([str(tmp_path)], Options(), Mode.CHECK))
    assert not any(result.rewritten for result in results)
    assert {Path(it.path).name: len(it.refused) for it in results if it.refused} == {
        "cells.py": 1,
        "use.py": 2,
    }
