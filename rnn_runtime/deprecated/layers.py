"""``RNN`` with ``cell_size``, and ``Bidirectional``, as flax 0.6.11 had them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
from absl import logging
from flax.core import FrozenDict
from jax import numpy as jnp

from rnn_runtime.deprecated.warn import warn_once
from rnn_runtime.sequences import flip_sequences

Carry = Any


class RNN(nn.Module):
    r"""Applies a legacy cell to every step of a sequence.

    .. math::
        (s_t, y_t) = \mathrm{cell}(s_{t-1}, x_t), \quad t = 1 \ldots T

    Shapes: inputs ``(*batch, time, *features)`` or, time-major, ``(time, *batch, *features)``, with
    as many feature axes as ``cell_size`` has numbers. The carry comes from the cell's static
    ``initialize_carry(key, batch_dims=..., size=cell_size)``.

    As in flax 0.6.11: ``seq_lengths`` needs ``return_carry`` and one batch axis, and a length of 0
    selects the last carry of the padded sequence.

    Dtypes: as the cell gives them.

    Attributes: ``cell_size`` (an int or a tuple); the others as in ``rnn_runtime.RNN``.

    Raises: ValueError for ``seq_lengths`` without ``return_carry``.

    Replacement: ``rnn_runtime.RNN(cell)``.

    Source: flax 0.6.11.
    """

    cell: Any
    cell_size: int | tuple[int, ...]
    time_major: bool = False
    return_carry: bool = False
    reverse: bool = False
    keep_order: bool = False
    unroll: int = 1
    variable_axes: Mapping[Any, Any] = FrozenDict()
    variable_broadcast: Any = "params"
    variable_carry: Any = False
    split_rngs: Mapping[Any, bool] = FrozenDict({"params": False})

    def __post_init__(self) -> None:
        warn_once("RNN", "rnn_runtime.RNN(cell); the cell knows its width")
        super().__post_init__()

    def __call__(
        self,
        inputs: jax.Array,
        *,
        initial_carry: Carry | None = None,
        init_key: jax.Array | None = None,
        seq_lengths: jax.Array | None = None,
        return_carry: bool | None = None,
        time_major: bool | None = None,
        reverse: bool | None = None,
        keep_order: bool | None = None,
    ) -> Any:
        """Runs over ``inputs``; the flags, where given, override the attributes.

        Returns:
          The outputs, or ``(carry, outputs)``.

        Raises:
          ValueError: ``seq_lengths`` without ``return_carry``, which flax 0.6.11 cannot do.
        """
        return_carry = self.return_carry if return_carry is None else return_carry
        time_major = self.time_major if time_major is None else time_major
        reverse = self.reverse if reverse is None else reverse
        keep_order = self.keep_order if keep_order is None else keep_order
        if seq_lengths is not None and not return_carry:
            raise ValueError("RNN of flax 0.6 takes seq_lengths only with return_carry=True")

        feature_axes = 1 if isinstance(self.cell_size, int) else len(self.cell_size)
        batch_axes = inputs.ndim - feature_axes - 1
        time_axis = 0 if time_major else batch_axes
        batch = inputs.shape[1:-feature_axes] if time_major else inputs.shape[:time_axis]
        if reverse:
            inputs = flip_sequences(inputs, seq_lengths, len(batch), time_major)
        carry = initial_carry
        if carry is None:
            key = jax.random.PRNGKey(0) if init_key is None else init_key
            carry = self.cell.initialize_carry(key, batch_dims=batch, size=self.cell_size)

        def step(cell: Any, carry: Carry, x: jax.Array) -> tuple[Carry, Any]:
            carry, y = cell(carry, x)
            return carry, ((None if seq_lengths is None else carry), y)

        scan = nn.scan(
            step,
            in_axes=time_axis,
            out_axes=(0, time_axis),
            unroll=self.unroll,
            variable_axes=self.variable_axes,
            variable_broadcast=self.variable_broadcast,
            variable_carry=self.variable_carry,
            split_rngs=self.split_rngs,
        )
        carry, (history, outputs) = scan(self.cell, carry, inputs)
        if seq_lengths is not None:
            last = seq_lengths - 1
            carry = jax.tree_util.tree_map(lambda s: s[last, jnp.arange(s.shape[1])], history)
        if reverse and keep_order:
            outputs = jax.tree_util.tree_map(
                lambda y: flip_sequences(y, seq_lengths, len(batch), time_major),
                outputs,
            )
        return (carry, outputs) if return_carry else outputs


def _concatenate(a: jax.Array, b: jax.Array) -> jax.Array:
    return jnp.concatenate([a, b], axis=-1)


class Bidirectional(nn.Module):
    r"""Runs one layer forwards and one backwards and merges their outputs step by step.

    .. math::
        y_t = \mathrm{merge}(\overrightarrow{y}_t, \overleftarrow{y}_t)

    Shapes and attributes are those of ``rnn_runtime.Bidirectional``, which replaces it; there is
    no mask. Dtypes: as there. Raises: what the layers raise.

    Source: flax 0.6.11.
    """

    forward_rnn: Any
    backward_rnn: Any
    merge_fn: Callable[[jax.Array, jax.Array], jax.Array] = _concatenate
    time_major: bool = False
    return_carry: bool = False

    def __post_init__(self) -> None:
        warn_once("Bidirectional", "rnn_runtime.Bidirectional over rnn_runtime.RNN layers")
        super().__post_init__()

    def __call__(
        self,
        inputs: jax.Array,
        *,
        initial_carry: Carry | None = None,
        init_key: jax.Array | None = None,
        seq_lengths: jax.Array | None = None,
        return_carry: bool | None = None,
        time_major: bool | None = None,
        reverse: bool | None = None,
        keep_order: bool | None = None,
    ) -> Any:
        """Runs over ``inputs``; ``reverse`` and ``keep_order`` are without effect.

        Returns:
          The merged outputs, or ``((forward, backward), outputs)``.
        """
        return_carry = self.return_carry if return_carry is None else return_carry
        common = {
            "seq_lengths": seq_lengths,
            "return_carry": True,
            "time_major": self.time_major if time_major is None else time_major,
        }
        keys = (None, None) if init_key is None else jax.random.split(init_key)
        forth, back = (None, None) if initial_carry is None else initial_carry
        if self.forward_rnn is self.backward_rnn:
            logging.warning(
                "Bidirectional: forward_rnn and backward_rnn are one object and share parameters."
            )
        forth, forward = self.forward_rnn(
            inputs, initial_carry=forth, init_key=keys[0], reverse=False, **common
        )
        back, backward = self.backward_rnn(
            inputs,
            initial_carry=back,
            init_key=keys[1],
            reverse=True,
            keep_order=True,
            **common,
        )
        outputs = jax.tree_util.tree_map(self.merge_fn, forward, backward)
        return ((forth, back), outputs) if return_carry else outputs
