"""What all cells share: the carry's shape, and errors that say what was expected and what came."""

from __future__ import annotations

import operator
from typing import Any

import flax.linen as nn
import jax

Carry = Any
Shape = tuple[int, ...]


class RNNCellBase(nn.RNNCellBase):
    r"""One step of a recurrence.

    .. math::
        (s', y) = \mathrm{cell}(s, x)

    A subclass defines ``__call__(carry, inputs)``, ``initialize_carry(rng, sample_input)`` and
    ``num_feature_dims`` (or its flax name ``num_feature_axes``).

    Shapes: x ``(*batch, *features)``, of which the last ``num_feature_dims`` axes are features; all
    before them are batch axes, and there may be none. The carry s is any tree of arrays.

    Dtypes: the subclass's affair; s' has those of s, or the cell cannot be scanned.

    Raises:
      NotImplementedError: what the subclass does not define is asked for.

    It is a ``flax.linen.RNNCellBase``, so it works wherever flax expects one.

    Source: Flax improvement proposal 3053 (``initialize_carry`` as an instance method).
    """

    @nn.nowrap
    def initialize_carry(
        self, rng: jax.Array, sample_input: Any = None, *, input_shape: Any = None
    ) -> Carry:
        """The carry before the first step.

        Args:
          rng: a PRNG key.
          sample_input: one step of input (no time axis), shape ``(*batch, *features)``: an array,
            a ``jax.ShapeDtypeStruct`` or the shape as a tuple. Only its shape is read.
          input_shape: the same under flax's name; give one of the two.
        """
        raise NotImplementedError

    @property
    def num_feature_dims(self) -> int:
        """How many trailing axes of one step of input are features."""
        if type(self).num_feature_axes is not RNNCellBase.num_feature_axes:
            return self.num_feature_axes
        raise NotImplementedError(f"{type(self).__name__} defines no num_feature_dims")

    @property
    def num_feature_axes(self) -> int:
        """flax's name for ``num_feature_dims``."""
        if type(self).num_feature_dims is not RNNCellBase.num_feature_dims:
            return self.num_feature_dims
        raise NotImplementedError(f"{type(self).__name__} defines no num_feature_dims")

    @nn.nowrap
    def carry_output(self, carry: Carry) -> Any:
        """The part of a carry that has the form of the cell's output (the whole carry here)."""
        return carry


def shape_of(sample_input: Any, input_shape: Any, cell: nn.Module) -> Shape:
    """The shape told by an array, a ``ShapeDtypeStruct`` or a tuple, under either name."""
    name = type(cell).__name__
    if (sample_input is None) == (input_shape is None):
        given = "neither" if sample_input is None else "both"
        raise TypeError(
            f"{name}.initialize_carry takes sample_input (an array, a jax.ShapeDtypeStruct or a "
            f"shape) or input_shape, one of the two; {given} came"
        )
    value = input_shape if sample_input is None else sample_input
    shape = getattr(value, "shape", value)
    if not isinstance(shape, tuple | list):
        raise TypeError(
            f"{name}.initialize_carry expected an array, a jax.ShapeDtypeStruct or a tuple of "
            f"ints; {value!r} came. The legacy call (rng, batch_dims, size) lives on in "
            "rnn_runtime.deprecated"
        )
    return tuple(shape)


def carry_shape(cell: Any, sample_input: Any, input_shape: Any) -> Shape:
    """``(*batch, *spatial, features)`` for one step of input, or an error on its rank."""
    shape = shape_of(sample_input, input_shape, cell)
    if len(shape) < cell.num_feature_dims:
        raise ValueError(
            f"{type(cell).__name__} expected one step of input with at least "
            f"{cell.num_feature_dims} axes, (*batch, *features); shape {shape} came"
        )
    return (*shape[:-1], cell.features)


def check_features(cell: Any) -> None:
    """Refuses a width that is not a positive integer, when the cell is built."""
    name, features = type(cell).__name__, cell.features
    try:
        if isinstance(features, bool):
            raise TypeError
        width = operator.index(features)
    except TypeError:
        raise TypeError(
            f"{name}(features=...) expected an integer, the width of the carry; "
            f"{features!r} ({type(features).__name__}) came"
        ) from None
    if width < 1:
        raise ValueError(f"{name}(features=...) expected at least 1; {features} came")


def check_carry(cell: Any, carry: Carry, inputs: jax.Array, leaves: int) -> None:
    """Refuses a carry with another number of arrays, or another width, than the cell has."""
    name, features = type(cell).__name__, cell.features
    wanted = f"the pair (c, h) of arrays (*batch, {features})"
    if leaves == 1:
        wanted = f"one array (*batch, {features})"
    parts = (carry,) if leaves == 1 else carry
    if leaves > 1 and getattr(carry, "ndim", 0) == inputs.ndim + 1:
        parts = tuple(carry)  # The rows of one array are taken apart as a pair, as in flax.linen.
    if not isinstance(parts, tuple | list) or len(parts) != leaves:
        raise ValueError(f"{name} expected as carry {wanted}; {_describe(carry)} came")
    for part in parts:
        if not getattr(part, "shape", ()) or part.shape[-1] != features:
            raise ValueError(f"{name} expected as carry {wanted}; {_describe(carry)} came")


def check_inputs(cell: Any, inputs: Any) -> None:
    """Refuses one step of input that lacks feature axes."""
    if inputs.ndim < cell.num_feature_dims:
        raise ValueError(
            f"{type(cell).__name__} expected one step of input with at least "
            f"{cell.num_feature_dims} axes, (*batch, *features); shape {inputs.shape} came"
        )


def _describe(carry: Carry) -> str:
    shapes = jax.tree_util.tree_map(lambda leaf: getattr(leaf, "shape", type(leaf)), carry)
    return f"a {type(carry).__name__} of shape {shapes}"
