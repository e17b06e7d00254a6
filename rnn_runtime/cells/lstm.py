"""Long short-term memory: one dot per gate, and all gates in one dot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
from jax import numpy as jnp

from rnn_runtime.cells.base import (
    RNNCellBase,
    Shape,
    carry_shape,
    check_carry,
    check_features,
    check_inputs,
)
from rnn_runtime.cells.linear import DenseParams, dense

Initializer = Callable[..., Any]
Pair = tuple[jax.Array, jax.Array]
GATES = ("i", "f", "g", "o")


def lstm_step(cell: Any, carry: Pair, inputs: jax.Array) -> tuple[Pair, jax.Array]:
    """One step, each gate from two ``Dense`` submodules of ``cell``; the width is the carry's."""
    c, h = carry

    def gate(name: str, activation: Callable[..., Any]) -> jax.Array:
        x_part = dense(cell, f"i{name}", inputs, h.shape[-1], cell.kernel_init)
        h_part = dense(cell, f"h{name}", h, h.shape[-1], cell.recurrent_kernel_init, cell.bias_init)
        return activation(x_part + h_part)

    i, f = gate("i", cell.gate_fn), gate("f", cell.gate_fn)
    g, o = gate("g", cell.activation_fn), gate("o", cell.gate_fn)
    new_c = f * c + i * g
    new_h = o * cell.activation_fn(new_c)
    return (new_c, new_h), new_h


def optimized_lstm_step(cell: Any, carry: Pair, inputs: jax.Array) -> tuple[Pair, jax.Array]:
    """The same step and parameters; the four gates' kernels joined into one dot per operand."""
    c, h = carry
    width = h.shape[-1]
    x_params, h_params = [], []
    for name in GATES:
        shared = {"param_dtype": cell.param_dtype, "bias_init": cell.bias_init}
        x_layer = DenseParams(
            width,
            use_bias=False,
            kernel_init=cell.kernel_init,
            name=f"i{name}",
            **shared,
        )
        x_params.append(x_layer(inputs))
        h_layer = DenseParams(
            width, kernel_init=cell.recurrent_kernel_init, name=f"h{name}", **shared
        )
        h_params.append(h_layer(h))
    x_kernel = jnp.concatenate([kernel for kernel, _ in x_params], axis=-1)
    h_kernel = jnp.concatenate([kernel for kernel, _ in h_params], axis=-1)
    bias = jnp.concatenate([bias for _, bias in h_params], axis=-1)
    x, x_kernel = nn.dtypes.promote_dtype(inputs, x_kernel, dtype=cell.dtype)
    h, h_kernel, bias = nn.dtypes.promote_dtype(h, h_kernel, bias, dtype=cell.dtype)
    h_gates = jnp.split(jnp.dot(h, h_kernel) + bias, 4, axis=-1)
    x_gates = jnp.split(jnp.dot(x, x_kernel), 4, axis=-1)
    i, f, g, o = (a + b for a, b in zip(h_gates, x_gates, strict=True))
    new_c = cell.gate_fn(f) * c + cell.gate_fn(i) * cell.activation_fn(g)
    new_h = cell.gate_fn(o) * cell.activation_fn(new_c)
    return (new_c, new_h), new_h


class LSTMCell(RNNCellBase):
    r"""Long short-term memory, one dot per gate.

    .. math::
        i &= \sigma(W_{ii} x + W_{hi} h + b_{hi}) \\
        f &= \sigma(W_{if} x + W_{hf} h + b_{hf}) \\
        g &= \tanh(W_{ig} x + W_{hg} h + b_{hg}) \\
        o &= \sigma(W_{io} x + W_{ho} h + b_{ho}) \\
        c' &= f c + i g, \quad h' = o \tanh(c')

    Shapes: x ``(*batch, in)``; the carry is ``(c, h)``, each ``(*batch, features)``; the output is
    ``h'``. Parameters: ``i{i,f,g,o}/kernel`` of ``(in, features)``, ``h{i,f,g,o}/kernel`` of
    ``(features, features)`` and ``h{i,f,g,o}/bias`` of ``(features,)``, as in ``flax.linen``.

    Dtypes: parameters and initial carry have ``param_dtype``; a step is computed in ``dtype`` or,
    where that is None, in what carry, input and parameters promote to.

    Attributes:
      features: width of the carry and the output.
      gate_fn: :math:`\sigma`.
      activation_fn: :math:`\tanh`.
      kernel_init, recurrent_kernel_init, bias_init: initializers ``(key, shape, dtype)``.
      dtype: dtype of the computation; None promotes inputs and parameters.
      param_dtype: dtype of parameters and initial carry.
      carry_init: initializer of the carry, ``(key, shape, param_dtype)``, a key for each of c, h.

    Raises:
      TypeError, ValueError: ``features`` is no positive integer; the input lacks its feature axis;
        the carry is no pair or is not ``features`` wide.

    Source: Hochreiter and Schmidhuber, Long Short-Term Memory, 1997.
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
    def __call__(self, carry: Pair, inputs: jax.Array) -> tuple[Pair, jax.Array]:
        """One step; see the class for equations and shapes."""
        check_inputs(self, inputs)
        check_carry(self, carry, inputs, leaves=2)
        return lstm_step(self, carry, inputs)

    @nn.nowrap
    def initialize_carry(
        self, rng: jax.Array, sample_input: Any = None, *, input_shape: Any = None
    ) -> Pair:
        """``(c, h)``, each ``(*batch, features)`` of ``param_dtype``, drawn by ``carry_init``."""
        return draw_pair(self, rng, carry_shape(self, sample_input, input_shape))

    @property
    def num_feature_dims(self) -> int:
        """1: the last axis of the input."""
        return 1

    @nn.nowrap
    def carry_output(self, carry: Pair) -> jax.Array:
        """``h`` of ``(c, h)``."""
        return carry[1]


def draw_pair(cell: Any, rng: jax.Array, shape: Shape) -> Pair:
    """``(c, h)`` from the two halves of ``rng``, in this order."""
    c_key, h_key = jax.random.split(rng)
    return (
        cell.carry_init(c_key, shape, cell.param_dtype),
        cell.carry_init(h_key, shape, cell.param_dtype),
    )


class OptimizedLSTMCell(RNNCellBase):
    r"""Long short-term memory, the four gates in one dot per operand.

    .. math::
        i &= \sigma(W_{ii} x + W_{hi} h + b_{hi}) \\
        f &= \sigma(W_{if} x + W_{hf} h + b_{hf}) \\
        g &= \tanh(W_{ig} x + W_{hg} h + b_{hg}) \\
        o &= \sigma(W_{io} x + W_{ho} h + b_{ho}) \\
        c' &= f c + i g, \quad h' = o \tanh(c')

    Shapes, parameters and attributes are those of ``LSTMCell``: checkpoints are interchangeable.
    Dtypes: as in ``LSTMCell``. Raises: as ``LSTMCell``.

    Source: as ``LSTMCell``.
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
    def __call__(self, carry: Pair, inputs: jax.Array) -> tuple[Pair, jax.Array]:
        """One step; see the class for equations and shapes."""
        check_inputs(self, inputs)
        check_carry(self, carry, inputs, leaves=2)
        return optimized_lstm_step(self, carry, inputs)

    @nn.nowrap
    def initialize_carry(
        self, rng: jax.Array, sample_input: Any = None, *, input_shape: Any = None
    ) -> Pair:
        """``(c, h)``, each ``(*batch, features)`` of ``param_dtype``, drawn by ``carry_init``."""
        return draw_pair(self, rng, carry_shape(self, sample_input, input_shape))

    @property
    def num_feature_dims(self) -> int:
        """1: the last axis of the input."""
        return 1

    @nn.nowrap
    def carry_output(self, carry: Pair) -> jax.Array:
        """``h`` of ``(c, h)``."""
        return carry[1]
