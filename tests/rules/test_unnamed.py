"""A call in the old form on something unknown is told, and is no site."""

from __future__ import annotations

import pytest

from rnn_codemod import Options, migrate_source
from rnn_codemod.findings import MIGRATED
from rnn_codemod.unnamed import MESSAGE

HEADER = "import jax\nfrom flax import linen as nn\nkey = jax.random.PRNGKey(0)\n"


@pytest.mark.parametrize(
    "text",
    [
        "def start(cell):\n    return cell.initialize_carry(key, (3, 8))\n",
        "def start(cell):\n    return cell.initialize_carry(key, input_shape=(3, 8))\n",
        "def start(cell, given):\n    return cell.initialize_carry(*given, (3,), 8)\n",
        "def start(cell):\n    return cell.initialize_carry(key, (3,), 8, 5, 6)\n",
        "def start(cell):\n    return cell.initialize_carry(key, (3,), layers=8)\n",
        "carry = nn.GRUCell(features=8, parent=None).initialize_carry(key, (3, 8))\n",
        "import torchrec\n\ncarry = torchrec.cells.initialize_carry(key, (3,), 8)\n",
        "class M(nn.Module):\n"
        "    def initialize_carry(self, rng, batch, size):\n"
        "        return rng\n\n"
        "    def __call__(self, other):\n"
        "        return other.initialize_carry(key, 3, 8), self.initialize_carry(key, 3, 8)\n",
        "class M(nn.Module):\n"
        "    @staticmethod\n"
        "    def initialize_carry(*sizes):\n"
        "        return sizes\n\n"
        "def start(module):\n    return module.initialize_carry(key, 3, 8)\n",
        "def start(cell):\n"
        "    return cell.initialize_carry(key, (3,), 8)  # rnn-codemod: ignore[instance_carry]\n",
        "def start(cell):\n"
        "    if hasattr(cell, 'num_feature_axes'):\n"
        "        return cell.initialize_carry(key, (3, 8))\n"
        "    return cell.initialize_carry(key, (3,), 8)\n",
    ],
)
def test_nothing_is_told(text: str) -> None:
    migration = migrate_source(HEADER + text)
    assert migration.text == HEADER + text
    assert not migration.remarks


@pytest.mark.parametrize(
    "call",
    [
        "cell.initialize_carry(key, (3,), 8)",
        "cell.inner.initialize_carry(key, (3,), size=8)",
        "cell['a'].initialize_carry(rng=key, batch_dims=(3,), size=8)",
        "cell.initialize_carry(key, (3,), 8, nn.initializers.ones)",
    ],
)
def test_the_line_is_told(call: str) -> None:
    text = f"{HEADER}def start(cell):\n    return {call}\n"
    migration = migrate_source(text)
    assert migration.text == text
    assert not migration.rewritten
    assert not migration.refused
    assert [(remark.line, remark.message) for remark in migration.remarks] == [(5, MESSAGE)]


def test_a_stack_that_asks_its_cells_is_told() -> None:
    text = (
        f"{HEADER}class Stack(nn.Module):\n"
        "    cells: list\n\n"
        "    def initialize_carry(self, rng, batch_dims, size):\n"
        "        return [cell.initialize_carry(rng, batch_dims, size) for cell in self.cells]\n\n"
        "    def start(self, other):\n"
        "        return self.initialize_carry(key, (3,), 8), other.initialize_carry(key, (3,), 8)\n"
    )
    migration = migrate_source(text)
    assert migration.text == text
    assert [(remark.line, remark.message) for remark in migration.remarks] == [(8, MESSAGE)]


OFF = [Options(select=frozenset({MIGRATED})), Options(ignore=frozenset({"instance_carry"}))]


@pytest.mark.parametrize("options", OFF)
def test_it_is_told_with_the_rule_that_would_rewrite_it(options: Options) -> None:
    text = f"{HEADER}def start(cell):\n    return cell.initialize_carry(key, (3,), 8)\n"
    assert not migrate_source(text, options).remarks
