"""The layer that applies a cell over time."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import flax.linen as nn
import jax
from flax.core import FrozenDict
from jax import numpy as jnp

from rnn_runtime.fast import Core, core_for, restore
from rnn_runtime.scans.driver import scan
from rnn_runtime.sequences import carry_at, check_lengths, check_mask, flip_sequences

Carry = Any


@dataclass(frozen=True)
class Run:
    """One call's operands in the order of processing: flipped already where it is reversed."""

    inputs: jax.Array
    carry: Carry
    mask: jax.Array | None
    seq_lengths: jax.Array | None
    batch_dims: int
    return_carry: bool
    time_major: bool
    reverse: bool

    @property
    def time_axis(self) -> int:
        """Where inputs and outputs have time."""
        return 0 if self.time_major else self.batch_dims

    @property
    def with_history(self) -> bool:
        """Whether the carries of all steps are needed."""
        return self.return_carry and self.seq_lengths is not None


class RNN(nn.Module):
    r"""Applies a cell to every step of a sequence.

    .. math::
        (s_t, y_t) = \mathrm{cell}(s_{t-1}, x_t), \quad t = 1 \ldots T

    With a mask, :math:`s_t = s_{t-1}` and :math:`y_t = 0` at every masked-out step, as if that
    step were not there.

    Shapes: inputs ``(*batch, time, *features)`` or, with ``time_major``,
    ``(time, *batch, *features)``; the cell's ``num_feature_axes`` says how many axes are features;
    there may be no batch axis, and time may be 0. The outputs have the same layout.

    Dtypes: as the cell gives them; masks are booleans and lengths integers.

    Attributes:
      cell: a cell of this package or one written for ``flax.linen.RNN``. Its parameters lie under
        ``cell``, as in flax.
      time_major: layout, see above.
      return_carry: whether ``(carry, outputs)`` is returned instead of ``outputs``.
      reverse: go from the last valid step to the first; outputs in that order.
      keep_order: with ``reverse``, outputs in the order of the inputs.
      unroll: steps in one iteration of the compiled loop.
      variable_axes, variable_broadcast, variable_carry, split_rngs: as in ``flax.linen.scan``.
      recompute_gates: compute the gates of a step again in the backward pass instead of keeping
        them: less memory for some more time.
      include_initial_carry: the outputs have ``time + 1`` steps, in the order of processing the
        first is the initial carry's (``cell.carry_output``).

    ``LSTMCell``, ``OptimizedLSTMCell``, ``GRUCell`` and ``ConvLSTMCell`` with the default
    activations run in a scan with a derivative of its own (see ``strategy.py``); its numbers are
    the cell's up to the order of sums. Every other cell, a mask, mixed dtypes or other lifting
    arguments take ``flax.linen.scan``.

    Raises:
      TypeError, ValueError: see ``__call__``.

    Source: the equations are those of ``flax.linen.RNN``.
    """

    cell: Any
    time_major: bool = False
    return_carry: bool = False
    reverse: bool = False
    keep_order: bool = False
    unroll: int = 1
    variable_axes: Mapping[Any, Any] = FrozenDict()
    variable_broadcast: Any = "params"
    variable_carry: Any = False
    split_rngs: Mapping[Any, bool] = FrozenDict({"params": False})
    include_initial_carry: bool = False
    recompute_gates: bool = False

    def __call__(
        self,
        inputs: jax.Array,
        *,
        initial_carry: Carry | None = None,
        init_key: jax.Array | None = None,
        seq_lengths: Any = None,
        mask: Any = None,
        return_carry: bool | None = None,
        time_major: bool | None = None,
        reverse: bool | None = None,
        keep_order: bool | None = None,
        include_initial_carry: bool | None = None,
    ) -> Any:
        """Runs over ``inputs``; the flags, where given, override the attributes.

        Args:
          inputs: the sequences.
          initial_carry: the carry before the first step; None asks the cell for one.
          init_key: key for that; ``jax.random.key(0)`` by default.
          seq_lengths: integers ``(*batch,)``: how many steps of each sequence are valid, 0
            allowed. The returned carry is the one after them; outputs behind them are not zeroed.
          mask: booleans ``(*batch, time)`` or, time-major, ``(time, *batch)``: false steps are
            passed over.

        Returns:
          The outputs, or ``(carry, outputs)``.

        Raises:
          TypeError, ValueError: inputs without a time axis; lengths or mask of another shape.
        """
        run = self.prepare(
            inputs, initial_carry, init_key, seq_lengths, mask, return_carry, time_major, reverse
        )
        return self.finish(run, *self._scan(run), keep_order, include_initial_carry)

    @nn.nowrap
    def prepare(
        self,
        inputs: jax.Array,
        initial_carry: Carry | None,
        init_key: jax.Array | None,
        seq_lengths: Any,
        mask: Any,
        return_carry: bool | None,
        time_major: bool | None,
        reverse: bool | None,
    ) -> Run:
        """What ``__call__`` knows before the first step; the arguments are its own."""
        return_carry = self.return_carry if return_carry is None else return_carry
        time_major = self.time_major if time_major is None else time_major
        reverse = self.reverse if reverse is None else reverse

        feature_axes = self.cell.num_feature_axes
        if inputs.ndim <= feature_axes:
            raise ValueError(
                f"RNN over {type(self.cell).__name__} expected at least {feature_axes + 1} axes, "
                f"time and {feature_axes} of features; shape {inputs.shape} came"
            )
        batch_dims = inputs.ndim - feature_axes - 1
        time_axis = 0 if time_major else batch_dims
        batch = inputs.shape[1 : batch_dims + 1] if time_major else inputs.shape[:batch_dims]
        if seq_lengths is not None:
            seq_lengths = check_lengths(seq_lengths, batch)
        if mask is not None:
            mask = check_mask(mask, batch, inputs.shape[time_axis], time_major)
        if reverse:
            inputs = flip_sequences(inputs, seq_lengths, batch_dims, time_major)
            if mask is not None:
                mask = flip_sequences(mask, seq_lengths, batch_dims, time_major)
        carry = initial_carry
        if carry is None:
            key = jax.random.key(0) if init_key is None else init_key
            carry = _ask_carry(self.cell, key, inputs, time_axis)
        return Run(inputs, carry, mask, seq_lengths, batch_dims, return_carry, time_major, reverse)

    @nn.nowrap
    def finish(
        self,
        run: Run,
        last: Carry,
        history: Any,
        outputs: Any,
        keep_order: bool | None,
        include_initial_carry: bool | None,
    ) -> Any:
        """What ``__call__`` returns, from the results of the scan."""
        keep_order = self.keep_order if keep_order is None else keep_order
        if include_initial_carry is None:
            include_initial_carry = self.include_initial_carry
        if run.with_history:
            last = carry_at(run.carry, history, run.seq_lengths)
        lengths = run.seq_lengths
        if include_initial_carry:
            first = _carry_output(self.cell, run.carry)
            outputs = _prepend(first, outputs, run.time_axis)
            lengths = None if lengths is None else lengths + 1
        if run.reverse and keep_order:
            outputs = jax.tree_util.tree_map(
                lambda y: flip_sequences(y, lengths, run.batch_dims, run.time_major), outputs
            )
        return (last, outputs) if run.return_carry else outputs

    def start(self, *call: Any) -> tuple[Run, Core | None]:
        """``prepare`` and ``core`` for a module that runs two layers in one scan."""
        run = self.prepare(*call)
        return run, self.core(run, both=True)

    @nn.nowrap
    def core(self, run: Run, both: bool = False) -> Core | None:
        """The scan with its own derivative for ``run``, or None where the cell must be stepped.

        ``both``: whether the other direction is to run in the same loop.
        """
        usual = self.variable_broadcast == "params" and not self.variable_carry
        if run.mask is not None or not usual or self.variable_axes:
            return None
        time_first = jnp.moveaxis(run.inputs, run.time_axis, 0)
        asked = (self.recompute_gates, self.unroll, run.with_history, both)
        return core_for(self.cell, run.carry, time_first, *asked)

    @nn.nowrap
    def _scan(self, run: Run) -> tuple[Carry, Carry | None, Any]:
        """``(last carry, carries of every step with time first or None, outputs)``."""
        core = self.core(run)
        if core is None:
            return self._scan_cell(run)
        last, history = scan(core.kind, run.with_history, *core.operands)
        return restore(last, history, run.carry, run.time_axis)

    @nn.nowrap
    def _scan_cell(self, run: Run) -> tuple[Carry, Carry | None, Any]:
        """``_scan`` by calling the cell at every step."""
        inputs, mask, with_history = run.inputs, run.mask, run.with_history
        if mask is not None:
            spread = mask.reshape(mask.shape + (1,) * (inputs.ndim - mask.ndim))
            # What is passed over may be anything; a NaN there must not reach a gradient.
            inputs = jnp.where(spread, inputs, jnp.zeros((), inputs.dtype))

        def step(cell: Any, carry: Carry, xs: Any) -> tuple[Carry, Any]:
            x, valid = xs
            new, y = cell(carry, x)
            if valid is not None:
                new = jax.tree_util.tree_map(lambda n, old: _where(valid, n, old), new, carry)
                y = jax.tree_util.tree_map(lambda v: _where(valid, v, jnp.zeros_like(v)), y)
            return new, ((new if with_history else None), y)

        scan_cell = nn.scan(
            step,
            in_axes=run.time_axis,
            out_axes=(0, run.time_axis),
            unroll=self.unroll,
            variable_axes=self.variable_axes,
            variable_broadcast=self.variable_broadcast,
            variable_carry=self.variable_carry,
            split_rngs=self.split_rngs,
        )
        last, (history, outputs) = scan_cell(self.cell, run.carry, (inputs, mask))
        return last, history, outputs


def _where(valid: jax.Array, new: jax.Array, old: jax.Array) -> jax.Array:
    return jnp.where(valid.reshape(valid.shape + (1,) * (new.ndim - valid.ndim)), new, old)


def _ask_carry(cell: Any, key: jax.Array, inputs: jax.Array, time_axis: int) -> Carry:
    """The cell's initial carry: an array for a parameter called ``sample_input``, else a shape."""
    shape = inputs.shape[:time_axis] + inputs.shape[time_axis + 1 :]
    if "sample_input" not in inspect.signature(cell.initialize_carry).parameters:
        return cell.initialize_carry(key, shape)
    if inputs.shape[time_axis] == 0:
        return cell.initialize_carry(key, jnp.zeros(shape, inputs.dtype))
    sample = jax.lax.index_in_dim(inputs, 0, time_axis, keepdims=False)
    return cell.initialize_carry(key, sample)


def _carry_output(cell: Any, carry: Carry) -> Any:
    if hasattr(cell, "carry_output"):
        return cell.carry_output(carry)
    if isinstance(carry, jax.Array):
        return carry
    raise TypeError(
        f"include_initial_carry expected {type(cell).__name__} to define carry_output(carry), "
        f"which part of the carry is the output; it does not, and the carry is a "
        f"{type(carry).__name__}"
    )


def _prepend(first: Any, outputs: Any, axis: int) -> Any:
    return jax.tree_util.tree_map(
        lambda a, b: jnp.concatenate([jnp.expand_dims(a, axis).astype(b.dtype), b], axis),
        first,
        outputs,
    )
