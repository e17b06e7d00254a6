"""Every use of a wrapper in one file: what builds it, what asks it for carries, what applies it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from rnn_codemod.reading.bound_once import bound_once
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.value import Dotted, ModuleClass, ModuleInstance, Unknown, Value
from rnn_codemod.style.wrapper import Keeps, Wrapper

_APPLYING = ("init", "apply", "init_with_output")


@dataclass(frozen=True, eq=False)
class Fresh:
    """A call of the wrapper's static method, with its arguments by parameter."""

    node: ast.Call
    receiver: ast.expr
    given: dict[str, ast.expr]
    instance: bool


@dataclass(frozen=True, eq=False)
class Applied:
    """An instance called with a carry, or through ``init`` or ``apply``."""

    node: ast.Call
    instance: ast.expr
    carry: ast.expr | None
    position: int
    """Where the carry stands among the positional arguments."""


class Uses:
    """The uses of one wrapper in one file. Raises Keeps where one of them cannot be understood."""

    def __init__(self, reading: Reading, wrapper: Wrapper) -> None:
        self.reading = reading
        self.wrapper = wrapper
        self.built: list[ast.Call] = []
        self.fresh: list[Fresh] = []
        self.applied: list[Applied] = []
        self._defined_here = wrapper.node in reading.scopes
        nodes = sorted(
            (n for n in reading.source.nodes if isinstance(n, ast.expr)),
            key=lambda n: reading.source.order[n],
        )
        for node in nodes:
            match node:
                case ast.Constant(value=str(text)):
                    self._text(node, text)
                case ast.Attribute() if node.attr == wrapper.method.name:
                    self._method(node)
            match node:
                case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()):
                    self._class(node)
            match node:
                case ast.Call():
                    self._call(node)

    @property
    def empty(self) -> bool:
        return not (self.built or self.fresh)

    def made(self, node: ast.expr) -> ast.Call | None:
        """The construction of the instance that ``node`` is, where there is only one."""
        match node:
            case ast.Call():
                return node if node in self.built else None
            case ast.Name():
                value = bound_once(self.reading.values, node)
                return None if value is None else self.made(value)
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                cls = self.reading.source.method_class(node)
                stored = self.reading.values.stores(cls, name) if cls is not None else []
                if cls is None or len(stored) != 1 or name in self.reading.scopes.of(cls).bindings:
                    return None
                value, path = stored[0]
                return None if value is None or path else self.made(value)
            case _:
                return None

    def own(self, node: ast.expr) -> bool:
        """Whether ``node`` is ``self`` in the wrapper itself."""
        return (
            self._defined_here
            and isinstance(node, ast.Name)
            and node.id == "self"
            and self.reading.source.method_class(node) is self.wrapper.node
            and self.reading.values.of(node) == frozenset({ModuleInstance(self.wrapper.node)})
        )

    def line(self, node: ast.AST) -> str:
        return f"line {self.reading.source.place(node)[0]}"

    @cached_property
    def _word(self) -> re.Pattern[str]:
        return re.compile(rf"\b{re.escape(self.wrapper.name)}\b\s*[.(]")

    def _text(self, node: ast.Constant, text: str) -> None:
        if text in (self.wrapper.name, self.wrapper.method.name) or self._word.search(text):
            raise Keeps(f"a text in {self.line(node)} speaks of it")

    def _is_class(self, value: Value) -> bool:
        return isinstance(value, ModuleClass) and value.node is self.wrapper.node

    def _is_instance(self, value: Value) -> bool:
        return isinstance(value, ModuleInstance) and value.node is self.wrapper.node

    def _class(self, node: ast.Name | ast.Attribute) -> None:
        """A name of the class: called, asked for a carry, or an annotation; nothing else."""
        values = self.reading.values.of(node)
        if not any(map(self._is_class, values)):
            named = node.id if isinstance(node, ast.Name) else node.attr
            if named == self.wrapper.name and any(
                isinstance(value, Unknown | Dotted) for value in values
            ):
                raise Keeps(f"what {named} is in {self.line(node)} is not known")
            return
        if len(values) != 1:
            raise Keeps(f"what stands in {self.line(node)} may be another class")
        if self.reading.guards.covers(node):
            raise Keeps(f"{self.line(node)} is for both APIs")
        outer = self.reading.source.parents[node]
        if isinstance(outer, ast.Attribute) and outer.value is node:
            return
        if isinstance(outer, ast.Call) and outer.func is node:
            return
        if not _is_annotation(self.reading, node):
            raise Keeps(f"the class is used as a value in {self.line(node)}")

    def _method(self, node: ast.Attribute) -> None:
        """Something's attribute of the static method's name."""
        values = self.reading.values.of(node.value)
        outer = self.reading.source.parents[node]
        called = outer if isinstance(outer, ast.Call) and outer.func is node else None
        classes, instances = map(self._is_class, values), map(self._is_instance, values)
        of_class, of_instance = any(classes), any(instances)
        if not of_class and not of_instance:
            if any(isinstance(value, Unknown) for value in values) and self._may_take(called):
                raise Keeps(f"{node.attr} in {self.line(node)} may be its own")
            return
        if called is None or len(values) != 1:
            raise Keeps(f"{node.attr} is handed on in {self.line(node)}, or may be another's")
        self.fresh.append(Fresh(called, node.value, self._arguments(called), of_instance))

    def _may_take(self, call: ast.Call | None) -> bool:
        if call is None or any(isinstance(a, ast.Starred) for a in call.args):
            return True
        names = self.wrapper.parameters
        keywords = [keyword.arg for keyword in call.keywords]
        if None in keywords:
            return True
        count = len(call.args) + len(keywords)
        fits = len(names) - self.wrapper.optional <= count <= len(names)
        return fits and set(keywords) <= set(names)

    def _arguments(self, call: ast.Call) -> dict[str, ast.expr]:
        names = self.wrapper.parameters
        keywords = {k.arg: k.value for k in call.keywords if k.arg is not None}
        known = not any(isinstance(a, ast.Starred) for a in call.args)
        given = {**dict(zip(names, call.args, strict=False)), **keywords}
        if (
            not known
            or len(keywords) != len(call.keywords)
            or not given.keys() <= set(names)
            or len(given) != len(call.args) + len(keywords)
            or not {self.wrapper.size, self.wrapper.batch or self.wrapper.size} <= given.keys()
        ):
            raise Keeps(f"the arguments in {self.line(call)} cannot be told apart")
        return given

    def _call(self, node: ast.Call) -> None:
        values = self.reading.values.of(node.func)
        if any(map(self._is_class, values)):
            self.built.append(node)
        elif any(map(self._is_instance, values)):
            self.applied.append(Applied(node, node.func, self._carry(node, 0), 0))
        elif isinstance(node.func, ast.Attribute) and node.func.attr in _APPLYING:
            if any(map(self._is_instance, self.reading.values.of(node.func.value))):
                carry = self._carry(node, 1)
                if any(keyword.arg == "method" for keyword in node.keywords):
                    return
                self.applied.append(Applied(node, node.func.value, carry, 1))

    def _carry(self, call: ast.Call, position: int) -> ast.expr | None:
        for keyword in call.keywords:
            if keyword.arg == self.wrapper.given:
                return keyword.value
        if len(call.args) <= position or any(
            isinstance(a, ast.Starred) for a in call.args[: position + 1]
        ):
            return None
        return call.args[position]


def _is_annotation(reading: Reading, node: ast.expr) -> bool:
    up: ast.AST = node
    for outer in reading.source.ancestors(node):
        match outer:
            case ast.arg(annotation=found) | ast.AnnAssign(annotation=found) if found is up:
                return True
            case ast.FunctionDef(returns=found) | ast.AsyncFunctionDef(returns=found) if (
                found is up
            ):
                return True
            case ast.Call(func=ast.Name(id="isinstance")):
                return True
            case ast.stmt():
                return False
        up = outer
    return False


def imports_unknown(reading: Reading, wrapper: Wrapper) -> Iterator[str]:
    """Names of the wrapper that are imported from a place that cannot be followed."""
    for bindings in reading.scopes.module.bindings.values():
        for binding in bindings:
            if binding.imported is not None and binding.imported.endswith(f".{wrapper.name}"):
                if Dotted(binding.imported) in reading.values.imported(binding.imported):
                    yield binding.imported
