"""The arithmetic of the LSTM and its derivative."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
from jax import numpy as jnp
from jax.nn import sigmoid

from rnn_runtime.strategy import Plan


class Weights(NamedTuple):
    """Per gate i, f, g, o: x kernels ``(in, width)``, h kernels ``(width, width)``, biases."""

    x: tuple[jax.Array, ...]
    h: tuple[jax.Array, ...]
    bias: tuple[jax.Array, ...]


@dataclass(frozen=True)
class LSTM:
    r"""Steps of

    .. math::
        z_k &= x W_{ik} + h W_{hk} + b_k, \quad k \in \{i, f, g, o\} \\
        c' &= \sigma(z_f) c + \sigma(z_i) \tanh(z_g), \quad h' = \sigma(z_o) \tanh(c')

    with carry (c, h) and, as gates, the four activated values.
    """

    plan: Plan

    def forward_weights(self, weights: Weights) -> tuple:
        """For each gate the kernels of x and h on top of one another, or both; and the bias."""
        if self.plan.joined:
            pairs = zip(weights.x, weights.h, strict=True)
            return tuple(jnp.concatenate(pair) for pair in pairs), weights.bias
        return weights

    def _sums(self, ready: tuple, x: jax.Array, h: jax.Array) -> list[jax.Array]:
        if self.plan.joined:
            kernels, biases = ready
            joined = jnp.concatenate([x, h], axis=-1)
            return [joined @ k + b for k, b in zip(kernels, biases, strict=True)]
        return [x @ k + (h @ u + b) for k, u, b in zip(*ready, strict=True)]

    def step(self, ready: tuple, carry: tuple, x: jax.Array) -> tuple[tuple, tuple]:
        """One step; the gates are i, f, g, o."""
        c, h = carry
        z_i, z_f, z_g, z_o = self._sums(ready, x, h)
        i, f, g, o = sigmoid(z_i), sigmoid(z_f), jnp.tanh(z_g), sigmoid(z_o)
        c = f * c + i * g
        return (c, o * jnp.tanh(c)), (i, f, g, o)

    def backward_weights(self, weights: Weights) -> tuple[jax.Array, jax.Array]:
        """All gates' kernels side by side and transposed, for x and for h."""
        return jnp.concatenate(weights.x, -1).T, jnp.concatenate(weights.h, -1).T

    def back_step(
        self, ready: tuple, dcarry: tuple, gates: tuple, previous: tuple, carry: tuple
    ) -> tuple[tuple, jax.Array]:
        """The chain rule through one step; the sums' cotangents lie side by side."""
        dc, dh = dcarry
        i, f, g, o = gates
        tanh_c = jnp.tanh(carry[0])
        dc = dc + dh * o * (1 - tanh_c * tanh_c)
        dz = jnp.concatenate(
            [
                dc * g * i * (1 - i),
                dc * previous[0] * f * (1 - f),
                dc * i * (1 - g * g),
                dh * tanh_c * o * (1 - o),
            ],
            axis=-1,
        )
        return (dc * f, dz @ ready[1]), dz

    def zero_gradient(self, weights: Weights) -> tuple[jax.Array, ...]:
        """Sums for the x kernels, the h kernels and the biases, gates side by side."""
        parts = (weights.x, weights.h, weights.bias)
        return tuple(
            jnp.zeros((*part[0].shape[:-1], 4 * part[0].shape[-1]), part[0].dtype) for part in parts
        )

    def add_gradient(self, total: tuple, x: jax.Array, h: jax.Array, dz: jax.Array) -> tuple:
        """Adds one dot over all steps and rows for each kernel."""
        dx, dh, db = total
        return dx + over_rows(x, dz), dh + over_rows(h, dz), db + rows(dz).sum(0)

    def input_gradient(self, ready: tuple, dz: jax.Array) -> jax.Array:
        """One dot over all steps and rows."""
        return dz @ ready[0]

    def finish_gradient(self, total: tuple, weights: Weights) -> Weights:
        """Each gate's part."""
        return Weights(*(tuple(jnp.split(part, 4, axis=-1)) for part in total))


def rows(a: jax.Array) -> jax.Array:
    """All axes but the last as one."""
    return a.reshape(-1, a.shape[-1])


def over_rows(a: jax.Array, b: jax.Array) -> jax.Array:
    """Sum over all axes but the last of the outer products: ``(*, m), (*, n) -> (m, n)``."""
    return rows(a).T @ rows(b)
