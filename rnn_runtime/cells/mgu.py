"""Minimal gated unit."""

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


class MGUCell(RNNCellBase):
    r"""Minimal gated unit: one gate forgets and resets.

    .. math::
        f &= \sigma(W_{if} x + b_{if} + W_{hf} h) \\
        n &= \tanh(W_{in} x + b_{in} + f (W_{hn} h + b_{hn})) \\
        h' &= (1 - f) n + f h

    Without ``reset_gate`` the second line is :math:`n = \tanh(W_{in} x + b_{in} + W_{hn} h)`.

    Shapes: x ``(*batch, in)``; the carry is ``h`` of ``(*batch, features)``; the output is ``h'``.
    Parameters: ``i{f,n}/{kernel,bias}``, ``h{f,n}/kernel`` and, with ``reset_gate``, ``hn/bias``.

    Dtypes: as in ``LSTMCell``. Raises: as ``LSTMCell``, of the carry ``h`` where it has a pair.

    Attributes (others as in ``LSTMCell``):
      forget_bias_init: initializer of ``if/bias``; ones, so that early gradients survive.
      activation_bias_init: initializer of ``in/bias`` and ``hn/bias``.
      reset_gate: whether f scales the hidden part of n.

    Source: Zhou et al., Minimal Gated Unit for Recurrent Neural Networks, arXiv 1603.09420.
    """

    features: int
    gate_fn: Callable[..., Any] = nn.sigmoid
    activation_fn: Callable[..., Any] = nn.tanh
    kernel_init: Initializer = nn.linear.default_kernel_init
    recurrent_kernel_init: Initializer = nn.initializers.orthogonal()
    forget_bias_init: Initializer = nn.initializers.ones_init()
    activation_bias_init: Initializer = nn.initializers.zeros_init()
    dtype: Any = None
    param_dtype: Any = jnp.float32
    carry_init: Initializer = nn.initializers.zeros_init()
    reset_gate: bool = True

    def __post_init__(self) -> None:
        check_features(self)
        super().__post_init__()

    @nn.compact
    def __call__(self, carry: jax.Array, inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
        """One step; see the class for equations and shapes."""
        check_inputs(self, inputs)
        check_carry(self, carry, inputs, leaves=1)
        h, width = carry, self.features
        x_forget = dense(self, "if", inputs, width, self.kernel_init, self.forget_bias_init)
        f = self.gate_fn(x_forget + dense(self, "hf", h, width, self.recurrent_kernel_init))
        hidden_bias = self.activation_bias_init if self.reset_gate else None
        hidden = dense(self, "hn", h, width, self.recurrent_kernel_init, hidden_bias)
        if self.reset_gate:
            hidden = hidden * f
        x_new = dense(self, "in", inputs, width, self.kernel_init, self.activation_bias_init)
        n = self.activation_fn(x_new + hidden)
        new_h = (1.0 - f) * n + f * h
        return new_h, new_h

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
