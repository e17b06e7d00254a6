"""Layers on top of one another, with dropout between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax


class RNNStack(nn.Module):
    r"""Feeds the outputs of each layer to the next, with dropout between layers.

    .. math::
        y^{(0)} = x, \quad
        y^{(k)} = \mathrm{layer}_k(\mathrm{dropout}(y^{(k-1)})) \ (k > 1), \quad
        y^{(1)} = \mathrm{layer}_1(x)

    Neither the inputs nor the last outputs are dropped.

    Shapes: as in ``RNN``; the carry, where returned, is a tuple with each layer's carry.

    Dtypes: as the last layer gives them.

    Attributes:
      layers: ``RNN`` or ``Bidirectional`` layers; parameters lie under ``layers_0``, ``layers_1``.
      dropout_rate: probability of a zero between two layers, at each step and feature; the
        ``dropout`` rng is used.
      time_major, return_carry: as in ``RNN``; they override those of the layers.

    Raises:
      ValueError: as ``__call__``; and what the layers raise.

    Source: what users of ``flax.linen.RNN`` ask for, flax issue 3595.
    """

    layers: Sequence[Any]
    dropout_rate: float = 0.0
    time_major: bool = False
    return_carry: bool = False

    def setup(self) -> None:
        """Refuses an empty stack."""
        if not self.layers:
            raise ValueError("RNNStack expected at least one layer; an empty sequence came")
        self.dropout = nn.Dropout(self.dropout_rate)

    def __call__(
        self,
        inputs: jax.Array,
        *,
        initial_carry: Sequence[Any] | None = None,
        init_key: jax.Array | None = None,
        seq_lengths: Any = None,
        mask: Any = None,
        return_carry: bool | None = None,
        time_major: bool | None = None,
        deterministic: bool = True,
    ) -> Any:
        """Runs all layers over ``inputs``.

        Args:
          inputs, seq_lengths, mask: as in ``RNN``.
          initial_carry: one carry a layer, or None.
          init_key: split into one key a layer.
          return_carry, time_major: override the attributes where given.
          deterministic: true switches dropout off.

        Returns:
          The last layer's outputs, or ``(tuple of carries, outputs)``.

        Raises:
          ValueError: no layers, or not one initial carry a layer; lengths or a mask, and a layer
            before the last whose outputs have other steps than its inputs
            (``include_initial_carry``); a mask, and such a layer whose outputs are in another order
            (``reverse`` without ``keep_order``).
        """
        time_major = self.time_major if time_major is None else time_major
        return_carry = self.return_carry if return_carry is None else return_carry
        count = len(self.layers)
        carries = [None] * count if initial_carry is None else list(initial_carry)
        if len(carries) != count:
            raise ValueError(f"RNNStack expected {count} initial carries; {len(carries)} came")
        for layer in self.layers[:-1]:
            _check_steps_stay(layer, seq_lengths is not None, mask is not None)
        keys = [None] * count if init_key is None else jax.random.split(init_key, count)
        common = {
            "seq_lengths": seq_lengths,
            "return_carry": True,
            "time_major": time_major,
        }
        if mask is not None:
            common["mask"] = mask
        outputs, last = inputs, []
        for index, layer in enumerate(self.layers):
            if index:
                outputs = self.dropout(outputs, deterministic=deterministic)
            carry, outputs = layer(
                outputs, initial_carry=carries[index], init_key=keys[index], **common
            )
            last.append(carry)
        return (tuple(last), outputs) if return_carry else outputs


def _check_steps_stay(layer: Any, has_lengths: bool, has_mask: bool) -> None:
    """Refuses a layer after which lengths or a mask would be about other steps."""
    if (has_lengths or has_mask) and getattr(layer, "include_initial_carry", False):
        raise ValueError(
            "RNNStack expected outputs of as many steps as the inputs before its last layer, for "
            "seq_lengths or a mask are about those; a layer with include_initial_carry=True came"
        )
    turns = getattr(layer, "reverse", False) and not getattr(layer, "keep_order", False)
    if has_mask and turns:
        raise ValueError(
            "RNNStack expected outputs in the order of the inputs before its last layer, for a "
            "mask is about that; a layer with reverse=True and keep_order=False came"
        )
