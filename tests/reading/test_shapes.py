"""When a sample input may stand for batch_dims."""

from __future__ import annotations

import pytest

from rnn_codemod.reading.reading import Reading

FRAME = """
import jax, jax.numpy as jnp
from flax import linen as nn
def f(key, x, batch, n, xs, shape):
    {setup}
    carry = nn.GRUCell.initialize_carry(key, {batch}, n)
    {between}
    return nn.GRUCell()(carry, {sample})
"""


def proved(batch: str, sample: str, setup: str = "pass", between: str = "pass") -> str | None:
    text = FRAME.format(batch=batch, sample=sample, setup=setup, between=between)
    reading = Reading.of(text)
    return reading.samples.of(reading.facts.carries[0])


@pytest.mark.parametrize(
    ("batch", "sample", "setup", "between"),
    [
        ("(batch,)", "x", "pass", "pass"),
        ("()", "x", "pass", "pass"),
        ("shape", "x", "pass", "pass"),
        ("(2,)", "x", "pass", "pass"),
        ("(x.shape[1],)", "x", "pass", "pass"),
        ("(x.shape[0],)", "xs", "pass", "pass"),
        ("(x.shape[0],)", "x[0]", "pass", "pass"),
        ("(x.shape[0],)", "x[:, :2]", "pass", "pass"),
        ("(x.shape[0],)", "x[..., 0]", "pass", "pass"),
        ("(x.shape[0],)", "x[:, 0]", "b, t = x.shape", "pass"),
        ("(x.shape[0],)", "x", "pass", "x = x[1:]"),
        ("(b,)", "x[:, 0]", "b, t, d = x.shape", "b = 3"),
        ("(b,)", "x", "b, t, d = x.shape", "pass"),
        ("(3,)", "z", "z = jnp.ones((2, 5))", "pass"),
        ("(2,)", "z", "z = jnp.ones((2, 4, 5))", "pass"),
        ("x.shape[:-2]", "x", "pass", "pass"),
        ("x.shape[:-1]", "x + 1", "pass", "pass"),
        ("x.shape[:-1]", "jnp.tanh(x)", "pass", "pass"),
        ("x.shape[1:-1]", "x", "pass", "pass"),
        ("(*shape,)", "x", "pass", "pass"),
    ],
)
def test_not_proved(batch: str, sample: str, setup: str, between: str) -> None:
    assert proved(batch, sample, setup, between) is None


@pytest.mark.parametrize(
    ("batch", "sample", "setup"),
    [
        ("(x.shape[0],)", "x", "pass"),
        ("(x.shape[0],)", "x[:, 0]", "pass"),
        ("(x.shape[1],)", "x[0]", "pass"),
        ("(len(x),)", "x", "pass"),
        ("x.shape[:-1]", "x", "pass"),
        ("x.shape[1:-1]", "x[0]", "pass"),
        ("x.shape[:1]", "x", "pass"),
        ("(b,)", "x[:, 0]", "b, t, d = x.shape"),
        ("(b,)", "x[:, t - 1]", "b, t, d = x.shape"),
        ("(b, t)", "x", "b, t, d = x.shape"),
        ("(b,)", "x", "b = x.shape[0]"),
        ("lead", "x", "lead = x.shape[:-1]"),
        ("(2,)", "z", "z = jnp.ones((2, 5))"),
        ("()", "z", "z = jnp.ones((5,))"),
        ("(batch,)", "z", "z = jax.random.normal(key, (batch, 5))"),
    ],
)
def test_proved(batch: str, sample: str, setup: str) -> None:
    assert proved(batch, sample, setup) == sample
