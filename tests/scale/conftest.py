"""A project whose files have to be decided together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

CELLS = """\
import jax
from flax import linen as nn
from sizes import WIDTH


class {name}(nn.RNNCellBase):
    @nn.compact
    def __call__(self, carry, x):
        carry = nn.Dense(carry.shape[-1])(carry + x)
        return carry, carry

    @staticmethod
    def initialize_carry(rng, batch_dims, size, init_fn=None):
        return jax.numpy.zeros((*batch_dims, size))
"""

USER = """\
from flax import linen as nn
from {home} import {name}
from sizes import WIDTH

carry = {name}.initialize_carry(None, (2,), WIDTH)
layer = nn.RNN(nn.GRUCell(), {number})
"""

FILES = {
    "cells/__init__.py": "from cells.leaky import Leaky\n",
    "cells/leaky.py": CELLS.format(name="Leaky"),
    "cells/held.py": CELLS.format(name="Held"),
    "sizes.py": "WIDTH = 16\n",
    **{f"train_{n}.py": USER.format(home="cells", name="Leaky", number=n) for n in range(4)},
    # One use of it is a value, so no file may change for it.
    "hold.py": "from cells.held import Held\n\nregistry = [Held]\n",
    **{f"held_{n}.py": USER.format(home="cells.held", name="Held", number=n) for n in range(3)},
    "broken.py": "# flax LSTM\nx = (\n",
    "other.py": "import haiku as hk\n\nhk.LSTM(3)\n",
    "guide.md": "```python\nfrom flax import linen as nn\n\nlayer = nn.RNN(nn.GRUCell(), 8)\n```\n",
    "done/pyproject.toml": '[project]\nname = "done"\ndependencies = ["flax<0.7"]\n',
    "done/model.py": "from flax import linen as nn\n\nlayer = nn.RNN(nn.LSTMCell(), 4)\n",
    "requirements.txt": "flax==0.6.11\n",
}


@pytest.fixture
def project(tmp_path: Path, written: Callable[[Path, Mapping[str, str]], Path]) -> Path:
    return written(tmp_path, FILES)
