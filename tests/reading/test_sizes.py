"""Which width a cell is given, and when none is."""

from __future__ import annotations

import pytest

from rnn_codemod.migration import migrate_source

HEADER = "import jax, jax.numpy as jnp\nfrom flax import linen as nn\nkey = jax.random.PRNGKey(0)\n"


@pytest.mark.parametrize(
    "body",
    [
        "cell = nn.GRUCell()",
        "cell = nn.GRUCell()\n    h, y = cell(make(x), x)",
        "cell = nn.GRUCell()\n    h = make(x)\n    h, y = cell(h, x)",
        "h, y = nn.GRUCell()(make(nn.GRUCell, x), x)",
        "h, y = nn.LSTMCell()(iter(x), x)",
        "y = [nn.GRUCell()(make(t), t) for t in x]",
        "cell = nn.GRUCell()\n    for n in (2, 3):\n        h = cell(jnp.zeros((1, n)), x)",
        "h, y = nn.GRUCell(**options)(x, x)",
    ],
)
def test_no_width_no_change(body: str) -> None:
    text = f"{HEADER}def f(x, options):\n    {body}\n    return x\n"
    migration = migrate_source(text)
    assert any(finding.rule == "missing_features" for finding in migration.refused)
    assert migration.text == text


@pytest.mark.parametrize(
    ("body", "features"),
    [
        ("h, y = nn.GRUCell()(h, x)", "h.shape[-1]"),
        ("h, y = nn.LSTMCell()(h, x)", "h[0].shape[-1]"),
        ("h, y = nn.LSTMCell()((c, h), x)", "c.shape[-1]"),
        ("h, y = nn.OptimizedLSTMCell()(s.memory[0], x)", "s.memory[0][0].shape[-1]"),
        ("cell = nn.GRUCell()\n    h, y = cell(h, x)", "h.shape[-1]"),
        ("cell = nn.GRUCell()\n    for t in x:\n        h, y = cell(h, t)", "h.shape[-1]"),
        ("z = jnp.zeros((2, 7))\n    z, y = nn.GRUCell()(z, x)", "7"),
        ("z = jnp.zeros((2, n))\n    h, y = nn.LSTMCell()((z, z), x)", "n"),
        ("z = jnp.zeros((2, n))\n    n = 4\n    z, y = nn.GRUCell()(z, x)", "z.shape[-1]"),
        ("z = jnp.zeros((2, n))\n    z = z[:, :3]\n    z, y = nn.GRUCell()(z, x)", "z.shape[-1]"),
        ("z = (jnp.zeros((2, n)),) * 2\n    z, y = nn.LSTMCell()(z, x)", "n"),
        ("h, y = nn.GRUCell()(h * 0.5, x)", "carry.shape[-1]"),
        ("h, y = nn.GRUCell()(jnp.where(x > 0, h, c), x)", "carry.shape[-1]"),
        ("v = nn.GRUCell().init(key, h, x)", "h.shape[-1]"),
        ("v = nn.GRUCell().apply(s, h, x)", "h.shape[-1]"),
        ("h, y = nn.GRUCell()(inputs=x, carry=h)", "h.shape[-1]"),
    ],
)
def test_width(body: str, features: str) -> None:
    migration = migrate_source(f"{HEADER}def f(h, c, x, n, s):\n    {body}\n    return h\n")
    assert f"(features={features})" in migration.text
    assert not migration.refused


def test_a_carry_that_is_migrated_still_speaks_against_a_width() -> None:
    text = HEADER + (
        "class Stack(nn.Module):\n"
        "    widths: tuple\n"
        "    def setup(self):\n"
        "        self.cells = [nn.GRUCell() for _ in self.widths]\n"
        "    def initial(self, b):\n"
        "        new = nn.GRUCell(features=self.widths[0], parent=None)\n"
        "        return new.initialize_carry(key, (b, 1)), nn.GRUCell.initialize_carry(\n"
        "            key, (b,), self.widths[1])\n"
    )
    once = migrate_source(text)
    assert "self.cells = [nn.GRUCell() for _ in self.widths]" in once.text
    assert migrate_source(once.text).text == once.text


def test_the_carry_of_another_cell_is_no_evidence() -> None:
    text = HEADER + (
        "class Agent(nn.Module):\n"
        "    def setup(self):\n"
        "        self.core = nn.GRUCell()\n"
        "        self.other = nn.GRUCell()\n"
        "    def __call__(self, carry, x):\n"
        "        carry, y = self.core(carry, x)\n"
        "        return self.other(nn.GRUCell.initialize_carry(key, (3,), 7), x)\n"
    )
    migration = migrate_source(text)
    assert "self.core = nn.GRUCell()\n" in migration.text
    assert "self.other = nn.GRUCell(features=7)\n" in migration.text
    assert [finding.line for finding in migration.refused] == [6]
