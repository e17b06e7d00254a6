"""What an expression may be: cell classes, cell instances, modules, functions.

An abstract reading of one file. ``Values.of(expression)`` gives every value that the
expression may have, with ``UNKNOWN`` among them where others are possible.
"""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import cached_property

from rnn_codemod.reading.additions import ANY_NAME
from rnn_codemod.reading.called import Called
from rnn_codemod.reading.definitions import (
    attribute_stores,
    decorator_names,
    default_factory,
    field_names,
    is_classmethod,
    is_static,
    methods,
)
from rnn_codemod.reading.enums import is_enum, values_of_members
from rnn_codemod.reading.filled import Filled
from rnn_codemod.reading.fixpoint import Fixpoint
from rnn_codemod.reading.flow import Flow
from rnn_codemod.reading.kinds import (
    ANY_CELL,
    KINDS,
    MODULE_FIELDS,
    Kind,
    linen_name,
    transform_name,
)
from rnn_codemod.reading.scopes import ITEM, Binding, Scope, Scopes, Star
from rnn_codemod.reading.source import Source, layer_cell
from rnn_codemod.reading.stars import hides, public_names
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
    Unknown,
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
        self._fixpoint = Fixpoint()
        self._kinds: dict[ast.ClassDef, Kind | None] = {}
        self._stores = attribute_stores(source)
        self.called = Called(self)
        self.filled = Filled(self)

    def of(self, node: ast.expr) -> frozenset[Value]:
        """Every value that ``node`` may have."""
        return self._fixpoint.settled(node, lambda: self._read(node))

    def owner(self, node: ast.AST) -> Values:
        """The values of the file that ``node`` stands in."""
        if node in self.scopes or self.world is None:
            return self
        reading = self.world.owner(node)
        return self if reading is None else reading.values

    def exported(self, names: tuple[str, ...]) -> frozenset[Value] | None:
        """What the attributes ``names`` of this module may be; None where nothing binds them."""
        scope = self.scopes.module
        bindings = scope.bindings.get(names[0], [])
        found = self._bound(names[0], scope, bindings) if bindings else self._star(names[0])
        if not bindings and not found:
            found = self._lazy(names[0])
        if not bindings and not found:
            return None
        for name in names[1:]:
            found = union(self.attribute(value, name) for value in found)
        return found

    def _lazy(self, name: str) -> frozenset[Value]:
        """What ``__getattr__`` of this module gives for a name that nothing binds.

        That is what it imports under this name, or what the modules that are named in the text of
        this one have under it; then it may be something else too.
        """
        bound = self.scopes.module.bindings.get("__getattr__", [])
        if self.world is None or len(bound) != 1 or not isinstance(bound[0].node, ast.FunctionDef):
            return NOTHING
        scope = self.scopes.of(bound[0].node)
        inside = [b for b in scope.bindings.get(name, []) if b.imported is not None]
        if inside:
            return union(self.binding(binding, scope) for binding in inside)
        found = UNKNOWN
        for node in self.source.nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                module = node.value.lstrip(".")
                if all(part.isidentifier() for part in module.split(".")):
                    found |= self.world.named(self.path, f".{module}.{name}") or NOTHING
        return found

    def imported(self, dotted: str, home: str = "") -> frozenset[Value]:
        """What a name imported in the file ``home``, or here, may be.

        It is flax's, the project's, or somebody else's.
        """
        found = _of_flax(dotted)
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
                return self._name(node)
            case ast.Attribute():
                return union(self.attribute(value, node.attr) for value in self.of(node.value))
            case ast.Call(func=ast.Attribute(value=mapping, attr="get"), args=[key, *_]) if (
                self._is_globals(mapping)
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
            case ast.Subscript() if (owner := self._namespace(node.value)) is not None:
                name = self.called.word(node.slice)
                # An import of another library in its place could not be written here.
                known = name is not None and name not in KINDS
                return self.imported(f"{owner}.{name}") if known else frozenset({Dynamic(node)})
            case ast.Subscript() if self._is_globals(node.value):
                return self._global(node.slice, node)
            case ast.Subscript(slice=ast.Constant(value=str(name))) if (
                self.dotted(node.value) == "sys.modules"
            ):
                return self.imported(name)
            case ast.Subscript(slice=ast.Constant(value=int(place))) if self._is_tuple(node.value):
                return along(self.of(node.value), (place,)) or UNKNOWN
            case ast.Subscript():
                return union(map(self._item, self.of(node.value))) or UNKNOWN
            case ast.IfExp():
                return _given_or_default(self.of(node.body) | self.of(node.orelse))
            case ast.BoolOp():
                return _given_or_default(union(self.of(value) for value in node.values))
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

    def _item(self, value: Value) -> frozenset[Value]:
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
            return self.exported((name,)) or UNKNOWN
        return frozenset({Dynamic(node)}) if self.called.has_cells else UNKNOWN

    def _entry(self, key: ast.expr | None, value: ast.expr) -> frozenset[Value]:
        """The values that one part of a dict display gives; without a key it is ``**value``."""
        return self.of(value) if key is not None else items(self.of(value))

    def _name(self, node: ast.Name) -> frozenset[Value]:
        found = self.scopes.lookup(node.id, node)
        if found is None:
            return self._star(node.id) or UNKNOWN
        scope = found[0]
        bindings = self.flow.in_force(node, scope, self._imports_last(node, *found))
        # One question for all uses of a name, so that a name bound often is not a deep one.
        return self._fixpoint.settled(
            (scope, node.id, *bindings),
            lambda: self._bound(node.id, scope, bindings),
        )

    def _imports_last(self, node: ast.Name, scope: Scope, bindings: list[Binding]) -> list[Binding]:
        """The bindings without the imports that a later statement of the module replaces."""
        last = bindings[-1].node
        if self.source.function(node) is None or scope is not self.scopes.module:
            return bindings
        if self.source.parents.get(last) is not self.source.tree:
            return bindings
        return [b for b in bindings if b.imported is None or b is bindings[-1]]

    def _star(self, name: str) -> frozenset[Value]:
        """What the star imports give for a name: the last one counts. Nothing where none does."""
        found = NOTHING
        for star in reversed(self.scopes.stars):
            here = self._given_by(star, name)
            found |= here
            # Only of its recurrent names is it known that flax.linen has them.
            if here and here != frozenset({Dotted(f"flax.linen.{name}")}):
                break
        return found

    def _given_by(self, star: Star, name: str) -> frozenset[Value]:
        """What one star import gives; nothing where it has no such name."""
        known = _of_flax(star.dotted(name))
        if known is not None:
            return known
        if star.origin == "flax.linen":
            return frozenset({Dotted(star.dotted(name))})
        found = self.world.starred(self.path, star, name) if self.world is not None else None
        if found is not None:
            return found
        return UNKNOWN if hides(star, name) else NOTHING

    def public(self, name: str) -> frozenset[Value]:
        """What ``from this_module import *`` gives for a name."""
        if "__all__" not in self.scopes.module.bindings:
            return NOTHING if name.startswith("_") else self.exported((name,)) or NOTHING
        names = public_names(self.scopes.module)
        if names is not None and name not in names:
            return NOTHING
        found = self.exported((name,))
        if names is None:
            return NOTHING if found is None else found | UNKNOWN
        return UNKNOWN if found is None else found

    def _bound(self, name: str, scope: Scope, bindings: list[Binding]) -> frozenset[Value]:
        """What its bindings, and later star imports of the project, give a name."""
        found = union(self.binding(binding, scope) for binding in bindings)
        if scope is self.scopes.module and self.world is not None:
            last = max(getattr(binding.node, "lineno", 0) for binding in bindings)
            for star in self.scopes.stars:
                if star.line > last:
                    found |= self.world.starred(self.path, star, name) or NOTHING
        found = self.filled.container(name, scope, found)
        parameter = any(isinstance(binding.node, ast.arg) for binding in bindings)
        return _given_or_default(found) if parameter else found

    def binding(self, binding: Binding, scope: Scope) -> frozenset[Value]:
        """Every value that one binding gives its name."""
        match binding.node:
            case ast.Import() | ast.ImportFrom():
                assert binding.imported is not None
                return self.imported(binding.imported)
            case ast.ClassDef():
                return frozenset({self.class_value(binding.node)})
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return frozenset({FunctionValue(binding.node)})
            case ast.arg():
                return self._parameter(binding, scope)
            case ast.AnnAssign() if isinstance(scope.node, ast.ClassDef):
                return self._field(binding.node)
            case ast.AugAssign(op=ast.Add() | ast.BitOr(), value=ast.Dict() | ast.List() as added):
                return self.of(added)
        if binding.value is None:
            return UNKNOWN
        if binding.path[:1] == (0,) and isinstance(binding.value, ast.Call):
            carry = self.carry_argument(binding.value)
            if carry is not None:
                return self.of(carry)
        found, path = self.of(binding.value), binding.path
        if path[:1] == (ITEM,):
            found, path = union(map(self._item, found)), path[1:]
        return along(found, path)

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
            self._kinds[node] = self._kind_of(node)
        return self._kinds[node]

    def _kind_of(self, node: ast.ClassDef) -> Kind | None:
        for written in node.bases:
            cells = [value for value in self.of(written) if isinstance(value, CellClass)]
            for base in sorted(cells, key=lambda cell: cell.kind.name)[:1]:
                carries = "initialize_carry" in methods(node)
                fields = MODULE_FIELDS if base.kind == ANY_CELL else base.kind.fields
                own = tuple(name for name in field_names(node) if name not in (fields or ()))
                return replace(
                    base.kind,
                    name=node.name,
                    definition=node,
                    fields=None if fields is None else fields[:-2] + own + fields[-2:],
                    sized=base.kind.sized or "features" in own,
                    carry_class=node if carries else base.kind.carry_class,
                )
        return None

    def _parameter(self, binding: Binding, scope: Scope) -> frozenset[Value]:
        assert isinstance(binding.node, ast.arg)
        owner = self.source.parents.get(scope.node)
        function = scope.node
        if isinstance(owner, ast.ClassDef) and isinstance(function, ast.FunctionDef):
            first = [*function.args.posonlyargs, *function.args.args][:1]
            if first == [binding.node] and not is_static(function):
                cls = self.class_value(owner)
                if is_classmethod(function):
                    return frozenset({cls})
                if isinstance(cls, CellClass):
                    return frozenset({CellInstance(cls, None)})
                return frozenset({ModuleInstance(owner)})
        annotated = self.annotation(binding.node.annotation)
        if annotated and Unknown() not in annotated:
            return annotated
        default = self.of(binding.value) if binding.value is not None else NOTHING
        default |= annotated
        if isinstance(function, ast.FunctionDef):
            default |= self._handed_in(function, binding.node.arg)
            default |= self._handed_from_elsewhere(function, binding.node.arg)
            default |= self._decorated(function, binding.node)
        return _any_cell(default) or UNKNOWN

    def _handed_in(self, function: ast.FunctionDef, name: str) -> frozenset[Value]:
        """The cells that the calls of a function in this file give for a parameter."""
        names = [arg.arg for arg in [*function.args.posonlyargs, *function.args.args]]
        if name not in names:
            return NOTHING
        position = names.index(name)
        called, owner = function.name, self.source.parents.get(function)
        if isinstance(owner, ast.ClassDef) and not is_static(function):
            position -= 1
            called = owner.name if called == "__init__" else called
        return self._given(called, name, position)

    def _decorated(self, function: ast.FunctionDef, parameter: ast.arg) -> frozenset[Value]:
        """The classes of this file that a function gets as their decorator."""
        if [parameter] != [*function.args.posonlyargs, *function.args.args]:
            return NOTHING
        return frozenset(
            self.class_value(cls)
            for cls, decorator in self._decorations
            if FunctionValue(function) in self.of(decorator)
        )

    @cached_property
    def _decorations(self) -> list[tuple[ast.ClassDef, ast.expr]]:
        """The classes of this file with each of their decorators."""
        return [
            (node, decorator)
            for node in self.source.nodes
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
            found |= union(self.of(value) for value in given)
        return frozenset(v for v in found if isinstance(v, CellClass | CellInstance | ModuleClass))

    @cached_property
    def _calls(self) -> dict[str, list[ast.Call]]:
        """The calls of this file by the last name of what they call."""
        calls: dict[str, list[ast.Call]] = {}
        for node in self.source.nodes:
            match node:
                case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                    calls.setdefault(name, []).append(node)
        return calls

    def _field(self, node: ast.AnnAssign) -> frozenset[Value]:
        default = self.of(node.value) if node.value is not None else NOTHING
        annotated = self.annotation(node.annotation)
        factory = default_factory(node.value)
        if factory is not None:
            default = self.of(self.source.factories[factory])
        default |= annotated
        if annotated and Unknown() not in annotated:
            return default
        return _any_cell(default | self._handed_to(node)) or UNKNOWN

    def _handed_to(self, field: ast.AnnAssign) -> frozenset[Value]:
        """The cells that this file gives for a field where it builds the class."""
        cls = self.source.parents.get(field)
        if not isinstance(cls, ast.ClassDef) or not isinstance(field.target, ast.Name):
            return NOTHING
        name = field.target.id
        elsewhere = self._handed_from_elsewhere(cls, name)
        return elsewhere | self._given(cls.name, name, field_names(cls).index(name))

    def _handed_from_elsewhere(
        self, place: ast.ClassDef | ast.FunctionDef, name: str
    ) -> frozenset[Value]:
        """A cell class, where all files that give a field or a parameter give it one."""
        known = self.world is not None and self.world.takes_class(self.path, place.lineno, name)
        return frozenset({CellClass(ANY_CELL)}) if known else NOTHING

    def annotation(self, node: ast.expr | None) -> frozenset[Value]:
        """The cells an annotation speaks of: ``RNNCellBase``, ``Type[RNNCellBase]``."""
        match node:
            case None:
                return NOTHING
            case ast.Subscript():
                name = ast.unparse(node.value).rpartition(".")[2]
                inner = node.slice
                if name in ("Type", "type"):
                    return frozenset(v for v in self.of(inner) if isinstance(v, CellClass))
                if name == "Callable" and isinstance(inner, ast.Tuple) and len(inner.elts) == 2:
                    return frozenset(v for v in self.of(inner.elts[1]) if isinstance(v, CellClass))
                if name == "Optional":
                    return self.annotation(inner)
                return NOTHING
            case ast.BinOp(op=ast.BitOr()):
                return self.annotation(node.left) | self.annotation(node.right)
            case ast.Name() | ast.Attribute():
                return union(map(self._annotated, self.of(node)))
            case _:
                return NOTHING

    def _annotated(self, value: Value) -> frozenset[Value]:
        """What is of a type."""
        match value:
            case CellClass():
                return frozenset({CellInstance(value, None)})
            case ModuleClass(node):
                known = is_enum(self.owner(node), node)
                return frozenset({ModuleInstance(node)}) | (NOTHING if known else UNKNOWN)
            case _:
                return NOTHING

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
        return self._fixpoint.settled((node, name), lambda: self._member(node, name))

    def _member(self, node: ast.ClassDef, name: str) -> frozenset[Value]:
        scope = self.scopes.of(node)
        found = union(self.binding(b, scope) for b in scope.bindings.get(name, []))
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

    def _is_globals(self, node: ast.expr) -> bool:
        match node:
            case ast.Call(func=ast.Name(id="globals"), args=[]):
                return self.scopes.lookup("globals", node) is None
            case _:
                return False

    def _namespace(self, node: ast.expr) -> str | None:
        """The part of flax.linen whose names ``vars(part)`` or ``part.__dict__`` holds."""
        match node:
            case ast.Call(func=ast.Name(id="vars"), args=[part]) if not self.scopes.lookup(
                "vars", node
            ):
                owner = self.dotted(part)
            case ast.Attribute(value=part, attr="__dict__"):
                owner = self.dotted(part)
            case _:
                return None
        return owner if owner in ("flax.linen", "flax.linen.recurrent") else None


def _of_flax(name: str) -> frozenset[Value] | None:
    """What a name of flax.linen is, also where flax itself is among the given files."""
    short = linen_name(name)
    if short in KINDS:
        return frozenset({CellClass(KINDS[short])})
    if short in ("RNN", "Bidirectional"):
        return frozenset({RnnClass(short)})
    return frozenset({Dotted(name)}) if transform_name(name) else None


def _any_cell(default: frozenset[Value]) -> frozenset[Value]:
    """The values of a parameter: its default, and others of the same sort."""
    if any(isinstance(value, CellClass) for value in default):
        return default | {CellClass(ANY_CELL)}
    return default | UNKNOWN


def _given_or_default(found: frozenset[Value]) -> frozenset[Value]:
    """What ``given or nn.GRUCell`` may be: who gives something else gives a cell class."""
    if Unknown() in found and any(isinstance(value, CellClass) for value in found):
        return found - UNKNOWN | {CellClass(ANY_CELL)}
    return found
