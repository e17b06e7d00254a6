"""The arithmetic of the GRU and its derivative."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
from jax import numpy as jnp
from jax.nn import sigmoid

from rnn_runtime.scans.lstm import over_rows, rows
from rnn_runtime.strategy import Plan


class Weights(NamedTuple):
    """Per gate r, z, n: x kernels and biases, h kernels; and the bias of n's h part."""

    x: tuple[jax.Array, ...]
    h: tuple[jax.Array, ...]
    bias: tuple[jax.Array, ...]
    hidden_bias: jax.Array


@dataclass(frozen=True)
class GRU:
    r"""Steps of

    .. math::
        r &= \sigma(x W_{ir} + h W_{hr} + b_r), \quad z = \sigma(x W_{iz} + h W_{hz} + b_z) \\
        a &= h W_{hn} + b_{hn}, \quad n = \tanh(x W_{in} + b_n + r a), \quad h' = (1-z) n + z h

    with carry (h,) and, as gates, r, z, n and a.
    """

    plan: Plan

    def forward_weights(self, weights: Weights) -> tuple:
        """With ``joined``, the kernels of x and h of r and z on top of one another."""
        if not self.plan.joined:
            return None, weights
        pairs = zip(weights.x[:2], weights.h[:2], strict=True)
        return tuple(jnp.concatenate(pair) for pair in pairs), weights

    def step(self, ready: tuple, carry: tuple, x: jax.Array) -> tuple[tuple, tuple]:
        """One step; the gates are r, z, n and a."""
        (h,) = carry
        joined, weights = ready
        if joined is not None:
            both = jnp.concatenate([x, h], axis=-1)
            z_r, z_z = (both @ k + b for k, b in zip(joined, weights.bias[:2], strict=True))
        else:
            z_r, z_z = (
                x @ k + b + h @ u
                for k, u, b in zip(weights.x[:2], weights.h[:2], weights.bias[:2], strict=True)
            )
        r, z = sigmoid(z_r), sigmoid(z_z)
        a = h @ weights.h[2] + weights.hidden_bias
        n = jnp.tanh(x @ weights.x[2] + weights.bias[2] + r * a)
        return ((1 - z) * n + z * h,), (r, z, n, a)

    def backward_weights(self, weights: Weights) -> tuple[jax.Array, jax.Array]:
        """All gates' kernels side by side and transposed, for x and for h."""
        return jnp.concatenate(weights.x, -1).T, jnp.concatenate(weights.h, -1).T

    def back_step(
        self, ready: tuple, dcarry: tuple, gates: tuple, previous: tuple, carry: tuple
    ) -> tuple[tuple, tuple[jax.Array, jax.Array]]:
        """The chain rule through one step; cotangents of x's n sum, and of h's sums side by side.

        Those of x's r and z sums are h's.
        """
        (dh,) = dcarry
        r, z, n, a = gates
        dn = dh * (1 - z) * (1 - n * n)
        # In this order: jaxlib 0.10.2 cannot compile the hessian of ((dn a) r) (1 - r) on CPU.
        dr = dn * r * (a * (1 - r))
        dz = dh * (previous[0] - n) * z * (1 - z)
        dz_h = jnp.concatenate([dr, dz, dn * r], axis=-1)
        return (dh * z + dz_h @ ready[1],), (dn, dz_h)

    def zero_gradient(self, weights: Weights) -> tuple[jax.Array, ...]:
        """Sums for the x kernels, the h kernels and both parts' biases, gates side by side."""
        parts = (weights.x, weights.h, weights.bias, weights.bias)
        return tuple(
            jnp.zeros((*part[0].shape[:-1], 3 * part[0].shape[-1]), part[0].dtype) for part in parts
        )

    def add_gradient(self, total: tuple, x: jax.Array, h: jax.Array, dz: tuple) -> tuple:
        """Adds one dot over all steps and rows for each kernel."""
        dx, dh, db_x, db_h = total
        dz_x, dz_h = _of_inputs(dz), dz[1]
        db_x, db_h = db_x + rows(dz_x).sum(0), db_h + rows(dz_h).sum(0)
        return dx + over_rows(x, dz_x), dh + over_rows(h, dz_h), db_x, db_h

    def input_gradient(self, ready: tuple, dz: tuple) -> jax.Array:
        """One dot over all steps and rows."""
        return _of_inputs(dz) @ ready[0]

    def finish_gradient(self, total: tuple, weights: Weights) -> Weights:
        """Each gate's part; of the h part's biases only n's exists."""
        x, h, bias, hidden = (tuple(jnp.split(part, 3, axis=-1)) for part in total)
        return Weights(x, h, bias, hidden[2])


def _of_inputs(dz: tuple[jax.Array, jax.Array]) -> jax.Array:
    """The cotangents of x's sums side by side."""
    dn, dz_h = dz
    return jnp.concatenate([dz_h[..., : 2 * dn.shape[-1]], dn], axis=-1)
