"""``--target runtime``: only a cell that comes from rnn_runtime makes its carry from an array."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnn_codemod import Mode, Options, migrate_paths
from rnn_codemod.migration import migrate_source

HEADER = "import jax\nfrom flax import linen as nn\n\nkey = jax.random.PRNGKey(0)\n"
STEP = (
    "\n\ndef step(x):\n"
    "    carry = Cell.initialize_carry(key, x.shape[:-1], 8)\n"
    "    return Cell()(carry, x)\n"
)
RUNTIME = Options(target="runtime")
OF_ANOTHER_FILE = {
    "a name": ("Cell = nn.GRUCell\n", "from parts import Cell\n"),
    "a subclass": (
        "class Cell(nn.GRUCell):\n    pass\n",
        "from parts import Cell\n",
    ),
    "a module": ("Cell = nn.GRUCell\n", "import parts\n\nCell = parts.Cell\n"),
    "a function": (
        "def pick():\n    return nn.GRUCell\n",
        "from parts import pick\n\nCell = pick()\n",
    ),
}


@pytest.mark.parametrize("case", OF_ANOTHER_FILE)
def test_a_cell_of_another_file_is_given_a_shape(case: str, tmp_path: Path) -> None:
    there, here = OF_ANOTHER_FILE[case]
    (tmp_path / "parts.py").write_text(f"from flax import linen as nn\n\n\n{there}")
    (tmp_path / "model.py").write_text(HEADER + here + STEP)
    results = list(migrate_paths([str(tmp_path)], RUNTIME, Mode.WRITE))
    assert [result.problem for result in results if result.problem] == []
    assert "initialize_carry(key, x.shape)" in (tmp_path / "model.py").read_text()
    assert (tmp_path / "parts.py").read_text().endswith(there)


@pytest.mark.parametrize(
    "given",
    [
        "Cell = nn.GRUCell\n",
        'Cell = getattr(nn, "GRUCell")\n',
        "from flax.linen import GRUCell as Cell\n",
        "class Cell(nn.GRUCell):\n    pass\n",
    ],
)
def test_a_cell_of_this_file_is_given_the_sample(given: str) -> None:
    text = migrate_source(HEADER + given + STEP, RUNTIME).text
    assert "initialize_carry(key, x)" in text
    assert "rnn_runtime" in text
    assert "nn.GRUCell" not in text.replace("rnn_runtime.GRUCell", "")
    assert 'getattr(nn, "GRUCell")' not in text


def test_a_file_that_gets_flax_from_another_imports_the_runtime_itself(tmp_path: Path) -> None:
    (tmp_path / "shared.py").write_text("from flax import linen as nn\n")
    model = tmp_path / "model.py"
    model.write_text(
        "from __future__ import annotations\n\n"
        "from shared import *\n\n\n"
        "def step(carry, x):\n"
        "    return nn.GRUCell()(carry, x)\n"
    )
    results = list(migrate_paths([str(tmp_path)], RUNTIME, Mode.WRITE))
    assert [result.problem for result in results if result.problem] == []
    assert model.read_text() == (
        "from __future__ import annotations\n\n"
        "import rnn_runtime\nfrom shared import *\n\n\n"
        "def step(carry, x):\n"
        "    return rnn_runtime.GRUCell(features=carry.shape[-1])(carry, x)\n"
    )
