"""Which cells the scans with their own derivative can stand in for, and their parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import flax.linen as nn
import jax
from flax.core import meta
from flax.linen import module as flax_module
from jax import numpy as jnp

from rnn_runtime.cells import ConvLSTMCell, GRUCell, LSTMCell, OptimizedLSTMCell
from rnn_runtime.scans import conv_lstm, gru, lstm
from rnn_runtime.strategy import Task, choose

KINDS = {
    LSTMCell: "lstm",
    OptimizedLSTMCell: "lstm",
    GRUCell: "gru",
    ConvLSTMCell: "conv_lstm",
}


@dataclass(frozen=True)
class Core:
    """A scan's arithmetic and its operands: weights, initial carry and time-major inputs."""

    kind: Any
    operands: tuple[Any, tuple[jax.Array, ...], jax.Array]


def core_for(
    cell: Any,
    carry: Any,
    inputs: jax.Array,
    recompute: bool,
    unroll: int,
    full: bool,
    both: bool,
) -> Core | None:
    """The scan for a bound cell, or None where only the cell itself can be trusted.

    Args:
      cell: a bound cell, its parameters at hand.
      carry: the initial carry.
      inputs: ``(time, *batch, *features)``.
      recompute, unroll, full, both: see ``strategy.Task``.
    """
    name = KINDS.get(type(cell))
    if name is None or not _is_plain(cell, name) or _is_watched(cell):
        return None
    carry = _parts(carry, name)
    # Sizes that are only known later (jax.export) decide nothing here.
    if carry is None or not all(isinstance(size, int) for size in inputs.shape):
        return None
    params = meta.unbox(cell.variables.get("params", {}))
    if any(map(_is_placed_by_type, (inputs, *carry, *jax.tree_util.tree_leaves(params)))):
        return None
    batch = math.prod(inputs.shape[1 : inputs.ndim - cell.num_feature_axes])
    shape = (*inputs.shape[1:-1], cell.features)
    dtype = _computation_dtype(cell, carry, inputs, params)
    if dtype is None or any(part.shape != shape for part in carry):
        return None
    if not _has_shapes(params, _expected(cell, name, inputs.shape[-1])):
        return None
    params = jax.tree_util.tree_map(lambda a: a.astype(dtype), params)
    inputs = inputs.astype(dtype)
    plan = choose(
        Task(name, batch, cell.features, len(inputs), dtype, recompute, unroll, full, both)
    )
    if name == "conv_lstm" or plan.core != "xla":
        # Convolutions and kernels take one batch axis.
        inputs = inputs.reshape(len(inputs), batch, *inputs.shape[-cell.num_feature_axes :])
        carry = tuple(part.reshape(inputs.shape[1:-1] + part.shape[-1:]) for part in carry)
    if name == "conv_lstm":
        bias = params["ih"]["bias"] + params["hh"]["bias"] if cell.use_bias else None
        weights = conv_lstm.Weights(params["ih"]["kernel"], params["hh"]["kernel"], bias)
        return Core(conv_lstm.ConvLSTM(plan, _padding(cell)), (weights, carry, inputs))
    gates = "rzn" if name == "gru" else "ifgo"
    x_kernels = tuple(params[f"i{gate}"]["kernel"] for gate in gates)
    h_kernels = tuple(params[f"h{gate}"]["kernel"] for gate in gates)
    if name == "gru":
        biases = tuple(params[f"i{gate}"]["bias"] for gate in gates)
        weights = gru.Weights(x_kernels, h_kernels, biases, params["hn"]["bias"])
        return Core(gru.GRU(plan), (weights, carry, inputs))
    biases = tuple(params[f"h{gate}"]["bias"] for gate in gates)
    weights = lstm.Weights(x_kernels, h_kernels, biases)
    return Core(lstm.LSTM(plan), (weights, carry, inputs))


def restore(last: tuple, history: tuple, carry: Any, time_axis: int) -> tuple[Any, Any, jax.Array]:
    """A scan's results in the form of the cell's own: ``(last carry, carries, outputs)``.

    Args:
      last, history: what the scan gave, time first.
      carry: the initial carry, whose form the carries take; a history of h alone stays a tuple.
      time_axis: where the outputs have time.
    """
    parts = carry if isinstance(carry, tuple) else (carry,)
    last = tuple(a.reshape(part.shape) for a, part in zip(last, parts, strict=True))
    shape = parts[-1].shape
    history = tuple(a.reshape(len(a), *shape) for a in history)
    outputs = jnp.moveaxis(history[-1], 0, time_axis)
    if not isinstance(carry, tuple):
        return last[0], history[0], outputs
    return last, history, outputs


def _is_plain(cell: Any, name: str) -> bool:
    """Whether the cell computes the equations as they stand."""
    if name != "conv_lstm":
        return cell.gate_fn is nn.sigmoid and cell.activation_fn is nn.tanh
    strides, axes = cell.strides, len(cell.kernel_size)
    unit = strides is None or (not isinstance(strides, int) and tuple(strides) == (1,) * axes)
    return unit and 1 <= axes <= 3 and _padding(cell) is not None


def _padding(cell: Any) -> Any:
    """ "SAME" or (low, high) pairs; None for what only ``flax.linen.Conv`` understands.

    None too for pairs that change the spatial shape: where an axis shrinks to 1, flax spreads it.
    """
    pairs = cell.padding
    if pairs == "SAME":
        return "SAME"
    if isinstance(pairs, str | int) or not all(isinstance(p, tuple | list) for p in pairs):
        return None
    if [sum(pair) for pair in pairs] != [size - 1 for size in cell.kernel_size]:
        return None
    return tuple((low, high) for low, high in pairs)


def _parts(carry: Any, name: str) -> tuple[Any, ...] | None:
    """The arrays of a carry, or None where it has not the cell's form; the cell says what it is."""
    pair = type(carry) is tuple and len(carry) == 2
    if pair == (name == "gru"):
        return None
    parts = carry if pair else (carry,)
    return parts if all(hasattr(part, "shape") for part in parts) else None


def _is_watched(cell: Any) -> bool:
    """Whether someone waits for the cell's own calls: flax to draw parameters, or a hook."""
    # flax has no public word for "an interceptor is active". A release without this name costs
    # speed, not numbers and not a recording: every cell is stepped.
    hooks = getattr(flax_module, "_global_interceptor_stack", ("unknown",))
    return bool(hooks) or cell.is_initializing() or cell.is_mutable_collection("params")


def _is_placed_by_type(array: Any) -> bool:
    """Whether the array's type says where it lies: explicit sharding, or inside ``shard_map``.

    Cotangents must then have such types too, which only jax's own operations know.
    """
    sharding = getattr(getattr(array, "aval", None), "sharding", None)
    axes = getattr(getattr(sharding, "mesh", None), "axis_types", None) or ()
    return any(kind.name != "Auto" for kind in axes)


def _computation_dtype(cell: Any, carry: tuple, inputs: jax.Array, params: Any) -> Any:
    """The one dtype of the whole computation, or None where dtypes are mixed."""
    dtypes = {jnp.result_type(part) for part in carry}
    if cell.dtype is None:
        dtypes |= {jnp.result_type(a) for a in (inputs, *jax.tree_util.tree_leaves(params))}
    else:
        dtypes.add(jnp.dtype(cell.dtype))
    only = dtypes.pop()
    return only if not dtypes and jnp.issubdtype(only, jnp.floating) else None


def _expected(cell: Any, name: str, width: int) -> dict[tuple[str, str], tuple[int, ...]]:
    """The shapes of all parameters."""
    n = cell.features
    shapes: dict[tuple[str, str], tuple[int, ...]] = {}
    if name == "conv_lstm":
        for layer, channels in (("ih", width), ("hh", n)):
            shapes[layer, "kernel"] = (*cell.kernel_size, channels, 4 * n)
            if cell.use_bias:
                shapes[layer, "bias"] = (4 * n,)
        return shapes
    gates, biased = ("rzn", {"ir", "iz", "in", "hn"}) if name == "gru" else ("ifgo", set())
    for gate in gates:
        shapes[f"i{gate}", "kernel"], shapes[f"h{gate}", "kernel"] = (width, n), (n, n)
        biased = biased or {f"h{gate}" for gate in gates}
    return shapes | {(layer, "bias"): (n,) for layer in biased}


def _has_shapes(params: Any, expected: dict[tuple[str, str], tuple[int, ...]]) -> bool:
    """Whether ``params`` is exactly the expected tree; flax itself explains any other."""
    if not all(hasattr(layer, "items") for layer in params.values()):
        return False
    found = {(layer, key): jnp.shape(a) for layer, own in params.items() for key, a in own.items()}
    return found == expected
