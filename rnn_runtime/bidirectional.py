"""Two layers over the same sequences, one in each direction."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
from absl import logging
from jax import numpy as jnp

from rnn_runtime.fast import KINDS, Core, restore
from rnn_runtime.rnn import RNN, Run
from rnn_runtime.scans.driver import scan


def concatenate(a: jax.Array, b: jax.Array) -> jax.Array:
    """Both arrays side by side along their last axis."""
    return jnp.concatenate([a, b], axis=-1)


def run_both(layers: tuple[RNN, RNN], *starts: tuple[Run, Core | None]) -> list[Any] | None:
    """Each layer's ``(carry, outputs)`` from one scan over both, or None where they differ."""
    (run, core), (other_run, other) = starts
    if core is None or other is None or core.kind != other.kind:
        return None
    if any(layer.include_initial_carry for layer in layers):
        return None
    shapes = [jax.tree_util.tree_map(jnp.shape, each.operands) for each in (core, other)]
    if shapes[0] != shapes[1]:
        return None
    both = jax.tree_util.tree_map(lambda *pair: jnp.stack(pair), core.operands, other.operands)
    scan_both = jax.vmap(functools.partial(scan, core.kind, run.with_history))
    results = scan_both(*both)
    ended = []
    for index, layer in enumerate(layers):
        own = (run, other_run)[index]
        last, history = jax.tree_util.tree_map(lambda a, i=index: a[i], results)
        parts = restore(last, history, own.carry, own.time_axis)
        ended.append(layer.finish(own, *parts, True, False))
    return ended


class Bidirectional(nn.Module):
    r"""Runs one layer forwards and one backwards and merges their outputs step by step.

    .. math::
        y_t = \mathrm{merge}(\overrightarrow{y}_t, \overleftarrow{y}_t)

    Shapes: as in ``RNN``; with the default merge the outputs are the sum of both widths wide.
    The carry, where returned, is the pair (forward, backward).

    Dtypes: as ``merge_fn`` gives them, of the layers' own.

    Attributes:
      forward_rnn, backward_rnn: layers with the call of ``RNN``; parameters lie under these names.
        One object for both shares the parameters (a warning is logged).
      merge_fn: ``(forward, backward) -> merged``, applied to arrays.
      time_major, return_carry: as in ``RNN``; they override those of the two layers.

    Raises:
      TypeError, ValueError: what the layers raise.

    Source: Schuster and Paliwal, Bidirectional Recurrent Neural Networks, 1997; the interface is
    that of ``flax.linen.Bidirectional``.
    """

    forward_rnn: Any
    backward_rnn: Any
    merge_fn: Callable[[jax.Array, jax.Array], jax.Array] = concatenate
    time_major: bool = False
    return_carry: bool = False

    def __call__(
        self,
        inputs: jax.Array,
        *,
        initial_carry: Any = None,
        init_key: jax.Array | None = None,
        seq_lengths: Any = None,
        mask: Any = None,
        return_carry: bool | None = None,
        time_major: bool | None = None,
        reverse: bool | None = None,
        keep_order: bool | None = None,
    ) -> Any:
        """Runs over ``inputs``.

        Args:
          inputs, seq_lengths, mask: as in ``RNN``.
          initial_carry: the pair (forward, backward), or None.
          init_key: split into one key for each direction.
          return_carry, time_major: override the attributes where given.
          reverse, keep_order: accepted for the layers' common call and without effect.

        Returns:
          The merged outputs, or ``((forward, backward), outputs)``.
        """
        time_major = self.time_major if time_major is None else time_major
        return_carry = self.return_carry if return_carry is None else return_carry
        keys = (None, None) if init_key is None else jax.random.split(init_key)
        carries = (None, None) if initial_carry is None else initial_carry
        if self.forward_rnn is self.backward_rnn:
            logging.warning(
                "Bidirectional: forward_rnn and backward_rnn are one object and share parameters."
            )
        if mask is None and self._may_share_a_loop():
            call = (seq_lengths, mask, True, time_major)
            pair = run_both(
                (self.forward_rnn, self.backward_rnn),
                self.forward_rnn.start(inputs, carries[0], keys[0], *call, False),
                self.backward_rnn.start(inputs, carries[1], keys[1], *call, True),
            )
            if pair is not None:
                (carry_forward, forward), (carry_backward, backward) = pair
                outputs = self.merge_fn(forward, backward)
                return ((carry_forward, carry_backward), outputs) if return_carry else outputs
        # A layer written for flax knows no mask; it is told of one only if there is one.
        common = {
            "seq_lengths": seq_lengths,
            "return_carry": True,
            "time_major": time_major,
        }
        if mask is not None:
            common["mask"] = mask
        carry_forward, forward = self.forward_rnn(
            inputs, initial_carry=carries[0], init_key=keys[0], reverse=False, **common
        )
        carry_backward, backward = self.backward_rnn(
            inputs,
            initial_carry=carries[1],
            init_key=keys[1],
            reverse=True,
            keep_order=True,
            **common,
        )
        outputs = jax.tree_util.tree_map(self.merge_fn, forward, backward)
        return ((carry_forward, carry_backward), outputs) if return_carry else outputs

    @nn.nowrap
    def _may_share_a_loop(self) -> bool:
        """Whether nobody can tell that a layer is prepared before it is called."""
        layers = (self.forward_rnn, self.backward_rnn)
        plain = all(type(layer) is RNN and type(layer.cell) in KINDS for layer in layers)
        return plain and not self.is_initializing()
