"""Whether a carry may have changed its width between where it is made and where it is used."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from rnn_codemod.reading.definitions import returned
from rnn_codemod.reading.kinds import transform_name
from rnn_codemod.reading.source import Function
from rnn_codemod.reading.value import FunctionValue, ModuleInstance
from rnn_codemod.reading.values import Values

_LIBRARIES = ("jax.", "numpy.", "flax.linen.")
_REDUCING = (
    "all",
    "any",
    "argmax",
    "argmin",
    "max",
    "mean",
    "median",
    "min",
    "prod",
    "std",
    "sum",
    "var",
)
_AXIS = {
    **dict.fromkeys(_REDUCING, 1),
    "append": 2,
    "array_split": 2,
    "concatenate": 1,
    "delete": 2,
    "expand_dims": 1,
    "insert": 3,
    "repeat": 2,
    "split": 2,
    "squeeze": 1,
    "stack": 1,
    "take": 2,
}
"""Functions of arrays that work along one axis, and the place of that argument."""
_FLAT_BY_DEFAULT = {*_REDUCING, "append", "delete", "insert", "repeat", "take", "squeeze"}
_SHAPED = {
    "T",
    "dot",
    "einsum",
    "flatten",
    "hstack",
    "matmul",
    "moveaxis",
    "outer",
    "pad",
    "ravel",
    "reshape",
    "resize",
    "swapaxes",
    "tensordot",
    "tile",
    "transpose",
    "vdot",
}
"""Functions and attributes of arrays whose last axis may be another than that of their input."""
_LAYERS = {"Conv", "ConvLocal", "ConvTranspose", "Dense", "DenseGeneral", "Einsum", "Embed"}
_LAYERS |= {"MultiHeadDotProductAttention", "SelfAttention", "Sequential", "RNN", "Bidirectional"}
_KEEPING = {"BatchNorm", "Dropout", "GroupNorm", "LayerNorm", "PReLU", "RMSNorm"}
"""Layers whose output is as wide as their input."""
_TOGETHER = {"add": 0, "divide": 0, "maximum": 0, "minimum": 0, "multiply": 0, "subtract": 0}
_TOGETHER |= {"map": 1, "tree_map": 1, "where": 1}
"""Functions whose result is as wide as the widest array they are given, and where these begin."""
_FRESH = {"arange", "empty", "eye", "full", "normal", "ones", "uniform", "zeros"}
_PASSING = {"dict", "enumerate", "iter", "list", "next", "reversed", "tuple", "zip"}


class Kept:
    """Follows a carry back through names, calls and functions, those of other files too."""

    def __init__(self, values: Values, active: set[ast.AST] | None = None) -> None:
        self._values = values
        self._source = values.source
        self._active = set() if active is None else active

    def may_change(self, carry: ast.expr) -> bool:
        """Whether something on the way to ``carry`` may give an array another width."""
        if carry in self._active or carry not in self._values.scopes:
            return False
        self._active.add(carry)
        try:
            return self._changed(carry)
        finally:
            self._active.discard(carry)

    def _changed(self, node: ast.expr) -> bool:
        match node:
            case ast.Name():
                return any(map(self.may_change, self._bound(node)))
            case ast.Call():
                return self._by_call(node)
            case ast.Subscript(value=value, slice=part):
                return _cuts_the_last(part) or self.may_change(value)
            case ast.Attribute(value=value, attr=attr):
                return attr in _SHAPED or self.may_change(value)
            case ast.BinOp(op=ast.MatMult()):
                return True
            case ast.BinOp(left=left, right=right):
                arrays = [side for side in (left, right) if not self._is_fresh(side)]
                return bool(arrays) and all(map(self.may_change, arrays))
            case ast.Lambda(body=body):
                return self.may_change(body)
            case _:
                parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
                return any(map(self.may_change, parts))

    def _is_fresh(self, node: ast.expr) -> bool:
        """Whether ``node`` is a number, or an array that has nothing of the carry."""
        if not isinstance(node, ast.Call):
            return isinstance(node, ast.Constant)
        name = self._values.dotted(node.func) or ""
        return name.startswith(_LIBRARIES) and name.rpartition(".")[2] in _FRESH

    def _bound(self, node: ast.Name) -> Iterator[ast.expr]:
        found = self._values.scopes.lookup(node.id, node)
        if found is None or not isinstance(found[0].node, Function):
            return
        for binding in self._values.flow.in_force(node, *found):
            if binding.value is not None and not isinstance(binding.node, ast.arg):
                yield binding.value

    def _by_call(self, node: ast.Call) -> bool:
        values = self._values
        name = values.dotted(node.func) or ""
        last = name.rpartition(".")[2]
        continued = values.carry_argument(node)
        if continued is not None:
            return self.may_change(continued)
        if name.startswith(_LIBRARIES):
            if last in _AXIS:
                return _along_another(node, last) or self._in_arguments(node)
            return last in _SHAPED | _LAYERS or self._in_arguments(node)
        match node.func:
            case ast.Attribute(value=array, attr=attr) if attr in _SHAPED or attr in _AXIS:
                of_array = not values.of(array) or not name
                return of_array and (attr in _SHAPED or _along_another(node, attr, method=True))
            case ast.Call():
                return not self._keeps(node.func) or self._in_arguments(node)
            case ast.Attribute(value=ast.Name(id="self"), attr=attr):
                cls = self._source.method_class(node)
                stored = values.stores(cls, attr) if cls is not None else []
                if stored:
                    layers = [value for value, _ in stored if value is not None]
                    return not all(map(self._keeps, layers)) or self._in_arguments(node)
            case ast.Name(id=name) if values.scopes.lookup(name, node) is None:
                return name in _PASSING and self._in_arguments(node)
            case ast.Name() as function:
                if any(map(self.may_change, self._bound(function))):
                    return True
        return self._by_function(node.func)

    def _by_function(self, given: ast.expr) -> bool:
        """Whether ``given`` is a function whose result may have another width."""
        return any(
            kept.may_change(result)
            for value in self._values.of(given)
            if isinstance(value, FunctionValue)
            for kept in [Kept(self._values.owner(value.node), self._active)]
            for result in kept._results(value.node)
        )

    def _results(self, function: Function) -> Sequence[ast.expr]:
        if isinstance(function, ast.Lambda):
            return [function.body]
        return returned(function, self._source)

    def _in_arguments(self, node: ast.Call) -> bool:
        last = (self._values.dotted(node.func) or "").rpartition(".")[2]
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        functions: list[ast.expr] = [part for part in given if isinstance(part, ast.Lambda)]
        if last in ("map", "tree_map"):
            functions += given[:1]
        named = [part for part in given if isinstance(part, ast.Name | ast.Attribute)]
        if any(map(self.may_change, functions)) or any(map(self._by_function, named)):
            return True
        if last not in _TOGETHER:
            return any(map(self.may_change, given))
        arrays = [part for part in given[_TOGETHER[last] :] if not self._is_fresh(part)]
        return bool(arrays) and all(map(self.may_change, arrays))

    def _keeps(self, layer: ast.expr) -> bool:
        """Whether ``layer`` gives arrays as wide as it gets: by its kind, or by what it returns."""
        if isinstance(layer, ast.Lambda):
            return not self.may_change(layer)
        if not isinstance(layer, ast.Call):
            return True
        name = self._values.dotted(layer.func) or ""
        if name.startswith("flax.linen."):
            return name.rpartition(".")[2] in _KEEPING or transform_name(name) is not None
        return not any(isinstance(value, ModuleInstance) for value in self._values.of(layer))


def _cuts_the_last(part: ast.expr) -> bool:
    """Whether an index takes a part of the last axis, or gives an array a new one."""
    last = part.elts[-1] if isinstance(part, ast.Tuple) and len(part.elts) > 1 else None
    if last is None:
        return False
    if isinstance(last, ast.Slice):
        return last.lower is not None or last.upper is not None or last.step is not None
    first = part.elts[0] if isinstance(part, ast.Tuple) else part
    ellipsis = isinstance(first, ast.Constant) and first.value is Ellipsis
    return ellipsis or (isinstance(last, ast.Constant) and last.value is None)


def _along_another(node: ast.Call, name: str, *, method: bool = False) -> bool:
    """Whether the call works along an axis that may be the last."""
    place = _AXIS[name] - method
    axis = node.args[place] if len(node.args) > place else None
    for keyword in node.keywords:
        if keyword.arg == "axis":
            axis = keyword.value
    if axis is None:
        return name in _FLAT_BY_DEFAULT
    return not (isinstance(axis, ast.Constant) and axis.value == 0)
