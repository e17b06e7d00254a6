"""Which expressions may be written twice, or moved, without changing what is computed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.reading.scopes import Binding, Scope
from rnn_codemod.reading.source import Function
from rnn_codemod.reading.value import (
    UNKNOWN,
    CellClass,
    CellInstance,
    FunctionValue,
    ModuleInstance,
    Value,
)
from rnn_codemod.reading.values import Values

_PURE_BUILTINS = {"len", "int", "max", "min", "abs", "sum", "tuple", "round"}
_PURE_LIBRARY = {
    "jax.random.PRNGKey",
    "jax.random.key",
    "jax.random.split",
    "jax.random.fold_in",
    "math.prod",
    "numpy.prod",
    "jax.numpy.shape",
    "numpy.shape",
    "jax.numpy.zeros",
    "jax.numpy.ones",
}
_INITIALIZERS = ("flax.linen.initializers.", "jax.nn.initializers.", "jax.numpy.float")
_LOOPS = (
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.comprehension,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)
_LIBRARIES = ("jax.", "numpy.", "flax.linen.")
_LOOPING = {"range", "zip", "enumerate", "reversed", "list", "print", "isinstance", "float"}
_MUTATORS = {"append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse", "update"}


class Purity:
    def __init__(self, values: Values) -> None:
        self.values = values
        self.source = values.source
        self.scopes = values.scopes

    def pure(self, node: ast.expr) -> bool:
        """Whether evaluating ``node`` has no effect and may be done at another moment."""
        return all(self._harmless(part) for part in ast.walk(node))

    def cheap(self, node: ast.expr) -> bool:
        """Whether ``node`` may be written twice: pure, and no array is made."""
        return self.pure(node) and not any(
            isinstance(part, ast.Call) and not isinstance(part.func, ast.Name)
            for part in ast.walk(node)
        )

    def _harmless(self, node: ast.AST) -> bool:
        match node:
            case ast.Attribute(value=ast.Name(id="self"), attr=attr):
                cls = self.source.method_class(node)
                return cls is None or self._plain_attribute(cls, attr)
            case ast.Call(func=func):
                if isinstance(func, ast.Name) and self.scopes.lookup(func.id, func) is None:
                    return func.id in _PURE_BUILTINS
                dotted = self.values.dotted(func)
                return dotted is not None and (
                    dotted in _PURE_LIBRARY or dotted.startswith(_INITIALIZERS)
                )
            case (
                ast.Await()
                | ast.Yield()
                | ast.YieldFrom()
                | ast.NamedExpr()
                | ast.GeneratorExp()
                | ast.ListComp()
                | ast.SetComp()
                | ast.DictComp()
            ):
                return False
            case _:
                return True

    def _plain_attribute(self, cls: ast.ClassDef, name: str) -> bool:
        """Whether reading ``self.name`` has no effect: a field, or a property of fields."""
        bindings = self.scopes.of(cls).bindings.get(name, [])
        properties = [
            found.node
            for found in bindings
            if isinstance(found.node, ast.FunctionDef) and found.node.decorator_list
        ]
        return all(
            len(property_.body) == 1 + (ast.get_docstring(property_, clean=False) is not None)
            and isinstance(result := property_.body[-1], ast.Return)
            and result.value is not None
            and all(map(self._of_self, ast.walk(result.value)))
            for property_ in properties
        )

    def _of_self(self, node: ast.AST) -> bool:
        """Whether a part of a property reads nothing that may change from call to call."""
        if isinstance(node, ast.Name):
            found = self.scopes.lookup(node.id, node)
            if found is not None and isinstance(found[0].node, ast.Module):
                (value, *more) = [binding.value for binding in found[1]]
                return not more and not isinstance(value, ast.List | ast.Dict | ast.Set)
        return self._harmless(node)

    def steady(self, node: ast.expr, here: ast.AST, there: ast.AST) -> bool:
        """Whether the pure ``node`` means the same at two places of one function."""
        return all(self._steady_part(part, here, there) for part in ast.walk(node))

    def _steady_part(self, part: ast.AST, here: ast.AST, there: ast.AST) -> bool:
        match part:
            case ast.Name():
                return self.steady_name(part.id, here, there)
            case ast.Attribute():
                return not self._stored_attribute(part.attr, here)
            case ast.Subscript(value=ast.Name(id=name)):
                return not self._mutated(name, here)
            case _:
                return True

    def steady_name(self, name: str, here: ast.AST, there: ast.AST) -> bool:
        """Whether ``name`` is bound before both places, and not bound anew in between."""
        mine = self.scopes.lookup(name, here)
        other = self.scopes.lookup(name, there)
        if mine is None or other is None:
            return mine is None and other is None
        scope, bindings = mine
        if scope is not other[0] or self._is_ahead(bindings, here, there):
            return False
        if not isinstance(scope.node, Function):
            return len(bindings) == 1 and self._bound_before(scope, bindings[0], here, there)
        return self._undisturbed(scope, bindings, here, there)

    def _bound_before(self, scope: Scope, binding: Binding, here: ast.AST, there: ast.AST) -> bool:
        """Whether no place sees another value than that of the only binding.

        Before it, a star import or the module around a class may give the name one.
        """
        straight = isinstance(scope.node, ast.Module | ast.ClassDef)
        if not straight or not all(self.source.function(it) is None for it in (here, there)):
            return True
        return self._end(binding.node) <= min(self._at(here), self._at(there))

    def _undisturbed(
        self, scope: Scope, bindings: list[Binding], here: ast.AST, there: ast.AST
    ) -> bool:
        first, last = sorted((self._at(here), self._at(there)))
        first_bound = False
        for binding in bindings:
            if isinstance(binding.node, ast.arg):
                first_bound = True
                continue
            if self.scopes.home(binding.node) is not scope:
                return False
            end = self._end(binding.node)
            inside = [
                loop
                for loop in [binding.node, *self.source.ancestors(binding.node)]
                if isinstance(loop, _LOOPS)
            ]
            if any(self._within(here, loop) != self._within(there, loop) for loop in inside):
                return False
            if end <= first:
                first_bound = first_bound or self._dominates(binding.node, here, there)
            elif self._loop_of(binding.node, here, there):
                first_bound = True
            elif end <= last:
                return False
        return first_bound

    def _loop_of(self, node: ast.AST, here: ast.AST, there: ast.AST) -> bool:
        """Whether ``node`` is a loop (its own target bound) around both places."""
        return isinstance(node, _LOOPS) and self._within(here, node) and self._within(there, node)

    def _dominates(self, node: ast.AST, here: ast.AST, there: ast.AST) -> bool:
        """Whether the block that holds the binding also holds both places."""
        block = self.source.parents.get(node)
        return block is not None and self._within(here, block) and self._within(there, block)

    def _within(self, node: ast.AST, outer: ast.AST) -> bool:
        """Whether ``outer`` holds a place; of a loop, the part in which its target is bound."""
        inner = node
        for up in self.source.ancestors(node):
            if up is outer:
                break
            inner = up
        else:
            return node is outer
        match outer:
            case ast.For() | ast.AsyncFor():
                return inner is not outer.iter and inner not in outer.orelse
            case ast.comprehension():
                return inner is not outer.iter
            case _:
                return True

    def _end(self, node: ast.AST) -> int:
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            node = node.target
        return self.source.span(node)[1]

    def _at(self, node: ast.AST) -> int:
        return self.source.span(node)[0]

    def _stored_attribute(self, name: str, at: ast.AST) -> bool:
        function = self.source.function(at)
        return function is not None and any(
            isinstance(node, ast.Attribute)
            and node.attr == name
            and not isinstance(node.ctx, ast.Load)
            for node in ast.walk(function)
        )

    def _mutated(self, name: str, at: ast.AST) -> bool:
        function = self.source.function(at)
        for node in ast.walk(function or self.source.tree):
            match node:
                case ast.Assign(targets=[ast.Name(id=other)], value=ast.Name(id=base)):
                    if base == name != other and self._mutated(other, at):
                        return True
                case ast.Subscript(value=ast.Name(id=base), ctx=ast.Store() | ast.Del()):
                    if base == name:
                        return True
                case ast.Call(func=ast.Attribute(value=ast.Name(id=base), attr=method)):
                    if base == name and method in _MUTATORS:
                        return True
        return False

    def named_alike(self, node: ast.expr, target: ast.AST) -> bool:
        """Whether the names of ``node`` are those of ``target``, in the same statement."""
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                mine = self.scopes.lookup(part.id, part)
                other = self.scopes.lookup(part.id, target)
                if (mine and mine[0]) is not (other and other[0]):
                    return False
                if mine is not None and self._is_ahead(mine[1], part, target):
                    return False
        return True

    def _is_ahead(self, bindings: list[Binding], *places: ast.AST) -> bool:
        """Whether a place is in what a comprehension runs over, which binds the name after it."""
        ahead = {it for place in places for it in self._bound_after(place)}
        return any(binding.node in ahead for binding in bindings)

    def _bound_after(self, node: ast.AST) -> Iterator[ast.comprehension]:
        """The parts of the comprehensions around ``node`` that bind their names after it."""
        inner = node
        for up in self.source.ancestors(node):
            if isinstance(up, ast.comprehension) and inner is up.iter:
                whole = self.source.parents[up]
                assert isinstance(
                    whole, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
                )
                yield from whole.generators[whole.generators.index(up) :]
            inner = up

    def portable(self, node: ast.expr, origin: ast.AST, target: ast.AST) -> bool:
        """Whether the pure ``node``, written at ``origin``, means the same at ``target``.

        In one function the names must be steady. Between two methods of a class only fields
        of ``self`` and names of the module carry over.
        """
        if not self.pure(node):
            return False
        if self.source.function(origin) is self.source.function(target):
            return self.steady(node, origin, target)
        return all(self._portable_part(part, origin, target) for part in ast.walk(node))

    def _portable_part(self, part: ast.AST, origin: ast.AST, target: ast.AST) -> bool:
        match part:
            case ast.Attribute(value=ast.Name(id="self") as base, attr=name):
                cls = self.source.method_class(target)
                here = self.values.of(base)
                return (
                    cls is not None
                    and all(_is_instance(value, cls) for value in here)
                    and (self._is_field(cls, name) or self._set_before(cls, name, target))
                    and self._has_self(target)
                )
            case ast.Attribute(attr=name):
                return not self._set_by_a_function(part, name)
            case ast.Name(id="self"):
                return isinstance(self.source.parents[part], ast.Attribute)
            case ast.Name(id=name):
                mine, other = self.scopes.lookup(name, origin), self.scopes.lookup(name, target)
                if mine is None or other is None:
                    return mine is None and other is None
                return mine[0] is other[0] and self._constant(*mine, origin, target)
            case _:
                return True

    def _set_by_a_function(self, part: ast.Attribute, name: str) -> bool:
        """Whether a function of the file assigns to this attribute of the same variable."""
        base = ast.unparse(part.value)
        root = next((node for node in ast.walk(part) if isinstance(node, ast.Name)), None)
        owner = root and self.scopes.lookup(root.id, root)
        return any(
            isinstance(node, ast.Attribute)
            and node.attr == name
            and isinstance(node.ctx, ast.Store | ast.Del)
            and ast.unparse(node.value) == base
            and self.source.function(node) is not None
            and (root is None or self.scopes.lookup(root.id, node) == owner)
            for node in self.source.nodes
        )

    def _constant(
        self, scope: Scope, bindings: list[Binding], origin: ast.AST, target: ast.AST
    ) -> bool:
        if isinstance(scope.node, ast.ClassDef) or len(bindings) != 1:
            return False
        bound = bindings[0].node
        if isinstance(scope.node, ast.Module) or isinstance(bound, ast.arg):
            return True
        return self._end(bound) <= min(self._at(origin), self._at(target))

    def _is_field(self, cls: ast.ClassDef, name: str) -> bool:
        return not self.values.stores(cls, name) and name in self.scopes.of(cls).bindings

    def _set_before(self, cls: ast.ClassDef, name: str, target: ast.AST) -> bool:
        """Whether ``setup`` sets ``self.name``, once and for all, before it comes to ``target``."""
        stored = self.values.stores(cls, name)
        if len(stored) != 1 or stored[0][0] is None or name in self.scopes.of(cls).bindings:
            return False
        statement = self.source.statement(stored[0][0])
        setup = self.source.parents[statement]
        if not isinstance(setup, ast.FunctionDef) or setup.name != "setup":
            return False
        here = self.source.function(target)
        return self.source.parents.get(setup) is cls and (
            here is not setup or self._end(statement) <= self._at(target)
        )

    def _has_self(self, node: ast.AST) -> bool:
        found = self.scopes.lookup("self", node)
        return found is not None and isinstance(found[1][0].node, ast.arg)


def _is_instance(value: Value, cls: ast.ClassDef) -> bool:
    match value:
        case CellInstance(CellClass(kind)):
            return kind.definition is cls
        case _:
            return value == ModuleInstance(cls)


def builds_nothing(values: Values, func: ast.expr) -> bool:
    """Whether a call of ``func`` builds no module in the scope of the module around it.

    True of jax, numpy and flax.linen itself (but for the cells), of submodules that were built
    before, and of methods of arrays.
    """
    found = values.of(func)
    if any(isinstance(value, CellClass | CellInstance | FunctionValue) for value in found):
        return False
    if (values.dotted(func) or "").startswith(_LIBRARIES):
        return True
    match func:
        case ast.Call(func=maker):
            return builds_nothing(values, maker)
        case ast.Name(id=name):
            bound = values.scopes.lookup(name, func)
            if bound is None:
                return name in _PURE_BUILTINS or name in _LOOPING
            return len(bound[1]) == 1 and _is_submodule(values, bound[1][0].value)
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            cls = values.source.method_class(func)
            stored = values.stores(cls, name) if cls is not None else []
            return bool(stored) and all(_is_submodule(values, value) for value, _ in stored)
        case ast.Attribute(value=ast.Name() as base):
            return values.of(base) == UNKNOWN and base.id != "super"
        case ast.Attribute(value=ast.Call() | ast.Attribute() | ast.Subscript()):
            return values.of(func.value) == UNKNOWN
        case _:
            return False


def _is_submodule(values: Values, made: ast.expr | None) -> bool:
    """Whether a name is bound to a module of flax.linen, built where it is bound."""
    return isinstance(made, ast.Call) and (values.dotted(made.func) or "").startswith("flax.linen.")
