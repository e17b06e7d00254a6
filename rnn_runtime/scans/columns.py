"""A forward pass, features first: a row of the batch is a column.

A dot of all gates then leaves each gate in one piece of memory. The sums of rows would lie side by
side, and reading a gate out of them costs what the wide dot gains.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax import lax
from jax import numpy as jnp

from rnn_runtime.scans.kind import Kind

# Gates in one dot of h.
GATES = {"whole": 4, "pairs": 2, "gates": 1}
Keep = Callable[[tuple, tuple, tuple], Any]


def run(kind: Kind, keep: Keep, weights: Any, carry: tuple, xs: jax.Array) -> tuple[tuple, Any]:
    """``(last carry, what is kept of every step)``, of the shapes that a pass over rows gives.

    Args:
      kind: of an LSTM or a GRU; its plan has ``columns``.
      keep: ``(carry before a step, carry after it, gates) -> arrays``.
      weights, carry, xs: as in ``driver.scan``.
    """
    at_once = GATES[kind.plan.columns]
    width = weights.h[0].shape[0]
    joined = kind.joins and kind.plan.columns != "pairs"
    of_both = [jnp.concatenate(pair) for pair in zip(weights.x, weights.h, strict=True)]
    # Transposed one by one: the transpose of them all would be taken in every step's dot.
    matrices = [
        [
            jnp.concatenate([k.T for k in kernels[at : at + at_once]])
            for at in range(0, len(kernels), at_once)
        ]
        for kernels in ((of_both,) if joined else (weights.x, weights.h))
    ]

    def pieces(matrices: list, a: jax.Array) -> list:
        sums = (jnp.tensordot(matrix, a, 1) for matrix in matrices)
        return [z[at : at + width] for z in sums for at in range(0, len(z), width)]

    def step(carry: tuple, x: jax.Array) -> tuple[tuple, Any]:
        h = carry[-1]
        operands = (jnp.concatenate([x, h]),) if joined else (x, h)
        parts = [pieces(*pair) for pair in zip(matrices, operands, strict=True)]
        new, gates = kind.advance(carry, kind.of_columns(weights, *parts))
        return new, jax.tree_util.tree_map(rows, keep(carry, new, gates))

    # Rows are restored step by step: to turn all steps at once is slow in large strides.
    first = tuple(jnp.moveaxis(a, -1, 0) for a in carry)
    last, kept = lax.scan(step, first, jnp.moveaxis(xs, -1, 1), unroll=kind.plan.unroll)
    return tuple(rows(a) for a in last), kept


def rows(a: jax.Array) -> jax.Array:
    """Features last again."""
    return jnp.moveaxis(a, 0, -1)


def column(bias: jax.Array, like: jax.Array) -> jax.Array:
    """A bias beside arrays with features first."""
    return bias.reshape(-1, *(1,) * (like.ndim - 1))
