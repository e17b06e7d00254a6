"""Cells whose width is read off the carry, with a static ``initialize_carry``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
from jax import numpy as jnp

from rnn_runtime.cells.conv_lstm import conv_lstm_step
from rnn_runtime.cells.gru import gru_step
from rnn_runtime.cells.lstm import lstm_step, optimized_lstm_step
from rnn_runtime.deprecated.warn import warn_once

Initializer = Callable[..., Any]
Pair = tuple[jax.Array, jax.Array]
Shape = tuple[int, ...]
ZEROS = nn.initializers.zeros_init()


class RNNCellBase(nn.Module):
    r"""Base of the legacy cells.

    .. math::
        (s', y) = \mathrm{cell}(s, x)

    Shapes: x ``(*batch, *features)``; the carry s is any tree of arrays, and its width is the
    cell's. There is no ``num_feature_axes``, as there was none in flax 0.6.11.

    Dtypes: the subclass's affair. Raises: NotImplementedError for a carry that the subclass does
    not define.

    Source: flax 0.6.11.
    """

    @staticmethod
    def initialize_carry(
        rng: jax.Array,
        batch_dims: Shape,
        size: Any,
        init_fn: Initializer = ZEROS,
    ) -> Any:
        """The carry: ``init_fn(key, shape)`` for each array of it, a cell's own affair here."""
        raise NotImplementedError


def _draw_pair(rng: jax.Array, shape: Shape, init_fn: Initializer) -> Pair:
    c_key, h_key = jax.random.split(rng)
    return init_fn(c_key, shape), init_fn(h_key, shape)


class LSTMCell(RNNCellBase):
    r"""Long short-term memory of flax 0.6.11.

    .. math::
        i &= \sigma(W_{ii} x + W_{hi} h + b_{hi}) \\
        f &= \sigma(W_{if} x + W_{hf} h + b_{hf}) \\
        g &= \tanh(W_{ig} x + W_{hg} h + b_{hg}) \\
        o &= \sigma(W_{io} x + W_{ho} h + b_{ho}) \\
        c' &= f c + i g, \quad h' = o \tanh(c')

    Shapes: x ``(*batch, in)``; the carry ``(c, h)``, each ``(*batch, width)``: the width is that of
    the carry. Parameters, their names and draws are those of ``rnn_runtime.LSTMCell``.

    Dtypes: parameters have ``param_dtype``; a carry what ``init_fn`` gives whatever that is: by
    default float32, or float64 under ``jax_enable_x64``.
    Raises: TypeError for ``features`` or for batch dims that are no tuple.

    Replacement: ``rnn_runtime.LSTMCell(features)``.

    Source: flax 0.6.11.
    """

    gate_fn: Callable[..., Any] = nn.sigmoid
    activation_fn: Callable[..., Any] = nn.tanh
    kernel_init: Initializer = nn.linear.default_kernel_init
    recurrent_kernel_init: Initializer = nn.initializers.orthogonal()
    bias_init: Initializer = nn.initializers.zeros_init()
    dtype: Any = None
    param_dtype: Any = jnp.float32

    def __post_init__(self) -> None:
        warn_once("LSTMCell", "rnn_runtime.LSTMCell(features)")
        super().__post_init__()

    @nn.compact
    def __call__(self, carry: Pair, inputs: jax.Array) -> tuple[Pair, jax.Array]:
        """One step; see the class."""
        return lstm_step(self, carry, inputs)

    @staticmethod
    def initialize_carry(
        rng: jax.Array,
        batch_dims: Shape,
        size: int,
        init_fn: Initializer = ZEROS,
    ) -> Pair:
        """``(c, h)``, each ``(*batch_dims, size)`` and drawn by ``init_fn(key, shape)``."""
        warn_once("LSTMCell", "rnn_runtime.LSTMCell(features)")
        return _draw_pair(rng, batch_dims + (size,), init_fn)  # noqa: RUF005 (a list is refused)


class OptimizedLSTMCell(RNNCellBase):
    r"""``LSTMCell`` of flax 0.6.11 with the four gates in one dot per operand.

    .. math::
        i &= \sigma(W_{ii} x + W_{hi} h + b_{hi}) \\
        f &= \sigma(W_{if} x + W_{hf} h + b_{hf}) \\
        g &= \tanh(W_{ig} x + W_{hg} h + b_{hg}) \\
        o &= \sigma(W_{io} x + W_{ho} h + b_{ho}) \\
        c' &= f c + i g, \quad h' = o \tanh(c')

    Shapes and parameters are those of ``LSTMCell``.

    Dtypes: parameters have ``param_dtype``; a carry what ``init_fn`` gives whatever that is: by
    default float32, or float64 under ``jax_enable_x64``.
    Raises: TypeError for ``features`` or for batch dims that are no tuple.

    Replacement: ``rnn_runtime.OptimizedLSTMCell(features)``.

    Source: flax 0.6.11.
    """

    gate_fn: Callable[..., Any] = nn.sigmoid
    activation_fn: Callable[..., Any] = nn.tanh
    kernel_init: Initializer = nn.linear.default_kernel_init
    recurrent_kernel_init: Initializer = nn.initializers.orthogonal()
    bias_init: Initializer = nn.initializers.zeros_init()
    dtype: Any = None
    param_dtype: Any = jnp.float32

    def __post_init__(self) -> None:
        warn_once("OptimizedLSTMCell", "rnn_runtime.OptimizedLSTMCell(features)")
        super().__post_init__()

    @nn.compact
    def __call__(self, carry: Pair, inputs: jax.Array) -> tuple[Pair, jax.Array]:
        """One step; see the class."""
        return optimized_lstm_step(self, carry, inputs)

    @staticmethod
    def initialize_carry(
        rng: jax.Array,
        batch_dims: Shape,
        size: int,
        init_fn: Initializer = ZEROS,
    ) -> Pair:
        """``(c, h)``, each ``(*batch_dims, size)`` and drawn by ``init_fn(key, shape)``."""
        warn_once("OptimizedLSTMCell", "rnn_runtime.OptimizedLSTMCell(features)")
        return _draw_pair(rng, batch_dims + (size,), init_fn)  # noqa: RUF005 (a list is refused)


class GRUCell(RNNCellBase):
    r"""Gated recurrent unit of flax 0.6.11.

    .. math::
        r &= \sigma(W_{ir} x + b_{ir} + W_{hr} h) \\
        z &= \sigma(W_{iz} x + b_{iz} + W_{hz} h) \\
        n &= \tanh(W_{in} x + b_{in} + r (W_{hn} h + b_{hn})) \\
        h' &= (1 - z) n + z h

    Shapes: x ``(*batch, in)``; the carry ``(*batch, width)``: the width is that of the carry.
    Parameters, their names and draws are those of ``rnn_runtime.GRUCell``.

    Dtypes: parameters have ``param_dtype``; a carry what ``init_fn`` gives whatever that is: by
    default float32, or float64 under ``jax_enable_x64``.
    Raises: TypeError for ``features`` or for batch dims that are no tuple.

    Replacement: ``rnn_runtime.GRUCell(features)``.

    Source: flax 0.6.11.
    """

    gate_fn: Callable[..., Any] = nn.sigmoid
    activation_fn: Callable[..., Any] = nn.tanh
    kernel_init: Initializer = nn.linear.default_kernel_init
    recurrent_kernel_init: Initializer = nn.initializers.orthogonal()
    bias_init: Initializer = nn.initializers.zeros_init()
    dtype: Any = None
    param_dtype: Any = jnp.float32

    def __post_init__(self) -> None:
        warn_once("GRUCell", "rnn_runtime.GRUCell(features)")
        super().__post_init__()

    @nn.compact
    def __call__(self, carry: jax.Array, inputs: jax.Array) -> tuple[jax.Array, jax.Array]:
        """One step; see the class."""
        return gru_step(self, carry, inputs)

    @staticmethod
    def initialize_carry(
        rng: jax.Array,
        batch_dims: Shape,
        size: int,
        init_fn: Initializer = ZEROS,
    ) -> jax.Array:
        """``(*batch_dims, size)``, drawn by ``init_fn(rng, shape)``."""
        warn_once("GRUCell", "rnn_runtime.GRUCell(features)")
        return init_fn(rng, batch_dims + (size,))  # noqa: RUF005 (a list is refused)


class ConvLSTMCell(RNNCellBase):
    r"""Convolutional long short-term memory of flax 0.6.11.

    .. math::
        i &= \sigma(W_{ii} * x + b_{ii} + W_{hi} * h + b_{hi}) \\
        g &= \tanh(W_{ig} * x + b_{ig} + W_{hg} * h + b_{hg}) \\
        f &= \sigma(W_{if} * x + b_{if} + W_{hf} * h + b_{hf} + 1) \\
        o &= \sigma(W_{io} * x + b_{io} + W_{ho} * h + b_{ho}) \\
        c' &= f c + i g, \quad h' = o \tanh(c')

    Shapes: x ``(*batch, *spatial, in)``; the carry ``(c, h)``, each
    ``(*batch, *spatial, features)``. Parameters as in ``rnn_runtime.ConvLSTMCell``.

    Dtypes: parameters have ``param_dtype``; a carry what ``init_fn`` gives whatever that is: by
    default float32, or float64 under ``jax_enable_x64``.
    Raises: TypeError where ``batch_dims + size`` is none, as for a list and a tuple.

    Replacement: ``rnn_runtime.ConvLSTMCell(features, kernel_size)``.

    Source: flax 0.6.11.
    """

    features: int
    kernel_size: Sequence[int]
    strides: Sequence[int] | None = None
    padding: str | Sequence[tuple[int, int]] = "SAME"
    use_bias: bool = True
    dtype: Any = None
    param_dtype: Any = jnp.float32

    def __post_init__(self) -> None:
        warn_once("ConvLSTMCell", "rnn_runtime.ConvLSTMCell(features, kernel_size)")
        super().__post_init__()

    @nn.compact
    def __call__(self, carry: Pair, inputs: jax.Array) -> tuple[Pair, jax.Array]:
        """One step; see the class."""
        return conv_lstm_step(self, carry, inputs)

    @staticmethod
    def initialize_carry(
        rng: jax.Array,
        batch_dims: Shape,
        size: Shape,
        init_fn: Initializer = ZEROS,
    ) -> Pair:
        """``(c, h)``, each ``(*batch_dims, *size)``; ``size`` is ``(*spatial, features)``."""
        warn_once("ConvLSTMCell", "rnn_runtime.ConvLSTMCell(features, kernel_size)")
        return _draw_pair(rng, batch_dims + size, init_fn)
