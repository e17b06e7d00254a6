"""The plain recurrence without gates."""

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


class SimpleCell(RNNCellBase):
    r"""The plain recurrence.

    .. math::
        h' = \tanh(W_i x + b_i + W_h h)

    and, with ``residual``, :math:`h' = \tanh(W_i x + b_i + W_h h + h)`.

    Shapes: x ``(*batch, in)``; the carry is ``h`` of ``(*batch, features)``; the output is ``h'``.
    Parameters: ``i/{kernel,bias}`` and ``h/kernel``.

    Dtypes: as in ``LSTMCell``. Raises: as ``LSTMCell``, of the carry ``h`` where it has a pair.

    Attributes (others as in ``LSTMCell``):
      residual: whether h is added before the activation (arXiv 1801.06105).

    Source: Elman, Finding Structure in Time, 1990.
    """

    features: int
    activation_fn: Callable[..., Any] = nn.tanh
    kernel_init: Initializer = nn.linear.default_kernel_init
    recurrent_kernel_init: Initializer = nn.initializers.orthogonal()
    bias_init: Initializer = nn.initializers.zeros_init()
    dtype: Any = None
    param_dtype: Any = jnp.float32
    carry_init: Initializer = nn.initializers.zeros_init()
    residual: bool = False

    def __post_init__(self) -> None:
        check_features(self)
        super().__post_init__()

    @nn.compact
    def __call__(self, carry: jax.Array, inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
        """One step; see the class for equations and shapes."""
        check_inputs(self, inputs)
        check_carry(self, carry, inputs, leaves=1)
        width = self.features
        total = dense(self, "i", inputs, width, self.kernel_init, self.bias_init)
        total = total + dense(self, "h", carry, width, self.recurrent_kernel_init)
        if self.residual:
            total = total + carry
        new_h = self.activation_fn(total)
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
