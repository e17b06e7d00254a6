"""Two layers over the same sequences, one in each direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
from absl import logging
from jax import numpy as jnp


def concatenate(a: jax.Array, b: jax.Array) -> jax.Array:
    """Both arrays side by side along their last axis."""
    return jnp.concatenate([a, b], axis=-1)


class Bidirectional(nn.Module):
    r"""Runs one layer forwards and one backwards and merges their outputs step by step.

    .. math::
        y_t = \mathrm{merge}(\overrightarrow{y}_t, \overleftarrow{y}_t)

    Shapes: as in ``RNN``; with the default merge the outputs are the sum of both widths wide.
    The carry, where returned, is the pair (forward, backward).

    Attributes:
      forward_rnn, backward_rnn: layers with the call of ``RNN``; parameters lie under these names.
        One object for both shares the parameters (a warning is logged).
      merge_fn: ``(forward, backward) -> merged``, applied to arrays.
      time_major, return_carry: as in ``RNN``; they override those of the two layers.

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
