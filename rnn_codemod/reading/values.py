"""What an expression may be: cell classes, cell instances, modules, functions.

An abstract reading of one file. ``Values.of(expression)`` gives every value that the
expression may have, with ``UNKNOWN`` among them where others are possible.
"""

from __future__ import annotations

import ast

from rnn_codemod.reading.additions import ANY_NAME
from rnn_codemod.reading.called import Called
from rnn_codemod.reading.definitions import (
    attribute_stores,
    decorator_names,
)
from rnn_codemod.reading.enums import is_enum, values_of_members
from rnn_codemod.reading.filled import Filled
from rnn_codemod.reading.fixpoint import Fixpoint
from rnn_codemod.reading.flow import Flow
from rnn_codemod.reading.kind_of import kind_of
from rnn_codemod.reading.kinds import KINDS, Kind
from rnn_codemod.reading.names import Names, given_or_default, of_flax
from rnn_codemod.reading.parameters import Parameters
from rnn_codemod.reading.scopes import Scopes
from rnn_codemod.reading.source import Source, layer_cell
from rnn_codemod.reading.tables import is_globals, part_of_flax
from rnn_codemod.reading.value import (
    NOTHING,
    UNKNOWN,
    CellClass,
    CellInstance,
    Dotted,
    Dynamic,
    FunctionValue,
    Items,
    ModuleClass,
    ModuleInstance,
    Namespace,
    RnnClass,
    RnnInstance,
    Row,
    Value,
    along,
    items,
    union,
)
from rnn_codemod.reading.world import World


class Values:
    def __init__(
        self, source: Source, scopes: Scopes, path: str = "", world: World | None = None
    ) -> None:
        self.source = source
        self.scopes = scopes
        self.flow = Flow(source, scopes)
        self.world = world
        self.path = path
        self.fixpoint = Fixpoint()
        self._kinds: dict[ast.ClassDef, Kind | None] = {}
        self._stores = attribute_stores(source)
        self.called = Called(self)
        self.names = Names(self)
        self.parameters = Parameters(self)
        self.filled = Filled(self)

    def of(self, node: ast.expr) -> frozenset[Value]:
        """Every value that ``node`` may have."""
        return self.fixpoint.settled(node, lambda: self._read(node))

    def owner(self, node: ast.AST) -> Values:
        """The values of the file that ``node`` stands in."""
        if node in self.scopes or self.world is None:
            return self
        reading = self.world.owner(node)
        return self if reading is None else reading.values

    def imported(self, dotted: str, home: str = "") -> frozenset[Value]:
        """What a name imported in the file ``home``, or here, may be.

        It is flax's, the project's, or somebody else's.
        """
        found = of_flax(dotted)
        if found is None and self.world is not None:
            home = home or self.path
            found = self.world.named(home, dotted)
            if found is None and self.world.is_module(home, dotted):
                return frozenset({Dotted(dotted, home)})
            if found is None:
                found = self.world.installed(dotted)
        return frozenset({Dotted(dotted)}) if found is None else found

    def dotted(self, node: ast.expr) -> str | None:
        """The full name of an imported thing, if ``node`` can be nothing else."""
        found = self.of(node)
        if len(found) != 1:
            return None
        (value,) = found
        match value:
            case Dotted(name):
                return name
            case _:
                return None

    def _read(self, node: ast.expr) -> frozenset[Value]:
        match node:
            case ast.Name():
                return self.names.of(node)
            case ast.Attribute():
                return union(self.attribute(value, node.attr) for value in self.of(node.value))
            case ast.Call(func=ast.Attribute(value=mapping, attr="get"), args=[key, *_]) if (
                is_globals(self, mapping)
            ):
                return self._global(key, node)
            case ast.Call(func=ast.Attribute(attr="get" | "values" | "items")) if self._is_defined(
                node.func
            ):
                return self._call(node)
            case ast.Call(func=ast.Attribute(value=mapping, attr="get")):
                return items(self.of(mapping))
            case ast.Call(func=ast.Attribute(value=mapping, attr="values")):
                return self.of(mapping)
            case ast.Call(func=ast.Attribute(value=mapping, attr="items")):
                pair = Row((UNKNOWN, items(self.of(mapping))))
                return frozenset({Items(frozenset({pair}))})
            case ast.Call():
                return self._call(node)
            case ast.Subscript() if (owner := part_of_flax(self, node.value)) is not None:
                name = self.called.word(node.slice)
                # An import of another library in its place could not be written here.
                known = name is not None and name not in KINDS
                return self.imported(f"{owner}.{name}") if known else frozenset({Dynamic(node)})
            case ast.Subscript() if is_globals(self, node.value):
                return self._global(node.slice, node)
            case ast.Subscript(slice=ast.Constant(value=str(name))) if (
                self.dotted(node.value) == "sys.modules"
            ):
                return self.imported(name)
            case ast.Subscript(slice=ast.Constant(value=int(place))) if self._is_tuple(node.value):
                return along(self.of(node.value), (place,)) or UNKNOWN
            case ast.Subscript():
                return union(map(self.item, self.of(node.value))) or UNKNOWN
            case ast.IfExp():
                return given_or_default(self.of(node.body) | self.of(node.orelse))
            case ast.BoolOp():
                return given_or_default(union(self.of(value) for value in node.values))
            case ast.NamedExpr():
                return self.of(node.value)
            case ast.Tuple() | ast.List() if not any(
                isinstance(element, ast.Starred) for element in node.elts
            ):
                return frozenset({Row(tuple(self.of(element) for element in node.elts))})
            case ast.Tuple() | ast.List() | ast.Set():
                return frozenset({Items(union(self.of(element) for element in node.elts))})
            case ast.Dict():
                parts = zip(node.keys, node.values, strict=True)
                return frozenset({Items(union(self._entry(key, value) for key, value in parts))})
            case ast.ListComp() | ast.GeneratorExp() | ast.SetComp():
                return frozenset({Items(self.of(node.elt))})
            case ast.DictComp():
                return frozenset({Items(self.of(node.value))})
            case ast.BinOp(op=ast.Mult() | ast.Add()):
                sides = self.of(node.left) | self.of(node.right)
                return frozenset({Items(items(sides))})
            case ast.BinOp(op=ast.BitOr()):
                sides = self.of(node.left) | self.of(node.right)
                merged = any(isinstance(side, Items) for side in sides)
                return frozenset({Items(items(sides))}) if merged else UNKNOWN
            case ast.Starred():
                return items(self.of(node.value)) or UNKNOWN
            case ast.Lambda():
                return frozenset({FunctionValue(node)})
            case ast.Constant(value=None):
                return NOTHING
            case _:
                return UNKNOWN

    def item(self, value: Value) -> frozenset[Value]:
        """What an index or a loop gives of ``value``, as a name does of an enum."""
        match value:
            case ModuleClass(node) if is_enum(self.owner(node), node):
                return frozenset({ModuleInstance(node)})
            case _:
                return items(frozenset({value}))

    def _global(self, key: ast.expr, node: ast.expr) -> frozenset[Value]:
        """What ``globals()`` has under a key."""
        name = self.called.word(key)
        if name is not None:
            return self.names.exported((name,)) or UNKNOWN
        return frozenset({Dynamic(node)}) if self.called.has_cells else UNKNOWN

    def _entry(self, key: ast.expr | None, value: ast.expr) -> frozenset[Value]:
        """The values that one part of a dict display gives; without a key it is ``**value``."""
        return self.of(value) if key is not None else items(self.of(value))

    def carry_argument(self, call: ast.Call) -> ast.expr | None:
        """The carry of ``cell(carry, x)`` where the callee is a cell instance."""
        if not any(isinstance(value, CellInstance) for value in self.of(call.func)):
            return None
        named = [k.value for k in call.keywords if k.arg == "carry"]
        given = call.args or named
        return given[0] if given else None

    def class_value(self, node: ast.ClassDef) -> Value:
        kind = self.cell_kind(node)
        return CellClass(kind) if kind else ModuleClass(node)

    def cell_kind(self, node: ast.ClassDef) -> Kind | None:
        """The kind of a user's class that derives from a cell, else None."""
        if node not in self.scopes:
            return self.owner(node).cell_kind(node)
        if node not in self._kinds:
            self._kinds[node] = None
            self._kinds[node] = kind_of(self, node)
        return self._kinds[node]

    def attribute(self, value: Value, name: str) -> frozenset[Value]:
        """Every value of ``value.name``."""
        match value:
            case Dotted(origin, home):
                return self.imported(f"{origin}.{name}", home)
            case ModuleInstance(node) if name == "value" and is_enum(self.owner(node), node):
                return values_of_members(self.owner(node), node) or UNKNOWN
            case ModuleInstance(node):
                owner = self.owner(node)
                return union(owner.got(found) for found in owner.member(node, name))
            case ModuleClass(node):
                return self.owner(node).member(node, name)
            case CellInstance(CellClass(Kind(definition=ast.ClassDef() as node))):
                owner = self.owner(node)
                return union(owner.got(found) for found in owner.member(node, name))
            case Namespace(fields):
                return dict(fields).get(name, UNKNOWN)
            case RnnInstance(RnnClass("RNN"), node) if name == "cell":
                cell = layer_cell(node)
                return UNKNOWN if cell is None else self.owner(node).of(cell)
            case CellClass() | Row() if name == "value":
                return frozenset({value})  # It is a member of an enum.
            case _:
                return UNKNOWN

    def got(self, value: Value) -> frozenset[Value]:
        """What an instance gives for an attribute of its class: the result, for a property."""
        match value:
            case FunctionValue(ast.FunctionDef() as function) if function in self.scopes:
                if any(name.endswith("property") for name in decorator_names(function)):
                    return self.called.returned_by(function)
        return frozenset({value})

    def member(self, node: ast.ClassDef, name: str) -> frozenset[Value]:
        """Every value of ``self.name`` in a class of this file."""
        return self.fixpoint.settled((node, name), lambda: self._member(node, name))

    def _member(self, node: ast.ClassDef, name: str) -> frozenset[Value]:
        scope = self.scopes.of(node)
        found = union(self.names.binding(b, scope) for b in scope.bindings.get(name, []))
        for value, path in self._stores.get((node, name), []):
            found |= along(self.of(value), path) if value is not None else UNKNOWN
        found |= self.filled.attribute(node, name)
        if found:
            return found
        for base in union(self.of(base) for base in node.bases):
            found |= self.attribute(base, name) if isinstance(base, ModuleClass) else UNKNOWN
        return found if found - UNKNOWN else self.filled.attribute(node, ANY_NAME) | UNKNOWN

    def stores(
        self, node: ast.ClassDef, name: str
    ) -> list[tuple[ast.expr | None, tuple[int, ...]]]:
        """What the methods of a class assign to ``self.name``."""
        return self._stores.get((node, name), [])

    def _call(self, node: ast.Call) -> frozenset[Value]:
        return union(self.called.by(value, node) for value in self.of(node.func)) or UNKNOWN

    def _is_defined(self, node: ast.expr) -> bool:
        """Whether a method or function of the project is meant, and not what mappings have."""
        return any(isinstance(value, FunctionValue) for value in self.of(node))

    def _is_tuple(self, node: ast.expr) -> bool:
        """Whether it is a tuple as it was written: bound once, or in an enum. A list may change."""
        if isinstance(node, ast.Attribute) and node.attr == "value":
            return all(isinstance(value, Row) for value in self.of(node))
        found = self.scopes.lookup(node.id, node) if isinstance(node, ast.Name) else None
        if found is None or len(found[1]) != 1:
            return False
        bound = found[1][0]
        if bound.imported is not None and self.world is not None:
            bound = self.world.bound_once(self.path, bound.imported) or bound
        return not bound.path and isinstance(bound.value, ast.Tuple)
