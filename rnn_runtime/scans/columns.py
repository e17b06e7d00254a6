"""The LSTM's pass without a derivative, features first: a row of the batch is a column.

A dot of all gates then leaves each gate in one piece of memory. The sums of rows would lie side by
side, and reading a gate out of them costs what the wide dot gains.
"""

from __future__ import annotations

import jax
from jax import lax
from jax import numpy as jnp

from rnn_runtime.scans.lstm import LSTM, Weights

# Dots of h a step.
DOTS = {"whole": 1, "pairs": 2, "gates": 4}


def run(
    kind: LSTM, full: bool, weights: Weights, carry: tuple, xs: jax.Array
) -> tuple[tuple, tuple]:
    """``loops.plain`` for a plan with ``columns``; arguments and results are the same."""
    dots = DOTS[kind.plan.columns]
    gates = 4 // dots
    width = weights.h[0].shape[0]
    joined = kind.plan.columns != "pairs"
    of_both = [jnp.concatenate(pair) for pair in zip(weights.x, weights.h, strict=True)]
    matrices = (of_both,) if joined else (weights.x, weights.h)
    # Transposed one by one: the transpose of them all would be taken in every step's dot.
    matrices = [
        [jnp.concatenate([k.T for k in kernels[at : at + gates]]) for at in range(0, 4, gates)]
        for kernels in matrices
    ]
    biases = [b.reshape(width, *(1,) * (xs.ndim - 2)) for b in weights.bias]

    def step(carry: tuple, x: jax.Array) -> tuple[tuple, tuple]:
        c, h = carry
        operands = (jnp.concatenate([x, h]),) if joined else (x, h)
        sums = [
            sum(jnp.tensordot(k, a, 1) for k, a in zip(kernels, operands, strict=True))
            for kernels in zip(*matrices, strict=True)
        ]
        pieces = [z[at * width : (at + 1) * width] for z in sums for at in range(gates)]
        new, _ = kind.advance(c, [z + b for z, b in zip(pieces, biases, strict=True)])
        return new, tuple(jnp.moveaxis(a, 0, -1) for a in (new if full else new[-1:]))

    # Rows are restored step by step: to turn all steps at once is slow in large strides.
    first = tuple(jnp.moveaxis(a, -1, 0) for a in carry)
    last, history = lax.scan(step, first, jnp.moveaxis(xs, -1, 1), unroll=kind.plan.unroll)
    return tuple(jnp.moveaxis(a, 0, -1) for a in last), history
