"""The libraries that are compared: each gives a program for one shape, or None where it has none.

A program is ``(forward, backward)`` on nothing, each waiting for its result. All layers see the
same batch-major input; each library draws its own parameters, and the backward pass is that of the
sum of squares of the outputs, for parameters and input.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

AGAIN = "rnn_runtime, gates recomputed"
KEY = jax.random.key(0)
Programs = tuple[Callable[[], Any], Callable[[], Any], dict[str, float]]


def jax_programs(apply: Callable[[Any, Any], Any], params: Any, x: Any) -> Programs:
    """Compiled programs, with compile seconds and temporary bytes of the backward one."""

    def loss(params: Any, x: Any) -> Any:
        return (apply(params, x) ** 2).sum()

    forward = jax.jit(apply).lower(params, x).compile()
    seconds = []
    for _ in range(3):
        # A gradient of its own, for jax keeps what it has compiled.
        lowered = jax.jit(jax.grad(lambda *known: loss(*known), (0, 1))).lower(params, x)
        start = time.perf_counter()
        backward = lowered.compile()
        seconds.append(time.perf_counter() - start)
    memory = backward.memory_analysis().temp_size_in_bytes
    facts = {"compile": min(seconds), "memory": memory}
    return (
        lambda: jax.block_until_ready(forward(params, x)),
        lambda: jax.block_until_ready(backward(params, x)),
        facts,
    )


def linen(home: Any, cell: str, both: bool, width: int, x: Any, **options: Any) -> Programs:
    """flax.linen and rnn_runtime, which share one interface."""
    kwargs = {"kernel_size": (3, 3)} if cell == "ConvLSTMCell" else {}
    layer = home.RNN(getattr(home, cell)(width, **kwargs), **options)
    if both:
        layer = home.Bidirectional(layer, home.RNN(getattr(home, cell)(width), **options))
    return jax_programs(layer.apply, layer.init(KEY, x[:, :2]), x)


def flax_linen(cell: str, both: bool, width: int, x: Any) -> Programs:
    import flax.linen

    return linen(flax.linen, cell, both, width, x)


def flax_optimized(cell: str, both: bool, width: int, x: Any) -> Programs | None:
    import flax.linen

    return linen(flax.linen, "OptimizedLSTMCell", both, width, x) if cell == "LSTMCell" else None


def ours(cell: str, both: bool, width: int, x: Any) -> Programs:
    import rnn_runtime

    return linen(rnn_runtime, cell, both, width, x)


def ours_recomputing(cell: str, both: bool, width: int, x: Any) -> Programs:
    import rnn_runtime

    return linen(rnn_runtime, cell, both, width, x, recompute_gates=True)


def flax_nnx(cell: str, both: bool, width: int, x: Any) -> Programs | None:
    from flax import nnx

    if both or cell == "ConvLSTMCell":
        return None
    layer = nnx.RNN(getattr(nnx, cell)(x.shape[-1], width, rngs=nnx.Rngs(0)))
    graph, params, rest = nnx.split(layer, nnx.Param, ...)
    zero = jnp.zeros((len(x), width))
    carry = (zero, zero) if cell == "LSTMCell" else zero

    def run(params: Any, x: Any) -> Any:
        return nnx.merge(graph, params, rest)(x, initial_carry=carry)

    return jax_programs(run, params, x)


def haiku(cell: str, both: bool, width: int, x: Any) -> Programs | None:
    import haiku as hk

    if both or cell == "ConvLSTMCell":
        return None

    def run(x: Any) -> Any:
        core = hk.LSTM(width) if cell == "LSTMCell" else hk.GRU(width)
        return hk.dynamic_unroll(core, x, core.initial_state(len(x)), time_major=False)[0]

    module = hk.without_apply_rng(hk.transform(run))
    return jax_programs(module.apply, module.init(KEY, x[:, :2]), x)


def equinox(cell: str, both: bool, width: int, x: Any) -> Programs | None:
    import equinox as eqx

    if both or cell == "ConvLSTMCell":
        return None
    module = {"LSTMCell": eqx.nn.LSTMCell, "GRUCell": eqx.nn.GRUCell}[cell]
    params, static = eqx.partition(module(x.shape[-1], width, key=KEY), eqx.is_array)

    def run(params: Any, x: Any) -> Any:
        step = jax.vmap(eqx.combine(params, static))
        zero = jnp.zeros((len(x), width))
        pair = cell == "LSTMCell"

        def advance(carry: Any, x: Any) -> Any:
            carry = step(x, carry)
            return carry, carry[0] if pair else carry

        start = (zero, zero) if pair else zero
        return jax.lax.scan(advance, start, x.swapaxes(0, 1))[1].swapaxes(0, 1)

    return jax_programs(run, params, x)


def keras(cell: str, both: bool, width: int, x: Any) -> Programs | None:
    import keras

    if cell == "ConvLSTMCell":
        return None
    name = cell.removesuffix("Cell")
    layer = getattr(keras.layers, name)(width, return_sequences=True)
    if both:
        layer = keras.layers.Bidirectional(layer)
    layer.build(x.shape)
    fixed = [v.value for v in layer.non_trainable_variables]

    def run(params: Any, x: Any) -> Any:
        return layer.stateless_call(params, fixed, x)[0]

    return jax_programs(run, [v.value for v in layer.trainable_variables], x)


def torch(cell: str, both: bool, width: int, x: Any) -> Programs | None:
    import torch

    if cell == "ConvLSTMCell":
        return None
    module = getattr(torch.nn, cell.removesuffix("Cell"))
    layer = module(x.shape[-1], width, batch_first=True, bidirectional=both)
    data = torch.from_numpy(np.array(x)).requires_grad_()

    def forward() -> None:
        with torch.no_grad():
            layer(data)

    def backward() -> None:
        torch.autograd.grad((layer(data)[0] ** 2).sum(), [*layer.parameters(), data])

    return forward, backward, {}


PEERS = {
    "flax.linen": flax_linen,
    "rnn_runtime": ours,
    AGAIN: ours_recomputing,
    "flax.linen optimized": flax_optimized,
    "flax.nnx": flax_nnx,
    "haiku": haiku,
    "equinox": equinox,
    "keras (jax)": keras,
    "torch": torch,
}
