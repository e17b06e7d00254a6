"""What a call of a known thing gives: classes, functions, transforms and library calls."""

from __future__ import annotations

import ast
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from rnn_codemod.reading.definitions import returned
from rnn_codemod.reading.kinds import transform_name
from rnn_codemod.reading.source import Function
from rnn_codemod.reading.value import (
    NOTHING,
    POSITIONAL,
    UNKNOWN,
    CellClass,
    CellInstance,
    Dotted,
    Dynamic,
    FunctionValue,
    Getter,
    Items,
    LiftedFunction,
    Lifter,
    ModuleClass,
    ModuleInstance,
    Namespace,
    RnnClass,
    RnnInstance,
    Row,
    Unknown,
    Value,
    items,
    union,
)

if TYPE_CHECKING:
    from rnn_codemod.reading.values import Values

_LINEN = ("flax.linen", "flax.linen.recurrent")
_NAMESPACES = ("types.SimpleNamespace", "argparse.Namespace")
_MAPPINGS = ("types.MappingProxyType", "collections.OrderedDict", "flax.core.freeze")


class Called:
    """Reads the calls of one file for its ``values``."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._wholes: dict[tuple[ast.Call, ast.Call], ast.Call] = {}

    def by(self, value: Value, node: ast.Call) -> frozenset[Value]:
        """What the call ``node`` of ``value`` may give."""
        match value:
            case CellClass():
                return frozenset({CellInstance(value, node)})
            case RnnClass():
                return frozenset({RnnInstance(value, node)})
            case ModuleClass(definition):
                return frozenset({ModuleInstance(definition)})
            case FunctionValue(definition):
                return self._values.owner(definition).called.returned_by(definition)
            case Lifter(transform, origin) if node.args:
                whole = self._whole(origin, node)
                return frozenset(
                    self._lift(inner, transform, whole) for inner in self._values.of(node.args[0])
                )
            case Dynamic(origin, called=False):
                return frozenset({Dynamic(origin, called=True)})
            case Getter(origin) if len(node.args) == 1 and not node.keywords:
                return self._values.owner(origin).called.got(origin, self._values, node.args[0])
            case Dotted(name):
                return self._library_call(name, node)
            case Unknown() if isinstance(node.func, ast.Name):
                return self._builtin_call(node.func.id, node)
            case _:
                return UNKNOWN

    def got(self, getter: ast.Call, values: Values, node: ast.expr) -> frozenset[Value]:
        """What a getter of this file gets of ``node``, which stands in the file of ``values``."""
        word = self.word(getter.args[0])
        if word is None:
            named = values.dotted(node) in _LINEN or values.called.holds_cells(node)
            return frozenset({Dynamic(getter)}) if named else UNKNOWN
        found = values.of(node)
        for name in word.split("."):
            found = union(values.attribute(value, name) for value in found)
        return found

    def _whole(self, partial: ast.Call, node: ast.Call) -> ast.Call:
        """The call of the transform with the arguments of ``partial`` and of ``node``."""
        if (partial, node) not in self._wholes:
            self._wholes[partial, node] = ast.Call(
                func=partial.args[0],
                args=[node.args[0], *partial.args[1:], *node.args[1:]],
                keywords=[*node.keywords, *partial.keywords],
            )
        return self._wholes[partial, node]

    def returned_by(self, node: Function) -> frozenset[Value]:
        """What a function of this file may return."""
        if isinstance(node, ast.Lambda):
            return self._values.of(node.body)
        return (
            union(self._values.of(value) for value in returned(node, self._values.source))
            or UNKNOWN
        )

    def _library_call(self, name: str, node: ast.Call) -> frozenset[Value]:
        transform = transform_name(name)
        if transform and node.args:
            return frozenset(
                self._lift(value, transform, node) for value in self._values.of(node.args[0])
            )
        if name == "functools.partial" and node.args:
            lifter = transform_name(self._values.dotted(node.args[0]) or "")
            if lifter:
                return frozenset({Lifter(lifter, node)})
            bound = frozenset(k.arg for k in node.keywords if k.arg) | self._by_position(node)
            return frozenset(
                replace(value, bound=value.bound | bound)
                if isinstance(value, CellClass)
                else Unknown()
                for value in self._values.of(node.args[0])
            )
        return self._made_by_library(name, node)

    def _made_by_library(self, name: str, node: ast.Call) -> frozenset[Value]:
        if name == "importlib.import_module" and node.args:
            module = self.word(node.args[0])
            return UNKNOWN if module is None else self._values.imported(module)
        if name == "operator.attrgetter" and len(node.args) == 1:
            return frozenset({Getter(node)})
        if name in _NAMESPACES and not node.args and all(k.arg for k in node.keywords):
            fields = ((str(k.arg), self._values.of(k.value)) for k in node.keywords)
            return frozenset({Namespace(tuple(fields))})
        if name in _MAPPINGS and not node.keywords and len(node.args) == 1:
            return (
                frozenset(it for it in self._values.of(node.args[0]) if isinstance(it, Items))
                or UNKNOWN
            )
        return UNKNOWN

    def _by_position(self, partial: ast.Call) -> frozenset[str]:
        """What a partial binds by position: new features, or an old activation function."""
        if len(partial.args) < 2:
            return frozenset()
        first = partial.args[1]
        old = isinstance(first, ast.Lambda) or any(
            isinstance(value, Dotted | FunctionValue) for value in self._values.of(first)
        )
        return frozenset({POSITIONAL if old else "features"})

    def _lift(self, value: Value, transform: str, node: ast.Call) -> Value:
        match value:
            case CellClass():
                scan = node if transform == "scan" else value.scan
                turned = value.turned or (transform == "vmap" and not _along_the_first(node))
                lifted = (*value.lifted, transform)
                return replace(value, lifted=lifted, scan=scan, turned=turned)
            case RnnClass() | ModuleClass() | Dynamic():
                return value
            case FunctionValue(function) if transform in ("scan", "remat", "checkpoint", "jit"):
                return LiftedFunction(function)
            case _:
                return Unknown()

    def _builtin_call(self, name: str, node: ast.Call) -> frozenset[Value]:
        if name == "getattr" and len(node.args) >= 2:
            owner = self._values.dotted(node.args[0])
            if owner in _LINEN:
                attribute = self.word(node.args[1])
                if attribute is not None:
                    return self._values.imported(f"{owner}.{attribute}")
                return frozenset({Dynamic(node)})
            if attribute := self.word(node.args[1]):
                return union(
                    self._values.attribute(it, attribute) for it in self._values.of(node.args[0])
                )
            if self.holds_cells(node.args[0]):
                return frozenset({Dynamic(node)})
        if name == "dict":
            entries = union(self._values.of(k.value) for k in node.keywords if k.arg)
            spread = [*node.args, *(k.value for k in node.keywords if k.arg is None)]
            return frozenset({Items(entries.union(*(items(self._values.of(s)) for s in spread)))})
        columns = tuple(items(self._values.of(argument)) for argument in node.args)
        if name == "zip":
            return frozenset({Items(frozenset({Row(columns)}))})
        if name == "enumerate":
            return frozenset({Items(frozenset({Row((UNKNOWN, *columns[:1]))}))})
        if name in ("list", "tuple", "reversed", "sorted", "iter"):
            return frozenset({Items(union(columns))})
        return UNKNOWN

    def holds_cells(self, node: ast.expr) -> bool:
        """Whether ``node`` is a module of the project with cell classes."""
        (value, *others) = self._values.of(node) or UNKNOWN
        if others or self._values.world is None or not isinstance(value, Dotted) or not value.home:
            return False
        reading = self._values.world.module(value.home, value.name)
        return reading is not None and reading.values.called.has_cells

    @cached_property
    def has_cells(self) -> bool:
        """Whether a name of this module may be a cell class."""
        values = self._values
        return any(star.origin in _LINEN for star in values.scopes.stars) or any(
            isinstance(found, CellClass)
            for name in values.scopes.module.bindings
            for found in values.names.exported((name,)) or NOTHING
        )

    def word(self, node: ast.expr) -> str | None:
        """The one string that ``node`` can be, if the text tells it."""
        found = self._values.scopes.lookup(node.id, node) if isinstance(node, ast.Name) else None
        if found is not None and len(found[1]) == 1 and not found[1][0].path:
            bound = found[1][0]
            if bound.value is not None and not isinstance(bound.node, ast.arg):
                node = bound.value
        match node:
            case ast.Constant(value=str(word)):
                return word
            case _:
                return None


def _along_the_first(vmap: ast.Call) -> bool:
    """Whether ``nn.vmap`` maps over the first axis of its first argument, or not over it."""
    if len(vmap.args) > 3 or any(keyword.arg is None for keyword in vmap.keywords):
        return False
    for keyword in vmap.keywords:
        if keyword.arg == "in_axes":
            axes = keyword.value
            first = axes.elts[0] if isinstance(axes, ast.Tuple) and axes.elts else axes
            return isinstance(first, ast.Constant) and first.value in (0, None)
    return True
