"""The one expression that a name stands for."""

from __future__ import annotations

import ast

import pytest

from rnn_codemod import migrate_source
from rnn_codemod.reading.bound_once import bound_once
from rnn_codemod.reading.reading import Reading

NOTHING = {
    "no binding": "use(it)",
    "two": "it = 1\nit = 2\nuse(it)",
    "part of a value": "it, other = pair\nuse(it)",
    "a loop's": "for it in range(3):\n    use(it)",
    "a parameter": "def f(it=1):\n    use(it)",
    "itself": "from sizes import *\nit = use(it)",
    "a star's": "from sizes import *\nuse(it)\nit = 1",
    "the module's around a class": "it = 1\nclass A:\n    use(it)\n    it = 2",
}
KNOWN = {
    "before": "it = 1\nuse(it)",
    "later than the function": "def f():\n    use(it)\nit = 1",
    "in its own scope": "def f():\n    it = 1\n    use(it)\nit = 2",
}


def value(text: str) -> ast.expr | None:
    reading = Reading.of(text)
    (name,) = (
        node.args[0]
        for node in reading.source.nodes
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "use"
        if ast.unparse(node.args[0]) == "it"
    )
    assert isinstance(name, ast.Name)
    return bound_once(reading.values, name)


@pytest.mark.parametrize("text", NOTHING.values(), ids=NOTHING)
def test_nothing(text: str) -> None:
    assert value(text) is None


@pytest.mark.parametrize("text", KNOWN.values(), ids=KNOWN)
def test_known(text: str) -> None:
    found = value(text)
    assert found is not None
    assert ast.unparse(found) == "1"


MADE_OF_ITSELF = {
    "the carry of a cell's own": (
        "class Own(nn.RNNCellBase):\n"
        "    @staticmethod\n"
        "    def initialize_carry(rng, batch_dims, size):\n"
        "        steps = steps\n"
        "        return steps\n"
        "carry = Own.initialize_carry(key, (2,), 3)\n"
        "Own()(carry, x)\n"
    ),
    "a cell that is taken": (
        "def run(cell):\n    it = it\n    return it.initialize_carry(key, (2,), 8)\n"
    ),
    "a wrapper": (
        "class Wrap(nn.Module):\n"
        "    @nn.compact\n"
        "    def __call__(self, carry, x):\n"
        "        return nn.GRUCell()(carry, x)\n"
        "    @staticmethod\n"
        "    def initialize_carry(batch_dims, size):\n"
        "        return nn.GRUCell.initialize_carry(key, batch_dims, size)\n"
        "it = it\n"
        "carry = it.initialize_carry((2,), 5)\n"
    ),
}


@pytest.mark.parametrize("text", MADE_OF_ITSELF.values(), ids=MADE_OF_ITSELF)
def test_made_of_itself(text: str) -> None:
    migrate_source(f"from flax import linen as nn\n\n{text}")
