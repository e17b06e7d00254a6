"""The arithmetic of the GRU and its derivative."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
from jax import numpy as jnp
from jax.nn import sigmoid

from rnn_runtime.scans.columns import column
from rnn_runtime.scans.lstm import add_products, of_hidden, rows, sum_transposed
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
    joins = False

    def forward_weights(self, weights: Weights) -> tuple[Any, Any]:
        """Hoisted: x kernels and biases. For the loop: r and z, and the h part of n, with biases.

        Joined: of r and z each the kernels of x and h on top of one another.
        """
        hidden = (weights.h[2], weights.hidden_bias)
        if self.plan.hoisted:
            return (weights.x, weights.bias), (weights.h[:2], hidden)
        if self.plan.joined:
            pairs = zip(weights.x[:2], weights.h[:2], strict=True)
            joined = tuple(jnp.concatenate(pair) for pair in pairs)
            return None, (joined, hidden, weights.x[2], weights.bias)
        return None, (weights.h[:2], hidden, weights.x, weights.bias)

    def project(self, x_weights: Any, xs: jax.Array) -> Any:
        """The inputs, or the x sums of r, z and n."""
        if x_weights is None:
            return xs
        return tuple(xs @ k + b for k, b in zip(*x_weights, strict=True))

    def _sums(self, recurrent: tuple, item: Any, h: jax.Array) -> tuple[jax.Array, ...]:
        """The sums of r and z, and the x sum of n."""
        if self.plan.hoisted:
            z_r, z_z, x_n = item
            u_r, u_z = recurrent[0]
            return z_r + h @ u_r, z_z + h @ u_z, x_n
        kernels, _, x_kernels, biases = recurrent
        if self.plan.joined:
            both = jnp.concatenate([item, h], axis=-1)
            sums = (both @ k + b for k, b in zip(kernels, biases[:2], strict=True))
            return (*sums, item @ x_kernels + biases[2])
        x_r, x_z, x_n = (item @ k + b for k, b in zip(x_kernels, biases, strict=True))
        return x_r + h @ kernels[0], x_z + h @ kernels[1], x_n

    def step(self, recurrent: tuple, carry: tuple, item: Any) -> tuple[tuple, tuple]:
        """One step; the gates are r, z, n and a."""
        (h,) = carry
        kernel, bias = recurrent[1]
        return self.advance(carry, (*self._sums(recurrent, item, h), h @ kernel + bias))

    def advance(self, carry: tuple, sums: tuple[jax.Array, ...]) -> tuple[tuple, tuple]:
        """``step`` from the sums of r and z and the two of n on."""
        (h,) = carry
        z_r, z_z, x_n, a = sums
        r, z = sigmoid(z_r), sigmoid(z_z)
        n = jnp.tanh(x_n + r * a)
        return ((1 - z) * n + z * h,), (r, z, n, a)

    def of_columns(
        self, weights: Weights, of_x: list[jax.Array], of_h: list[jax.Array]
    ) -> tuple[jax.Array, ...]:
        """The sums, features first, from dots of x and of h."""
        like = of_x[0]
        x_r, x_z, x_n = (z + column(b, like) for z, b in zip(of_x, weights.bias, strict=True))
        h_r, h_z, a = of_h
        return x_r + h_r, x_z + h_z, x_n, a + column(weights.hidden_bias, like)

    def backward_weights(self, weights: Weights) -> tuple[Any, Any]:
        """The x kernels, and the h kernels: side by side and transposed, or as they are."""
        if self.plan.wide:
            return weights.x, jnp.concatenate(weights.h, -1).T
        return weights.x, weights.h

    def back_step(
        self, recurrent: Any, dcarry: tuple, gates: tuple, previous: tuple, carry: tuple
    ) -> tuple[tuple, tuple]:
        """The chain rule through one step, with the cotangents of the sums of r, z, n and of a."""
        (dh,) = dcarry
        r, z, n, a = gates
        dn = dh * (1 - z) * (1 - n * n)
        # Factors in this order: of others jaxlib 0.10.2 cannot compile the hessian on CPU.
        dr = dn * r * (a * (1 - r))
        dz = (dh * z) * ((previous[0] - n) * (1 - z))
        da = dn * r
        return (dh * z + of_hidden(recurrent, (dr, dz, da)),), (dr, dz, dn, da)

    def add_gradient(self, total: Weights, x: jax.Array, h: jax.Array, dz: tuple) -> Weights:
        """Adds one dot over all steps and rows for each kernel."""
        dr, dz, dn, da = dz
        of_x, of_h = (dr, dz, dn), (dr, dz, da)
        return Weights(
            add_products(total.x, x, of_x, self.plan),
            add_products(total.h, h, of_h, self.plan),
            tuple(a + rows(d).sum(0) for a, d in zip(total.bias, of_x, strict=True)),
            total.hidden_bias + rows(da).sum(0),
        )

    def input_gradient(self, x_weights: tuple, dz: tuple) -> jax.Array:
        """One dot over all steps and rows for each gate."""
        return sum_transposed(x_weights, dz[:3])
