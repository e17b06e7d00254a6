"""The arithmetic of the LSTM and its derivative."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
from jax import numpy as jnp
from jax.nn import sigmoid

from rnn_runtime.scans.columns import column
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
    joins = True

    def forward_weights(self, weights: Weights) -> tuple[Any, Any]:
        """Hoisted: x kernels; h kernels and biases. Else nothing, and all of them for the loop.

        Joined: each gate's kernels of x and h on top of one another.
        """
        if self.plan.hoisted:
            return weights.x, (weights.h, weights.bias)
        if self.plan.joined:
            pairs = zip(weights.x, weights.h, strict=True)
            return None, (tuple(jnp.concatenate(pair) for pair in pairs), weights.bias)
        return None, weights

    def project(self, x_weights: Any, xs: jax.Array) -> Any:
        """The inputs, or each gate's x sum."""
        if x_weights is None:
            return xs
        return tuple(xs @ k for k in x_weights)

    def _sums(self, recurrent: Any, item: Any, h: jax.Array) -> list[jax.Array]:
        if self.plan.hoisted:
            return [z + (h @ u + b) for z, u, b in zip(item, *recurrent, strict=True)]
        if self.plan.joined:
            joined = jnp.concatenate([item, h], axis=-1)
            return [joined @ k + b for k, b in zip(*recurrent, strict=True)]
        return [item @ k + (h @ u + b) for k, u, b in zip(*recurrent, strict=True)]

    def step(self, recurrent: Any, carry: tuple, item: Any) -> tuple[tuple, tuple]:
        """One step; the gates are i, f, g, o."""
        return self.advance(carry, self._sums(recurrent, item, carry[1]))

    def advance(self, carry: tuple, sums: list[jax.Array]) -> tuple[tuple, tuple]:
        """``step`` from the gates' sums on."""
        c, _ = carry
        z_i, z_f, z_g, z_o = sums
        i, f, g, o = sigmoid(z_i), sigmoid(z_f), jnp.tanh(z_g), sigmoid(z_o)
        c = f * c + i * g
        return (c, o * jnp.tanh(c)), (i, f, g, o)

    def of_columns(self, weights: Weights, *parts: list[jax.Array]) -> list[jax.Array]:
        """The gates' sums, features first, from dots of x and of h, or of both."""
        return [
            sum(part) + column(b, part[0]) for *part, b in zip(*parts, weights.bias, strict=True)
        ]

    def backward_weights(self, weights: Weights) -> tuple[Any, Any]:
        """The x kernels, and the h kernels: side by side and transposed, or as they are."""
        if self.plan.wide:
            return weights.x, jnp.concatenate(weights.h, -1).T
        return weights.x, weights.h

    def back_step(
        self, recurrent: Any, dcarry: tuple, gates: tuple, previous: tuple, carry: tuple
    ) -> tuple[tuple, tuple]:
        """The chain rule through one step, with the cotangent of each gate's sum."""
        dc, dh = dcarry
        i, f, g, o = gates
        tanh_c = jnp.tanh(carry[0])
        # Factors in this order: of others jaxlib 0.10.2 cannot compile the hessian on CPU.
        dc = dc + dh * (o * (1 - tanh_c * tanh_c))
        dz = (
            dc * (g * (i * (1 - i))),
            dc * (previous[0] * (f * (1 - f))),
            dc * (i * (1 - g * g)),
            dh * (tanh_c * (o * (1 - o))),
        )
        return (dc * f, of_hidden(recurrent, dz)), dz

    def add_gradient(self, total: Weights, x: jax.Array, h: jax.Array, dz: tuple) -> Weights:
        """Adds one dot over all steps and rows for each kernel."""
        return Weights(
            add_products(total.x, x, dz, self.plan),
            add_products(total.h, h, dz, self.plan),
            tuple(a + rows(d).sum(0) for a, d in zip(total.bias, dz, strict=True)),
        )

    def input_gradient(self, x_weights: tuple, dz: tuple) -> jax.Array:
        """One dot over all steps and rows for each gate."""
        return sum_transposed(x_weights, dz)


def of_hidden(recurrent: Any, dz: tuple) -> jax.Array:
    """The cotangent of h from those of the sums, by ``backward_weights``."""
    if isinstance(recurrent, tuple):
        return sum_transposed(recurrent, dz)
    return jnp.concatenate(dz, axis=-1) @ recurrent


def sum_transposed(kernels: tuple, dz: tuple) -> jax.Array:
    """The sum over gates of ``dz @ kernel.T``."""
    return sum(
        jax.lax.dot_general(d, k, (((d.ndim - 1,), (1,)), ((), ())))
        for d, k in zip(dz, kernels, strict=True)
    )


def rows(a: jax.Array) -> jax.Array:
    """All axes but the last as one."""
    return a.reshape(-1, a.shape[-1])


def over_rows(a: jax.Array, b: jax.Array) -> jax.Array:
    """Sum over all axes but the last of the outer products: ``(*, m), (*, n) -> (m, n)``."""
    return rows(a).T @ rows(b)


def add_products(total: tuple, a: jax.Array, dz: tuple, plan: Plan) -> tuple:
    """Each total plus ``over_rows`` of ``a`` and its cotangent."""
    turned = rows(a).T
    if plan.turned:
        turned = jax.lax.optimization_barrier(turned)
    out: list[jax.Array] = []
    for old, d in zip(total, dz, strict=True):
        if plan.sparing and out:
            # Nothing is above infinity: the dot waits for the last one, and takes its memory.
            d = jnp.where(out[-1][:1, :1] > jnp.inf, jnp.nan, d)
        out.append(old + turned @ rows(d))
    return tuple(out)
