"""The size that a carry is created with, followed back to the expression that says it."""

from __future__ import annotations

import ast

from rnn_codemod.reading.definitions import is_static, returned
from rnn_codemod.reading.facts import Facts
from rnn_codemod.reading.scopes import ITEM, Binding
from rnn_codemod.reading.source import Function
from rnn_codemod.reading.value import FunctionValue
from rnn_codemod.reading.values import Values
from rnn_codemod.reading.width import Size

_ARRAYS = {
    f"{home}.{name}"
    for home in ("jax.numpy", "numpy")
    for name in ("zeros", "ones", "full", "empty")
}
_ALIKE = {f"{name}_like" for name in ("zeros", "ones", "full", "empty")}
_OVER_TREES = {"jax.tree_map", "jax.tree_util.tree_map", "jax.tree.map"}


class Created:
    """Follows carries through names, wrappers, tuples and cells, which keep their width."""

    def __init__(self, values: Values, facts: Facts) -> None:
        self.values = values
        self.source = values.source
        self._carries = {carry.node: carry for carry in facts.carries}
        self._active: set[ast.AST] = set()

    def created_with(self, carry: ast.expr) -> Size | None:
        """The one size expression that the array or pair ``carry`` was created with."""
        size = self.sizes_of(carry)
        return None if size is None or size.others else size

    def sizes_of(self, carry: ast.expr) -> Size | None:
        """What ``carry`` was created with; None where a part of it is not known."""
        if carry in self._active:
            return None
        self._active.add(carry)
        try:
            return self._created(carry)
        finally:
            self._active.discard(carry)

    def _created(self, node: ast.expr) -> Size | None:
        match node:
            case ast.Call():
                return self._created_by_call(node)
            case ast.Name():
                return self._created_by_name(node)
            case ast.Tuple(elts=[first, *rest]):
                sizes = [self.sizes_of(first), *(self.sizes_of(r) for r in rest)]
                return self._same(sizes)
            case ast.BinOp(op=ast.Mult(), left=ast.Tuple(elts=[only]) | ast.List(elts=[only])):
                return self.sizes_of(only)
            case ast.IfExp():
                return self._same([self.sizes_of(node.body), self.sizes_of(node.orelse)])
            case ast.Subscript(
                value=ast.Name(), slice=ast.Name() | ast.Constant(value=int()) | ast.UnaryOp()
            ):
                return self.sizes_of(node.value)
            case _:
                return None

    def _same(self, sizes: list[Size | None]) -> Size | None:
        known = {text: n for size in sizes if size for text, n in size.alternatives().items()}
        if not known or (len(known) == 1 and None in sizes):
            return None
        first, *others = known.values()
        return Size(first, tuple(others))

    def _created_by_name(self, node: ast.Name) -> Size | None:
        found = self.values.scopes.lookup(node.id, node)
        if found is None or not isinstance(found[0].node, Function | ast.Module):
            return None
        creations = [b for b in found[1] if not self.continues(b, node.id)]
        sizes: list[Size | None] = []
        for binding in self.values.flow.in_force(node, found[0], creations):
            if isinstance(binding.node, ast.arg) or binding.value is None:
                return None
            continued = self._continued(binding)
            if continued is not None:
                sizes.append(self.sizes_of(continued))
                continue
            if binding.path == (ITEM,):
                sizes.append(self.sizes_of(binding.value))
            else:
                sizes.append(self._part_of(binding.value, binding.path))
        return self._same(sizes) if sizes else None

    def _part_of(self, value: ast.expr, path: tuple[int, ...]) -> Size | None:
        """The size of what an unpacking takes."""
        part = _part(value, path)
        if part is not None:
            return self.sizes_of(part)
        if not isinstance(value, ast.Call):
            return None
        function = self._function(value)
        if function is not None and value not in self._active:
            self._active.add(value)
            try:
                return self._through(function, value, path)
            finally:
                self._active.discard(value)
        return self.sizes_of(value)  # All arrays of a carry have its width.

    def _continued(self, binding: Binding) -> ast.expr | None:
        """The carry that a cell is applied to, where its next carry is what is bound."""
        if not isinstance(binding.value, ast.Call) or binding.path[:1] not in ((), (0,)):
            return None
        continued = self.values.carry_argument(binding.value)
        for step in binding.path[1:]:
            if isinstance(continued, ast.Tuple) and step < len(continued.elts):
                continued = continued.elts[step]
        return continued

    def continues(self, binding: Binding, name: str) -> bool:
        """Whether a cell is applied to the carry of this name, which keeps its width."""
        continued = self._continued(binding)
        return isinstance(continued, ast.Name) and continued.id == name

    def _created_by_call(self, node: ast.Call) -> Size | None:
        carry = self._carries.get(node)
        if carry is not None:
            size = carry.parts.get("size")
            return None if size is None or isinstance(size, ast.Tuple) else Size(size)
        if self.values.dotted(node.func) in _ARRAYS and node.args:
            if isinstance(node.args[0], ast.Tuple) and node.args[0].elts:
                last = node.args[0].elts[-1]
                return None if isinstance(last, ast.Starred) else Size(last)
            return None
        alike = self._like(node)
        if alike is not None:
            return self.sizes_of(alike)
        continued = self.values.carry_argument(node)
        if continued is not None:
            return None
        function = self._function(node)
        return None if function is None else self._through(function, node, ())

    def _function(self, call: ast.Call) -> Function | None:
        """The one function that ``call`` calls."""
        if call in self._carries or self.values.carry_argument(call) is not None:
            return None
        found = self.values.of(call.func)
        match [*found]:
            case [FunctionValue(node)]:
                return node
            case _:
                return None

    def _like(self, node: ast.Call) -> ast.expr | None:
        """The carry that ``zeros_like`` copies the shape of, array by array of it or as a whole."""
        name, given = self.values.dotted(node.func) or "", node.args
        if name in _OVER_TREES and len(given) == 2:
            name, given = self.values.dotted(given[0]) or "", given[1:]
        home, _, last = name.rpartition(".")
        return given[0] if given and last in _ALIKE and home in ("jax.numpy", "numpy") else None

    def _through(self, function: Function, call: ast.Call, path: tuple[int, ...]) -> Size | None:
        """The size that a wrapper creates its carry with, in terms of its caller."""
        if isinstance(function, ast.Lambda):
            return None
        home = self._home(function)
        if home is None:
            return None
        made = [home._part_of(value, path) for value in returned(function, home.source)]
        inner = self._same(made or [None])
        if inner is None or inner.others or isinstance(inner.node, ast.Constant):
            return inner
        if isinstance(inner.node, ast.Name) and home._is_parameter(inner.node.id, function):
            given = home._argument(function, call, inner.node.id)
            return Size(given) if given is not None else None
        return inner if home is self and not self._local(inner.node, function) else None

    def _home(self, node: ast.AST) -> Created | None:
        """What carries are created with in the file that ``node`` stands in."""
        if node in self.values.scopes:
            return self
        reading = self.values.world.owner(node) if self.values.world is not None else None
        return None if reading is None else reading.created

    def _is_parameter(self, name: str, function: Function) -> bool:
        bound = self.values.scopes.of(function).bindings.get(name, [])
        return len(bound) == 1 and isinstance(bound[0].node, ast.arg)

    def _local(self, node: ast.expr, function: Function) -> bool:
        scope = self.values.scopes.of(function)
        return any(
            isinstance(part, ast.Name) and part.id in scope.bindings and part.id != "self"
            for part in ast.walk(node)
        )

    def _argument(
        self, function: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call, name: str
    ) -> ast.expr | None:
        """What ``call`` gives for a parameter of ``function``."""
        names = [arg.arg for arg in [*function.args.posonlyargs, *function.args.args]]
        if isinstance(self.source.parents.get(function), ast.ClassDef) and not is_static(function):
            names = names[1:]
        if any(isinstance(a, ast.Starred) for a in call.args):
            return None
        for keyword in call.keywords:
            if keyword.arg == name:
                return keyword.value
        if name in names and names.index(name) < len(call.args):
            return call.args[names.index(name)]
        return None


def _part(value: ast.expr, path: tuple[int, ...]) -> ast.expr | None:
    """The element of a literal that an unpacking takes."""
    for step in path:
        if not isinstance(value, ast.Tuple | ast.List) or not 0 <= step < len(value.elts):
            return None
        if any(isinstance(element, ast.Starred) for element in value.elts[: step + 1]):
            return None
        value = value.elts[step]
    return value
