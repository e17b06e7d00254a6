"""The arithmetic of the convolutional LSTM and its derivative."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import numpy as jnp
from jax.nn import sigmoid

from rnn_runtime.scans.lstm import over_rows, rows
from rnn_runtime.strategy import Plan


class Weights(NamedTuple):
    """Kernels ``(*window, in or features, 4 features)`` of x and h; one bias for both, or None."""

    x: jax.Array
    h: jax.Array
    bias: jax.Array | None


@dataclass(frozen=True)
class ConvLSTM:
    r"""Steps of

    .. math::
        z &= x * W_i + h * W_h + b, \quad (z_i, z_g, z_f, z_o) = z \\
        c' &= \sigma(z_f + 1) c + \sigma(z_i) \tanh(z_g), \quad h' = \sigma(z_o) \tanh(c')

    with carry (c, h) and, as gates, i, g, f, o. One batch axis, any number of spatial axes.
    ``padding`` is a name or (low, high) pairs; strides are 1.
    """

    plan: Plan
    padding: str | tuple[tuple[int, int], ...]

    def _convolve(self, a: jax.Array, kernel: jax.Array) -> jax.Array:
        axes = "".join("DHW"[-(kernel.ndim - 2) :])
        return jax.lax.conv_general_dilated(
            a,
            kernel,
            (1,) * (kernel.ndim - 2),
            self.padding,
            dimension_numbers=(f"N{axes}C", f"{axes}IO", f"N{axes}C"),
        )

    def _transposed(self, like: jax.Array, kernel: jax.Array, dz: jax.Array) -> jax.Array:
        """The cotangent of the convolved array, which is shaped and typed as ``like``."""
        shape = jax.ShapeDtypeStruct((len(dz), *like.shape[1:]), like.dtype)
        return jax.linear_transpose(lambda a: self._convolve(a, kernel), shape)(dz)[0]

    def forward_weights(self, weights: Weights) -> tuple[None, tuple]:
        """For the loop: both kernels as one over the channels of x and h, and the bias."""
        return None, (jnp.concatenate([weights.x, weights.h], axis=-2), weights.bias)

    def project(self, x_weights: None, xs: jax.Array) -> jax.Array:
        """The inputs."""
        return xs

    def step(self, recurrent: tuple, carry: tuple, x: jax.Array) -> tuple[tuple, tuple]:
        """One step; the gates are i, g, f, o."""
        c, h = carry
        kernel, bias = recurrent
        z = self._convolve(jnp.concatenate([x, h], axis=-1), kernel)
        if bias is not None:
            z = z + bias
        z_i, z_g, z_f, z_o = jnp.split(z, 4, axis=-1)
        i, g, f, o = sigmoid(z_i), jnp.tanh(z_g), sigmoid(z_f + 1), sigmoid(z_o)
        c = f * c + i * g
        return (c, o * jnp.tanh(c)), (i, g, f, o)

    def backward_weights(self, weights: Weights) -> tuple[jax.Array, jax.Array]:
        """Both kernels, as they are."""
        return weights.x, weights.h

    def back_step(
        self, recurrent: jax.Array, dcarry: tuple, gates: tuple, previous: tuple, carry: tuple
    ) -> tuple[tuple, jax.Array]:
        """The chain rule through one step; the sums' cotangents lie side by side."""
        dc, dh = dcarry
        i, g, f, o = gates
        tanh_c = jnp.tanh(carry[0])
        # Factors in this order: of others jaxlib 0.10.2 cannot compile the hessian on CPU.
        dc = dc + dh * (o * (1 - tanh_c * tanh_c))
        dz = jnp.concatenate(
            [
                dc * (g * (i * (1 - i))),
                dc * (i * (1 - g * g)),
                dc * (previous[0] * (f * (1 - f))),
                dh * (tanh_c * (o * (1 - o))),
            ],
            axis=-1,
        )
        return (dc * f, self._transposed(previous[1], recurrent, dz)), dz

    def add_gradient(self, total: Weights, x: jax.Array, h: jax.Array, dz: jax.Array) -> Weights:
        """Adds, for each place in the window, one dot over all steps, rows and places.

        A convolution would do, but XLA's for such a gradient on a CPU is slow, most in a loop.
        """
        both = jnp.concatenate([x, h], axis=-1)
        window, channels = total.x.shape[:-2], both.shape[-1]
        padding = self.padding
        if isinstance(padding, str):
            ones = (1,) * len(window)
            padding = jax.lax.padtype_to_pads(x.shape[2:-1], window, ones, padding)
        padding = [(0, 0), *padding, (0, 0)]
        # ``jnp.pad`` would not take what is negative.
        padded = jax.lax.pad(merge(both), jnp.zeros((), x.dtype), [(*p, 0) for p in padding])
        out = merge(dz)
        gradients = []
        for place in np.ndindex(*window):
            seen = tuple(slice(at, at + n) for at, n in zip(place, out.shape[1:-1], strict=True))
            gradients.append(over_rows(padded[(slice(None), *seen)], out))
        gradient = jnp.stack(gradients).reshape(*window, channels, out.shape[-1])
        of_x, of_h = jnp.split(gradient, [x.shape[-1]], axis=-2)
        bias = total.bias
        if bias is not None:
            bias = bias + rows(dz).sum(0)
        return Weights(total.x + of_x, total.h + of_h, bias)

    def input_gradient(self, x_weights: jax.Array, dz: jax.Array) -> jax.Array:
        """One convolution over all steps and rows."""
        like = jax.ShapeDtypeStruct((1, *dz.shape[2:-1], x_weights.shape[-2]), dz.dtype)
        out = self._transposed(like, x_weights, merge(dz))
        return out.reshape(*dz.shape[:2], *out.shape[1:])


def merge(a: Any) -> jax.Array:
    """Time and batch as one axis."""
    return a.reshape(-1, *a.shape[2:])
