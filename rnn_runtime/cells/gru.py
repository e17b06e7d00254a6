"""Gated recurrent unit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
from jax import numpy as jnp

from rnn_runtime.cells.base import (
    RNNCellBase,
    carry_shape,
    check_carry,
    check_features,
    check_inputs,
)
from rnn_runtime.cells.linear import dense

Initializer = Callable[..., Any]


def gru_step(cell: Any, h: jax.Array, inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
    """One step from the ``Dense`` submodules of ``cell``; the width is the carry's."""
    width = h.shape[-1]

    def x_part(gate: str) -> jax.Array:
        return dense(cell, f"i{gate}", inputs, width, cell.kernel_init, cell.bias_init)

    def h_part(gate: str, bias_init: Initializer | None = None) -> jax.Array:
        return dense(cell, f"h{gate}", h, width, cell.recurrent_kernel_init, bias_init)

    r = cell.gate_fn(x_part("r") + h_part("r"))
    z = cell.gate_fn(x_part("z") + h_part("z"))
    # r scales the hidden part of n, bias included, so that part has a bias of its own.
    n = cell.activation_fn(x_part("n") + r * h_part("n", cell.bias_init))
    new_h = (1.0 - z) * n + z * h
    return new_h, new_h


class GRUCell(RNNCellBase):
    r"""Gated recurrent unit.

    .. math::
        r &= \sigma(W_{ir} x + b_{ir} + W_{hr} h) \\
        z &= \sigma(W_{iz} x + b_{iz} + W_{hz} h) \\
        n &= \tanh(W_{in} x + b_{in} + r (W_{hn} h + b_{hn})) \\
        h' &= (1 - z) n + z h

    Shapes: x ``(*batch, in)``; the carry is ``h`` of ``(*batch, features)``; the output is ``h'``.
    Parameters: ``i{r,z,n}/{kernel,bias}``, ``h{r,z,n}/kernel`` and ``hn/bias``, as in
    ``flax.linen``. Attributes are those of ``LSTMCell``.

    Dtypes: as in ``LSTMCell``. Raises: as ``LSTMCell``, of the carry ``h`` where it has a pair.

    Source: Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014, in
    cuDNN's form (r applied after the hidden dot).
    """

    features: int
    gate_fn: Callable[..., Any] = nn.sigmoid
    activation_fn: Callable[..., Any] = nn.tanh
    kernel_init: Initializer = nn.linear.default_kernel_init
    recurrent_kernel_init: Initializer = nn.initializers.orthogonal()
    bias_init: Initializer = nn.initializers.zeros_init()
    dtype: Any = None
    param_dtype: Any = jnp.float32
    carry_init: Initializer = nn.initializers.zeros_init()

    def __post_init__(self) -> None:
        check_features(self)
        super().__post_init__()

    @nn.compact
    def __call__(self, carry: jax.Array, inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
        """One step; see the class for equations and shapes."""
        check_inputs(self, inputs)
        check_carry(self, carry, inputs, leaves=1)
        return gru_step(self, carry, inputs)

    @nn.nowrap
    def initialize_carry(
        self, rng: jax.Array, sample_input: Any = None, *, input_shape: Any = None
    ) -> jax.Array:
        """``h`` of ``(*batch, features)`` and ``param_dtype``, drawn by ``carry_init``."""
        return self.carry_init(rng, carry_shape(self, sample_input, input_shape), self.param_dtype)

    @property
    def num_feature_dims(self) -> int:
        """1: the last axis of the input."""
        return 1
