"""Long short-term memory whose linear maps are convolutions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from rnn_runtime.cells.lstm import draw_pair

Initializer = Callable[..., Any]
Pair = tuple[jax.Array, jax.Array]


def conv_lstm_step(cell: Any, carry: Pair, inputs: jax.Array) -> tuple[Pair, jax.Array]:
    """One step from the two ``Conv`` submodules ``ih`` and ``hh`` of ``cell``."""
    c, h = carry

    def conv(name: str, operand: jax.Array) -> jax.Array:
        return nn.Conv(
            features=4 * cell.features,
            kernel_size=cell.kernel_size,
            strides=cell.strides,
            padding=cell.padding,
            use_bias=cell.use_bias,
            dtype=cell.dtype,
            param_dtype=cell.param_dtype,
            name=name,
        )(operand)

    i, g, f, o = jnp.split(conv("ih", inputs) + conv("hh", h), 4, axis=-1)
    new_c = nn.sigmoid(f + 1) * c + nn.sigmoid(i) * jnp.tanh(g)
    new_h = nn.sigmoid(o) * jnp.tanh(new_c)
    return (new_c, new_h), new_h


class ConvLSTMCell(RNNCellBase):
    r"""Convolutional long short-term memory.

    .. math::
        i &= \sigma(W_{ii} * x + b_{ii} + W_{hi} * h + b_{hi}) \\
        g &= \tanh(W_{ig} * x + b_{ig} + W_{hg} * h + b_{hg}) \\
        f &= \sigma(W_{if} * x + b_{if} + W_{hf} * h + b_{hf} + 1) \\
        o &= \sigma(W_{io} * x + b_{io} + W_{ho} * h + b_{ho}) \\
        c' &= f c + i g, \quad h' = o \tanh(c')

    where * is convolution over the spatial axes and the 1 keeps early forgetting small.

    Shapes: x ``(*batch, *spatial, in)``; the carry is ``(c, h)``, each
    ``(*batch, *spatial, features)``; the output is ``h'``. Parameters: ``ih`` and ``hh``, each
    with ``kernel`` of ``(*kernel_size, in or features, 4 * features)`` and ``bias`` of
    ``(4 * features,)``, the gates in the order i, g, f, o.

    Dtypes: as in ``LSTMCell``.

    Attributes:
      features: channels of the carry and the output.
      kernel_size: the window, one integer a spatial axis.
      strides, padding: as in ``flax.linen.Conv``; both convolutions use them, so they must keep
        the spatial shape.
      use_bias: whether ``ih`` and ``hh`` have biases.
      dtype, param_dtype, carry_init: as in ``LSTMCell``.

    Raises:
      TypeError, ValueError: ``features`` is no positive integer; the input lacks feature axes;
        the carry is no pair or has not ``features`` channels.

    Source: Shi et al., Convolutional LSTM Network, arXiv 1506.04214, without peepholes.
    """

    features: int
    kernel_size: Sequence[int]
    strides: Sequence[int] | None = None
    padding: str | Sequence[tuple[int, int]] = "SAME"
    use_bias: bool = True
    dtype: Any = None
    param_dtype: Any = jnp.float32
    carry_init: Initializer = nn.initializers.zeros_init()

    def __post_init__(self) -> None:
        check_features(self)
        super().__post_init__()

    @nn.compact
    def __call__(self, carry: Pair, inputs: jax.Array) -> tuple[Pair, jax.Array]:
        """One step; see the class for equations and shapes."""
        check_inputs(self, inputs)
        check_carry(self, carry, inputs, leaves=2)
        return conv_lstm_step(self, carry, inputs)

    @nn.nowrap
    def initialize_carry(
        self, rng: jax.Array, sample_input: Any = None, *, input_shape: Any = None
    ) -> Pair:
        """``(c, h)``, each ``(*batch, *spatial, features)``, drawn by ``carry_init``."""
        return draw_pair(self, rng, carry_shape(self, sample_input, input_shape))

    @property
    def num_feature_dims(self) -> int:
        """The spatial axes and the channels: ``len(kernel_size) + 1``."""
        return len(self.kernel_size) + 1

    @nn.nowrap
    def carry_output(self, carry: Pair) -> jax.Array:
        """``h`` of ``(c, h)``."""
        return carry[1]
