"""What the runtime's tests share: random trees, and two libraries run side by side."""

from __future__ import annotations

from typing import Any

import flax.linen as nn
import jax
import numpy as np

import rnn_runtime as rr

CELLS = (
    "LSTMCell",
    "OptimizedLSTMCell",
    "GRUCell",
    "MGUCell",
    "SimpleCell",
    "ConvLSTMCell",
)
FAST = ("LSTMCell", "OptimizedLSTMCell", "GRUCell", "ConvLSTMCell")


def arguments(name: str) -> dict[str, Any]:
    """Constructor arguments of a small cell."""
    return {"features": 4, "kernel_size": (3, 2)} if name == "ConvLSTMCell" else {"features": 4}


def feature_shape(name: str) -> tuple[int, ...]:
    """The feature axes of its input."""
    return (5, 4, 3) if name == "ConvLSTMCell" else (3,)


def pair(name: str, **options: Any) -> tuple[nn.Module, nn.Module]:
    """The cell called ``name`` of flax and of this package."""
    kwargs = arguments(name) | options
    return getattr(nn, name)(**kwargs), getattr(rr, name)(**kwargs)


def random_like(tree: Any, seed: int = 0, scale: float = 0.4) -> Any:
    """Random values in the form of ``tree``; biases too, which initializers leave at zero."""
    leaves, form = jax.tree_util.tree_flatten(tree)
    random = np.random.RandomState(seed)
    drawn = [np.asarray(scale * random.standard_normal(a.shape)).astype(np.float64) for a in leaves]
    cast = [jax.numpy.asarray(a, leaf.dtype) for a, leaf in zip(drawn, leaves, strict=True)]
    return jax.tree_util.tree_unflatten(form, cast)


def drawn(layer: nn.Module, *args: Any, seed: int = 0) -> Any:
    """Random variables in the form that ``layer.init`` would give, which is not compiled."""
    return random_like(jax.eval_shape(layer.init, jax.random.key(3), *args), seed)


def array(*shape: int, seed: int = 1, dtype: Any = np.float32) -> jax.Array:
    """Normal random numbers."""
    return jax.numpy.asarray(np.random.RandomState(seed).standard_normal(shape), dtype)


def assert_same(ours: Any, theirs: Any) -> None:
    """The same tree, bit for bit."""
    assert jax.tree_util.tree_structure(ours) == jax.tree_util.tree_structure(theirs)
    for a, b in zip(
        jax.tree_util.tree_leaves(ours), jax.tree_util.tree_leaves(theirs), strict=True
    ):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def assert_close(ours: Any, theirs: Any, tolerance: float = 2e-5) -> None:
    """The same tree up to the last bits of sums in another order."""
    assert jax.tree_util.tree_structure(ours) == jax.tree_util.tree_structure(theirs)
    for a, b in zip(
        jax.tree_util.tree_leaves(ours), jax.tree_util.tree_leaves(theirs), strict=True
    ):
        assert a.dtype == b.dtype
        a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
        scale = max(1.0, float(np.abs(b).max(initial=0)))
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * scale)
