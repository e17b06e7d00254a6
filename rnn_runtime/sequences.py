"""Padded sequences: turning them round, choosing the last valid carry, checking lengths."""

from __future__ import annotations

from typing import Any

import jax
from jax import numpy as jnp

Shape = tuple[int, ...]


def check_lengths(seq_lengths: Any, batch: Shape) -> jax.Array:
    """``seq_lengths`` as int32 of shape ``batch``; a scalar or size-1 axes are spread."""
    lengths = jnp.asarray(seq_lengths)
    if not jnp.issubdtype(lengths.dtype, jnp.integer):
        raise TypeError(
            f"seq_lengths expected integers of shape {batch}; dtype {lengths.dtype} came"
        )
    # A length in a narrow dtype has no room for the sums that follow.
    return _spread("seq_lengths", lengths.astype(jnp.int32), batch)


def check_mask(mask: Any, batch: Shape, steps: int, time_major: bool) -> jax.Array:
    """``mask`` as booleans, ``(*batch, time)`` or, time-major, ``(time, *batch)``."""
    shape = (steps, *batch) if time_major else (*batch, steps)
    return _spread("mask", jnp.asarray(mask) != 0, shape)


def _spread(name: str, value: jax.Array, shape: Shape) -> jax.Array:
    try:
        return jnp.broadcast_to(value, shape)
    except ValueError:
        raise ValueError(f"{name} expected shape {shape}; {value.shape} came") from None


def flip_sequences(
    inputs: jax.Array,
    seq_lengths: jax.Array | None,
    num_batch_dims: int,
    time_major: bool,
) -> jax.Array:
    r"""Reverses the valid steps of every sequence; padding stays behind them.

    .. math::
        y_t = x_{(n - 1 - t) \bmod T}, \quad t = 0 \ldots T - 1

    for a sequence of length n padded to T steps.

    Shapes: as given below; the result has that of ``inputs``.

    Dtypes: ``inputs`` any, kept; ``seq_lengths`` integers.

    Args:
      inputs: ``(*batch, time, *features)`` or, time-major, ``(time, *batch, *features)``.
      seq_lengths: integers of shape ``(*batch,)``, or None where all steps are valid.
      num_batch_dims: how many batch axes there are.
      time_major: which of the two layouts it is.

    Returns:
      An array like ``inputs``.

    Raises:
      TypeError, ValueError: lengths that are no integers, or not of the batch's shape.

    Source: the function of this name in ``flax.linen.recurrent``.
    """
    axis = 0 if time_major else num_batch_dims
    steps = inputs.shape[axis]
    if seq_lengths is None or steps == 0:
        return jnp.flip(inputs, axis=axis)
    time = jnp.arange(steps).reshape((steps,) + (1,) * (num_batch_dims if time_major else 0))
    source = (jnp.expand_dims(seq_lengths, axis) - 1 - time) % steps
    source = source.reshape(source.shape + (1,) * (inputs.ndim - source.ndim))
    return jnp.take_along_axis(inputs, source, axis=axis)


def carry_at(initial: Any, history: Any, seq_lengths: jax.Array) -> Any:
    """The carry after ``seq_lengths`` steps of each sequence; after 0, the initial one.

    Args:
      initial: the carry before the first step, leaves ``(*batch, ...)``.
      history: the carries after each step, leaves ``(time, *batch, ...)``.
      seq_lengths: integers of shape ``(*batch,)``; beyond ``time`` counts as ``time``.
    """

    def choose(first: jax.Array, steps: jax.Array) -> jax.Array:
        every = jnp.concatenate([first[None].astype(steps.dtype), steps])
        index = seq_lengths.reshape(
            (1, *seq_lengths.shape) + (1,) * (first.ndim - seq_lengths.ndim)
        )
        return jnp.take_along_axis(every, index.clip(0, len(steps)), axis=0)[0]

    return jax.tree_util.tree_map(choose, initial, history)
