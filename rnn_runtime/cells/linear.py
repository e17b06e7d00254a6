"""The linear maps inside the dense cells, and the parameters of one alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax

Initializer = Callable[..., Any]


def dense(
    cell: Any,
    name: str,
    inputs: jax.Array,
    features: int,
    kernel_init: Initializer,
    bias_init: Initializer | None = None,
) -> jax.Array:
    """``inputs @ kernel + bias`` as a ``Dense`` called ``name``; no bias without an initializer."""
    return nn.Dense(
        features,
        use_bias=bias_init is not None,
        dtype=cell.dtype,
        param_dtype=cell.param_dtype,
        kernel_init=kernel_init,
        bias_init=bias_init or nn.initializers.zeros_init(),
        name=name,
    )(inputs)


class DenseParams(nn.Module):
    """The parameters of a ``Dense`` layer, without applying it.

    Returns ``(kernel, bias)``: kernel ``(in, features)``, bias ``(features,)`` or None, both of
    ``param_dtype``. It lets several layers be joined into one dot and keep separate parameters.
    """

    features: int
    use_bias: bool = True
    param_dtype: Any = jax.numpy.float32
    kernel_init: Initializer = nn.linear.default_kernel_init
    bias_init: Initializer = nn.initializers.zeros_init()

    @nn.compact
    def __call__(self, inputs: jax.Array) -> tuple[jax.Array, jax.Array | None]:
        shape = (inputs.shape[-1], self.features)
        kernel = self.param("kernel", self.kernel_init, shape, self.param_dtype)
        if not self.use_bias:
            return kernel, None
        return kernel, self.param("bias", self.bias_init, (self.features,), self.param_dtype)
