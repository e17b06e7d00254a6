"""Symbolic shapes: is ``batch_dims`` provably the batch axes of a sample input?"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from rnn_codemod.reading.bound_once import bound_once
from rnn_codemod.reading.purity import Purity
from rnn_codemod.reading.scopes import ITEM
from rnn_codemod.reading.values import Values

_MADE = {
    f"{home}.{name}"
    for home in ("jax.numpy", "numpy")
    for name in ("zeros", "ones", "full", "empty")
}
_DRAWN = {"jax.random.normal": 1, "jax.random.uniform": 1}


@dataclass(frozen=True)
class Axis:
    """``array.shape[index]``."""

    array: str
    index: int


@dataclass(frozen=True)
class Span:
    """``array.shape[start:-1]``: all axes but the last."""

    array: str
    start: int


Dim = Axis | Span | str
"""A known dimension; a ``str`` is an expression that stands for itself."""


class Shapes:
    def __init__(self, values: Values, purity: Purity) -> None:
        self.values = values
        self.purity = purity
        self._arrays: list[ast.Name] = []

    def same_batch(
        self,
        batch: ast.expr,
        sample: ast.expr,
        spatial: list[ast.expr],
        scan_axis: int | None,
        *,
        own: bool = False,
    ) -> bool:
        """Whether ``sample.shape[:-1]`` is batch and spatial axes in every run that worked.

        ``scan_axis`` is the axis of ``sample`` that a scan takes away before the cell sees it.
        An ``own`` cell of the user's may take inputs of more axes than its carry has.
        """
        self._arrays = []
        wanted = self._dims(ast.Tuple([ast.Starred(batch), *spatial]) if spatial else batch)
        given = self._batch_of(sample, wanted, scan_axis, own=own)
        if wanted is None or given is None or wanted != given:
            return False
        return all(self.purity.steady_name(array.id, array, sample) for array in self._arrays)

    def _dims(self, node: ast.expr) -> list[Dim] | None:
        """The dimensions that a ``batch_dims`` expression lists."""
        match node:
            case ast.Tuple():
                dims: list[Dim] = []
                for element in node.elts:
                    if isinstance(element, ast.Starred):
                        inner = self._dims(element.value)
                        if inner is None:
                            return None
                        dims.extend(inner)
                        continue
                    dim = self._dim(element)
                    if dim is None:
                        return None
                    dims.append(dim)
                return dims
            case ast.Subscript(
                value=ast.Attribute(attr="shape", value=array), slice=ast.Slice() as cut
            ):
                return self._slice(array, cut)
            case ast.Name():
                value = bound_once(self.values, node)
                return None if value is None else self._dims(value)
            case _:
                return None

    def _slice(self, array: ast.expr, cut: ast.Slice) -> list[Dim] | None:
        if cut.step is not None or not isinstance(array, ast.Name):
            return None
        lower = 0 if cut.lower is None else _integer(cut.lower)
        upper = None if cut.upper is None else _integer(cut.upper)
        if lower is None or lower < 0 or upper is None:
            return None
        if upper == -1:
            self._arrays.append(array)
            return [Span(array.id, lower)]
        if upper >= 0:
            return [self._axis(array, index) for index in range(lower, upper)]
        return None

    def _axis(self, array: ast.Name, index: int) -> Dim:
        shape = self._literal_shape(array)
        if shape is not None and -len(shape) <= index < len(shape):
            return shape[index]
        self._arrays.append(array)
        return Axis(array.id, index)

    def _dim(self, node: ast.expr) -> Dim | None:
        match node:
            case ast.Constant(value=int(number)):
                return str(number)
            case ast.Subscript(value=ast.Attribute(attr="shape", value=ast.Name() as array)):
                index = _integer(node.slice)
                return None if index is None or index < 0 else self._axis(array, index)
            case ast.Call(func=ast.Name(id="len"), args=[ast.Name() as array]):
                return self._axis(array, 0)
            case ast.Name():
                return self._named(node)
            case ast.Attribute(value=ast.Name(id="self")):
                return ast.unparse(node)
            case _:
                return None

    def _named(self, node: ast.Name) -> Dim | None:
        found = self.values.scopes.lookup(node.id, node)
        if found is None or len(found[1]) != 1:
            return None
        binding = found[1][0]
        match binding.value, binding.path:
            case ast.Attribute(attr="shape", value=ast.Name() as array), (int(index),):
                return self._axis(array, index) if index >= 0 else None
            case ast.expr(), ():
                value = bound_once(self.values, node)
                return (self._dim(value) if value is not None else None) or node.id
            case None, ():
                return node.id if isinstance(binding.node, ast.arg) else None
            case _:
                return None

    def _literal_shape(self, array: ast.Name) -> list[Dim] | None:
        """The shape of an array made here by ``zeros((2, 3))`` or ``normal(key, (2, 3))``."""
        value = bound_once(self.values, array)
        if not isinstance(value, ast.Call):
            return None
        name = self.values.dotted(value.func)
        position = 0 if name in _MADE else _DRAWN.get(name or "")
        if position is None or len(value.args) <= position:
            return None
        shape = value.args[position]
        if not isinstance(shape, ast.Tuple):
            return None
        dims = [self._dim(element) for element in shape.elts]
        return None if any(dim is None for dim in dims) else [d for d in dims if d is not None]

    def _rank(self, array: ast.Name) -> int | None:
        """How many axes an array has, where the text tells."""
        shape = self._literal_shape(array)
        if shape is not None:
            return len(shape)
        found = self.values.scopes.lookup(array.id, array)
        if found is None or len(found[1]) != 1:
            return None
        for bindings in found[0].bindings.values():
            for binding in bindings:
                if (
                    isinstance(binding.node, ast.Assign)
                    and isinstance(binding.value, ast.Attribute)
                    and binding.value.attr == "shape"
                    and isinstance(binding.value.value, ast.Name)
                    and binding.value.value.id == array.id
                    and isinstance(binding.node.targets[0], ast.Tuple)
                ):
                    return len(binding.node.targets[0].elts)
        return None

    def _batch_of(
        self, sample: ast.expr, wanted: list[Dim] | None, scan_axis: int | None, *, own: bool
    ) -> list[Dim] | None:
        """The batch axes of a sample, where they may be the ``wanted`` ones.

        Where its rank is not told, it is taken to have as many as the legacy carry: with any
        other number the carry would not have met the gates of flax's cell. A carry without batch
        axes meets inputs of any rank, and a user's cell may too: there the rank must be known.
        """
        array, dropped = self._indexed(sample)
        if scan_axis is not None:
            dropped = [*dropped, scan_axis]
        if array is None or wanted is None:
            return None
        count = len(wanted)
        spans = [dim for dim in wanted if isinstance(dim, Span)]
        if spans:
            start = 1 if dropped == [0] else 0
            return [Span(array.id, start)] if dropped in ([], [0]) else None
        rank = self._rank(array)
        kept = [axis for axis in range(count + len(dropped) + 1) if axis not in dropped]
        if rank is None and (own or count == 0):
            return None
        if rank is not None and rank != count + len(dropped) + 1:
            return None
        return [self._axis(array, axis) for axis in kept[:-1]]

    def _indexed(self, sample: ast.expr) -> tuple[ast.Name | None, list[int]]:
        """The array behind ``x``, ``x[0]``, ``x[:, 0]``, and the axes the index takes away."""
        match sample:
            case ast.Name():
                return sample, []
            case ast.Subscript(value=ast.Name() as array):
                index = sample.slice
                parts = index.elts if isinstance(index, ast.Tuple) else [index]
                dropped = []
                for axis, part in enumerate(parts):
                    if isinstance(part, ast.Slice):
                        if part.lower or part.upper or part.step:
                            return None, []
                    elif self._one_position(part):
                        dropped.append(axis)
                    else:
                        return None, []
                return array, dropped
            case _:
                return None, []

    def _one_position(self, node: ast.expr) -> bool:
        """Whether an index is a plain integer, so that its axis goes away."""
        if _integer(node) is not None:
            return True
        match node:
            case ast.BinOp(left=left, right=right):
                return self._one_position(left) and self._one_position(right)
            case ast.Name():
                found = self.values.scopes.lookup(node.id, node)
                binding = found[1][0] if found and len(found[1]) == 1 else None
                if binding is None or binding.value is None:
                    return False
                value = binding.value
                if isinstance(value, ast.Attribute) and value.attr == "shape":
                    return len(binding.path) == 1
                counted = isinstance(value, ast.Call) and ast.unparse(value.func) == "range"
                return counted and binding.path == (ITEM,)
            case _:
                return False


def _integer(node: ast.expr) -> int | None:
    match node:
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number))):
            return -number
        case _:
            return None
