"""The recurrent names of flax.linen <= 0.6.11: their carries and their positional fields."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from enum import Enum


class CarryForm(Enum):
    """What a cell's carry looks like."""

    SINGLE = "one array"
    PAIR = "the pair (c, h)"
    ANY = "not known"


_DENSE = (
    "gate_fn",
    "activation_fn",
    "kernel_init",
    "recurrent_kernel_init",
    "bias_init",
    "dtype",
    "param_dtype",
)
_CONVOLUTIONAL = (
    "features",
    "kernel_size",
    "strides",
    "padding",
    "use_bias",
    "dtype",
    "param_dtype",
)
MODULE_FIELDS = ("parent", "name")


@dataclass(frozen=True)
class Kind:
    """One cell class: a built-in one, or a user's subclass of one."""

    name: str
    carry: CarryForm
    fields: tuple[str, ...] | None
    """Legacy positional fields in order; None where they are not known."""
    convolutional: bool = False
    definition: ast.ClassDef | None = None
    """The class statement of a user's cell."""
    sized: bool = False
    """Whether the legacy class already has a field ``features``."""
    carry_class: ast.ClassDef | None = None
    """The user's class, or the base of it, that defines initialize_carry."""

    @property
    def own_carry(self) -> bool:
        """Whether the carry is the user's own, not flax's."""
        return self.carry_class is not None

    @property
    def carryless(self) -> bool:
        """Whether it is a user's cell that nothing gives a carry, neither it nor its base."""
        return self.definition is not None and self.carry is CarryForm.ANY and not self.own_carry


KINDS = {
    kind.name: kind
    for kind in (
        Kind("LSTMCell", CarryForm.PAIR, _DENSE + MODULE_FIELDS),
        Kind("OptimizedLSTMCell", CarryForm.PAIR, _DENSE + MODULE_FIELDS),
        Kind("GRUCell", CarryForm.SINGLE, _DENSE + MODULE_FIELDS),
        Kind("ConvLSTMCell", CarryForm.PAIR, _CONVOLUTIONAL + MODULE_FIELDS, True, sized=True),
        Kind("ConvLSTM", CarryForm.PAIR, _CONVOLUTIONAL + MODULE_FIELDS, True, sized=True),
        Kind("RNNCellBase", CarryForm.ANY, None),
    )
}
ANY_CELL = KINDS["RNNCellBase"]

RNN_FIELDS = (
    "cell",
    "cell_size",
    "time_major",
    "return_carry",
    "reverse",
    "keep_order",
    "unroll",
    "variable_axes",
    "variable_broadcast",
    "variable_carry",
    "split_rngs",
    "parent",
    "name",
)

_HOMES = ("flax.linen.", "flax.linen.recurrent.")
_TRANSFORMS = {
    "scan",
    "vmap",
    "remat",
    "checkpoint",
    "jit",
    "remat_scan",
    "map_variables",
    "add_metadata_axis",
}


def linen_name(dotted: str) -> str | None:
    """``LSTMCell`` for ``flax.linen.LSTMCell`` and ``flax.linen.recurrent.LSTMCell``."""
    for home in _HOMES:
        if dotted.startswith(home) and "." not in dotted[len(home) :]:
            return dotted[len(home) :]
    return None


def transform_name(dotted: str) -> str | None:
    """``scan`` for ``flax.linen.scan`` and ``flax.linen.transforms.scan``."""
    for home in ("flax.linen.", "flax.linen.transforms."):
        name = dotted.removeprefix(home)
        if dotted.startswith(home) and name in _TRANSFORMS:
            return name
    return None
