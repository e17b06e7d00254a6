"""What a parameter or a field may be: by its annotation, its default, and what it is given."""

from __future__ import annotations

import ast
from functools import cached_property
from typing import TYPE_CHECKING

from rnn_codemod.reading.definitions import (
    default_factory,
    field_names,
    is_classmethod,
    is_static,
)
from rnn_codemod.reading.enums import is_enum
from rnn_codemod.reading.kinds import ANY_CELL
from rnn_codemod.reading.scopes import Binding, Scope
from rnn_codemod.reading.value import (
    NOTHING,
    UNKNOWN,
    CellClass,
    CellInstance,
    FunctionValue,
    ModuleClass,
    ModuleInstance,
    Unknown,
    Value,
    union,
)

if TYPE_CHECKING:
    from rnn_codemod.reading.values import Values


class Parameters:
    """Reads the parameters and fields of one file for its ``values``."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._source = values.source

    def of(self, binding: Binding, scope: Scope) -> frozenset[Value]:
        """Every value of a parameter of the function that ``scope`` is of."""
        assert isinstance(binding.node, ast.arg)
        owner = self._source.parents.get(scope.node)
        function = scope.node
        if isinstance(owner, ast.ClassDef) and isinstance(function, ast.FunctionDef):
            first = [*function.args.posonlyargs, *function.args.args][:1]
            if first == [binding.node] and not is_static(function):
                cls = self._values.class_value(owner)
                if is_classmethod(function):
                    return frozenset({cls})
                if isinstance(cls, CellClass):
                    return frozenset({CellInstance(cls, None)})
                return frozenset({ModuleInstance(owner)})
        annotated = self.annotation(binding.node.annotation)
        if annotated and Unknown() not in annotated:
            return annotated
        default = self._values.of(binding.value) if binding.value is not None else NOTHING
        default |= annotated
        if isinstance(function, ast.FunctionDef):
            default |= self._handed_in(function, binding.node.arg)
            default |= self._handed_from_elsewhere(function, binding.node.arg)
            default |= self._decorated(function, binding.node)
        return _any_cell(default) or UNKNOWN

    def field(self, node: ast.AnnAssign) -> frozenset[Value]:
        """Every value of a field of a class."""
        default = self._values.of(node.value) if node.value is not None else NOTHING
        annotated = self.annotation(node.annotation)
        factory = default_factory(node.value)
        if factory is not None:
            default = self._values.of(self._source.factories[factory])
        default |= annotated
        if annotated and Unknown() not in annotated:
            return default
        return _any_cell(default | self._handed_to(node)) or UNKNOWN

    def annotation(self, node: ast.expr | None) -> frozenset[Value]:
        """The cells an annotation speaks of: ``RNNCellBase``, ``Type[RNNCellBase]``."""
        match node:
            case None:
                return NOTHING
            case ast.Subscript():
                name = ast.unparse(node.value).rpartition(".")[2]
                inner = node.slice
                if name in ("Type", "type"):
                    return frozenset(v for v in self._values.of(inner) if isinstance(v, CellClass))
                if name == "Callable" and isinstance(inner, ast.Tuple) and len(inner.elts) == 2:
                    return frozenset(
                        v for v in self._values.of(inner.elts[1]) if isinstance(v, CellClass)
                    )
                if name == "Optional":
                    return self.annotation(inner)
                return NOTHING
            case ast.BinOp(op=ast.BitOr()):
                return self.annotation(node.left) | self.annotation(node.right)
            case ast.Name() | ast.Attribute():
                return union(map(self._annotated, self._values.of(node)))
            case _:
                return NOTHING

    def _annotated(self, value: Value) -> frozenset[Value]:
        """What is of a type."""
        match value:
            case CellClass():
                return frozenset({CellInstance(value, None)})
            case ModuleClass(node):
                known = is_enum(self._values.owner(node), node)
                return frozenset({ModuleInstance(node)}) | (NOTHING if known else UNKNOWN)
            case _:
                return NOTHING

    def _handed_in(self, function: ast.FunctionDef, name: str) -> frozenset[Value]:
        """The cells that the calls of a function in this file give for a parameter."""
        names = [arg.arg for arg in [*function.args.posonlyargs, *function.args.args]]
        if name not in names:
            return NOTHING
        position = names.index(name)
        called, owner = function.name, self._source.parents.get(function)
        if isinstance(owner, ast.ClassDef) and not is_static(function):
            position -= 1
            called = owner.name if called == "__init__" else called
        return self._given(called, name, position)

    def _handed_to(self, field: ast.AnnAssign) -> frozenset[Value]:
        """The cells that this file gives for a field where it builds the class."""
        cls = self._source.parents.get(field)
        if not isinstance(cls, ast.ClassDef) or not isinstance(field.target, ast.Name):
            return NOTHING
        name = field.target.id
        elsewhere = self._handed_from_elsewhere(cls, name)
        return elsewhere | self._given(cls.name, name, field_names(cls).index(name))

    def _handed_from_elsewhere(
        self, place: ast.ClassDef | ast.FunctionDef, name: str
    ) -> frozenset[Value]:
        """A cell class, where all files that give a field or a parameter give it one."""
        world, path = self._values.world, self._values.path
        known = world is not None and world.takes_class(path, place.lineno, name)
        return frozenset({CellClass(ANY_CELL)}) if known else NOTHING

    def _decorated(self, function: ast.FunctionDef, parameter: ast.arg) -> frozenset[Value]:
        """The classes of this file that a function gets as their decorator."""
        if [parameter] != [*function.args.posonlyargs, *function.args.args]:
            return NOTHING
        return frozenset(
            self._values.class_value(cls)
            for cls, decorator in self._decorations
            if FunctionValue(function) in self._values.of(decorator)
        )

    @cached_property
    def _decorations(self) -> list[tuple[ast.ClassDef, ast.expr]]:
        """The classes of this file with each of their decorators."""
        return [
            (node, decorator)
            for node in self._source.nodes
            if isinstance(node, ast.ClassDef)
            for decorator in node.decorator_list
        ]

    def _given(self, called: str, name: str, position: int) -> frozenset[Value]:
        """The cells that the calls of this file give for a parameter or a field."""
        found = NOTHING
        for call in self._calls.get(called, ()):
            given = [k.value for k in call.keywords if k.arg == name]
            if len(call.args) > position and not any(isinstance(a, ast.Starred) for a in call.args):
                given.append(call.args[position])
            found |= union(self._values.of(value) for value in given)
        return frozenset(v for v in found if isinstance(v, CellClass | CellInstance | ModuleClass))

    @cached_property
    def _calls(self) -> dict[str, list[ast.Call]]:
        """The calls of this file by the last name of what they call."""
        calls: dict[str, list[ast.Call]] = {}
        for node in self._source.nodes:
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                    calls.setdefault(name, []).append(node)
        return calls


def _any_cell(default: frozenset[Value]) -> frozenset[Value]:
    """The values of a parameter: its default, and others of the same sort."""
    if any(isinstance(value, CellClass) for value in default):
        return default | {CellClass(ANY_CELL)}
    return default | UNKNOWN
