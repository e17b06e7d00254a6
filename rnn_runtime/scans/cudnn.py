"""cuDNN's LSTM as a core: parameters of flax's tree in, gradients of the same tree out.

cuDNN takes all parameters as one vector: the x kernels ``(4 width, in)``, the h kernels
``(4 width, width)`` and two biases ``(4 width,)``, gates in the order i, f, g, o and each kernel
the transpose of flax's. flax has one bias a gate; it goes to the second place and zeros to the
first.

Source: ``jax.experimental.rnn``.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
from jax import lax
from jax import numpy as jnp
from jax.experimental import rnn

from rnn_runtime.scans import loops
from rnn_runtime.scans.kind import Kind
from rnn_runtime.scans.lstm import Weights

PLATFORM = "cuda"


def pack(weights: Weights) -> jax.Array:
    """cuDNN's vector of ``4 width (in + width + 2)`` numbers."""
    bias = jnp.concatenate(weights.bias)
    kernels = (jnp.concatenate(part, axis=-1).T for part in (weights.x, weights.h))
    return jnp.concatenate([*(k.reshape(-1) for k in kernels), jnp.zeros_like(bias), bias])


def unpack(gradient: jax.Array, weights: Weights) -> Weights:
    """The gradient of the tree from that of the vector: the transpose of ``pack``."""
    return jax.vjp(pack, weights)[1](gradient)[0]


def forward(
    kind: Kind, full: bool, weights: Weights, carry: tuple, xs: jax.Array
) -> tuple[tuple, tuple, tuple]:
    """``(last carry, (h of all steps,), (cuDNN's reserve,))``; cuDNN does not tell other c's."""
    if full:
        raise ValueError("cuDNN's LSTM gives the c of the last step alone")

    def there(weights: Weights, carry: tuple, xs: jax.Array) -> tuple:
        c, h = (a[None] for a in carry)
        (y, h, c), kept = rnn.lstm_fwd(
            xs.swapaxes(0, 1), h, c, pack(weights), _lengths(xs), **_sizes(weights)
        )
        return (c[0], h[0]), (y.swapaxes(0, 1),), (kept[-1],)

    def here(weights: Weights, carry: tuple, xs: jax.Array) -> tuple:
        reserve = jax.eval_shape(there, weights, carry, xs)[2]
        zeros = jax.tree_util.tree_map(lambda a: jnp.zeros(a.shape, a.dtype), reserve)
        return (*loops.plain(kind, full, weights, carry, xs), zeros)

    # A program traced beside a GPU may still be compiled for a CPU.
    return lax.platform_dependent(weights, carry, xs, default=here, **{PLATFORM: there})


def backward(
    kind: Kind,
    weights: Weights,
    first: tuple,
    xs: jax.Array,
    last: tuple,
    history: tuple,
    saved: tuple,
    dlast: tuple,
    dhistory: tuple,
) -> tuple[Weights, tuple, jax.Array]:
    """The cotangents of ``(weights, first, xs)``."""

    def there(weights: Weights, first: tuple, xs: jax.Array, dlast: tuple, dy: jax.Array) -> tuple:
        c, h = (a[None] for a in first)
        y = history[-1].swapaxes(0, 1)
        kept = (xs.swapaxes(0, 1), h, c, pack(weights), _lengths(xs), y, *saved)
        dx, dh, dc, dw, _ = rnn.lstm_bwd(
            *_sizes(weights).values(), kept, (dy.swapaxes(0, 1), dlast[1][None], dlast[0][None])
        )
        return unpack(dw, weights), (dc[0], dh[0]), dx.swapaxes(0, 1)

    def here(weights: Weights, first: tuple, xs: jax.Array, dlast: tuple, dy: jax.Array) -> tuple:
        run = functools.partial(loops.plain, kind, False)
        return jax.vjp(run, weights, first, xs)[1]((dlast, (dy,)))

    known = (weights, first, xs, dlast, dhistory[-1])
    return lax.platform_dependent(*known, default=here, **{PLATFORM: there})


def _lengths(xs: jax.Array) -> jax.Array:
    return jnp.full(xs.shape[1], len(xs), jnp.int32)


def _sizes(weights: Weights) -> dict[str, Any]:
    """The static arguments of ``jax.experimental.rnn``, in its order: one layer, one direction."""
    return {
        "input_size": weights.x[0].shape[0],
        "hidden_size": weights.h[0].shape[0],
        "num_layers": 1,
        "dropout": 0.0,
        "bidirectional": False,
        "precision": None,
    }
