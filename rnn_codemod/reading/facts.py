"""The recurrent sites of a file: constructions, carry calls, applications, RNN layers."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rnn_codemod.reading.bound_once import bound_once
from rnn_codemod.reading.kinds import RNN_FIELDS, CarryForm, Kind
from rnn_codemod.reading.mappings import dict_keys
from rnn_codemod.reading.own_carry import (
    is_bound,
    is_spatial,
    legacy_method,
    may_lack_size,
    parameters,
)
from rnn_codemod.reading.source import Function, Source
from rnn_codemod.reading.value import (
    CellClass,
    CellInstance,
    Dotted,
    FunctionValue,
    LiftedFunction,
    RnnClass,
    Value,
)
from rnn_codemod.reading.values import Values

LEGACY_CARRY = ("rng", "batch_dims", "size", "init_fn")
_CALLABLES = ("flax.linen.", "jax.nn.", "jax.numpy.", "jax.lax.")


@dataclass(frozen=True, eq=False)
class Construction:
    """A call of a cell class. ``legacy``: it gives no ``features``."""

    node: ast.Call
    classes: frozenset[CellClass]
    legacy: bool
    spread: frozenset[str] | None
    """The fields given by ``**mapping``; None where they are not known."""
    unsure: bool = False
    """Whether something else than these classes may be called."""

    @property
    def kinds(self) -> frozenset[Kind]:
        return frozenset(cls.kind for cls in self.classes)

    @property
    def carry_form(self) -> CarryForm:
        forms = {kind.carry for kind in self.kinds}
        return forms.pop() if len(forms) == 1 else CarryForm.ANY

    def may_set(self, name: str) -> bool:
        """Whether a field may have another value than its default."""
        own = any(
            kind.definition is not None and f"{name}:" in ast.unparse(kind.definition)
            for kind in self.kinds
        )
        bound = any(name in cls.bound for cls in self.classes)
        spread = self.spread is None or name in self.spread
        return own or bound or spread or self.keyword(name) is not None

    def keyword(self, name: str) -> ast.keyword | None:
        return next((k for k in self.node.keywords if k.arg == name), None)


@dataclass(frozen=True, eq=False)
class CarryCall:
    """``receiver.initialize_carry(rng, batch_dims, size, init_fn)`` on a cell."""

    node: ast.Call
    receiver: ast.expr
    classes: frozenset[CellClass]
    instances: frozenset[CellInstance]
    parts: dict[str, ast.expr]
    """The arguments by their legacy names; empty where they cannot be told apart."""
    unsure: bool = False
    """Whether the receiver may be something else than these."""

    @property
    def kinds(self) -> frozenset[Kind]:
        return frozenset(c.kind for c in self.classes | {i.cls for i in self.instances})

    @property
    def own(self) -> bool:
        """Whether the method is the user's own, not flax's."""
        return any(kind.own_carry for kind in self.kinds)

    @property
    def convolutional(self) -> bool:
        return any(kind.convolutional for kind in self.kinds)

    @property
    def spatial(self) -> bool:
        """Whether the user's own method takes a tuple as the size."""
        return any(kind.carry_class and is_spatial(kind.carry_class) for kind in self.kinds)


@dataclass(frozen=True, eq=False)
class Application:
    """``cell(carry, x)``, or ``cell.apply(variables, carry, x)``."""

    node: ast.Call
    cell: ast.expr
    carry: ast.expr
    sample: ast.expr | None


@dataclass(frozen=True, eq=False)
class RnnCall:
    """``nn.RNN(cell, cell_size)``."""

    node: ast.Call
    cell: ast.expr
    size: ast.expr


@dataclass(frozen=True, eq=False)
class Facts:
    constructions: tuple[Construction, ...]
    carries: tuple[CarryCall, ...]
    applications: tuple[Application, ...]
    layers: tuple[RnnCall, ...]
    modern: int
    """Sites that already are in the new form, or another library's."""

    def construction(self, node: ast.Call) -> Construction | None:
        return next((c for c in self.constructions if c.node is node), None)


def gather(source: Source, values: Values) -> Facts:
    """Find every recurrent site of a file in the order of the text."""
    constructions: list[Construction] = []
    carries: list[CarryCall] = []
    applications: list[Application] = []
    layers: list[RnnCall] = []
    modern = 0
    calls = [node for node in source.nodes if isinstance(node, ast.Call)]
    calls.sort(key=lambda node: source.span(node))
    for node in calls:
        called = values.of(node.func)
        classes = _classes(called)
        if classes:
            found = _construction(node, classes, values, unsure=len(called) > len(classes))
            constructions.append(found)
            modern += not found.legacy
        elif any(isinstance(v, RnnClass) and v.name == "RNN" for v in called):
            layer = rnn_layer(node)
            if layer is not None:
                layers.append(layer)
        if isinstance(node.func, ast.Attribute):
            if node.func.attr == "initialize_carry":
                carry = _carry_call(node, node.func.value, values)
                if carry is not None:
                    carries.append(carry)
                else:
                    modern += 1
            elif node.func.attr in ("apply", "init", "init_with_output"):
                if any(isinstance(v, CellInstance) for v in values.of(node.func.value)):
                    applications.extend(_application(node, node.func.value, node.args[1:]))
        if any(isinstance(v, LiftedFunction) and _applies(v.node) for v in called):
            cell = node.args[0] if node.args else None
            if cell is not None and any(isinstance(v, CellInstance) for v in values.of(cell)):
                applications.extend(_application(node, cell, node.args[1:2]))
        if any(isinstance(v, CellInstance) for v in called):
            applications.extend(_application(node, node.func, node.args))
    return Facts(tuple(constructions), tuple(carries), tuple(applications), tuple(layers), modern)


def _application(node: ast.Call, cell: ast.expr, given: list[ast.expr]) -> Iterator[Application]:
    parts = dict(zip(("carry", "inputs"), given, strict=False))
    parts.update({k.arg: k.value for k in node.keywords if k.arg})
    if "carry" in parts:
        yield Application(node, cell, parts["carry"], parts.get("inputs"))


def _applies(function: Function) -> bool:
    """Whether ``body(cell, carry, x)`` calls its first parameter with its second."""
    names = [arg.arg for arg in function.args.args]
    return len(names) > 1 and any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == names[0]
        and bool(node.args)
        and isinstance(node.args[0], ast.Name)
        and node.args[0].id == names[1]
        for node in ast.walk(function)
    )


def _classes(found: Iterable[Value]) -> frozenset[CellClass]:
    return frozenset(value for value in found if isinstance(value, CellClass))


def _construction(
    node: ast.Call, classes: frozenset[CellClass], values: Values, *, unsure: bool
) -> Construction:
    given = {keyword.arg for keyword in node.keywords}
    bound = frozenset[str]().union(*(cls.bound for cls in classes))
    spread: frozenset[str] | None = frozenset()
    for keyword in node.keywords:
        if keyword.arg is None:
            keys = dict_keys(keyword.value, values)
            spread = None if spread is None or keys is None else spread | keys
    sized = "features" in given | bound | (spread or frozenset())
    legacy = (
        not sized
        and not any(cls.kind.convolutional for cls in classes)
        and not any(cls.kind.sized for cls in classes)
        and (
            not node.args
            or all(cls.kind.own_carry for cls in classes)
            or _is_legacy_positional(node.args[0], values)
        )
    )
    return Construction(node, classes, legacy, spread, unsure)


def gives_features(call: ast.Call, values: Values) -> bool:
    """Whether a call of what is a cell class gives it features, by name or in the first place."""
    by_name = any(keyword.arg == "features" for keyword in call.keywords)
    return by_name or (bool(call.args) and not _is_legacy_positional(call.args[0], values))


def _is_legacy_positional(first: ast.expr, values: Values) -> bool:
    """Whether the first positional argument is an activation, not a width."""
    if isinstance(first, ast.Lambda | ast.Starred):
        return True
    return any(
        (isinstance(value, Dotted) and value.name.startswith(_CALLABLES))
        or isinstance(value, FunctionValue)
        for value in values.of(first)
    ) and not isinstance(first, ast.Call)


def _carry_call(node: ast.Call, receiver: ast.expr, values: Values) -> CarryCall | None:
    found = values.of(receiver)
    classes = _classes(found)
    instances = frozenset(value for value in found if isinstance(value, CellInstance))
    if not classes and not instances:
        return None
    keywords = {k.arg for k in node.keywords}
    owners = {value.kind.carry_class for value in classes}
    owners |= {value.cls.kind.carry_class for value in instances}
    fewest = 2 if any(owner is not None and may_lack_size(owner) for owner in owners) else 3
    if (
        not classes
        and arguments_of(values, node) < fewest
        and not keywords & {"batch_dims", "size", "init_fn"}
    ):
        return None
    if classes and keywords & {"input_shape", "sample_input"}:
        return None
    owner = owners.pop() if len(owners) == 1 else None
    of_a_method = bool(classes) and owner is not None and is_bound(owner)
    parts = {} if of_a_method else carry_parts(node, owner)
    unsure = len(found) > len(classes) + len(instances)
    return CarryCall(node, receiver, classes, instances, parts, unsure)


def arguments_of(values: Values, node: ast.Call) -> int:
    """How many arguments a call gives, those of a tuple that is written out one by one."""
    return len(node.keywords) + sum(len(written_out(values, it) or [it]) for it in node.args)


def written_out(values: Values, node: ast.expr) -> list[ast.expr]:
    """The elements of ``*arguments``, a tuple that is written there or bound once."""
    given = node.value if isinstance(node, ast.Starred) else None
    if isinstance(given, ast.Name):
        given = bound_once(values, given)
    return given.elts if isinstance(given, ast.Tuple | ast.List) else []


def carry_parts(node: ast.Call, owner: ast.ClassDef | None = None) -> dict[str, ast.expr]:
    """The arguments of a carry call by their legacy names; none where they are not these.

    What the method of a user's class ``owner`` takes besides is under its own name.
    """
    method = legacy_method(owner) if owner is not None else None
    order = list(LEGACY_CARRY) if method is None else [arg.arg for arg in parameters(method)]
    only_by_name = [] if method is None else [arg.arg for arg in method.args.kwonlyargs]
    names = dict(zip([*order, *only_by_name], [*order, *only_by_name], strict=True))
    names |= dict(zip(order, LEGACY_CARRY, strict=False))
    if any(isinstance(a, ast.Starred) for a in node.args) or len(node.args) > len(order):
        return {}
    if any(k.arg not in names for k in node.keywords):
        return {}
    parts = {names[name]: value for name, value in zip(order, node.args, strict=False)}
    parts.update({names[str(k.arg)]: k.value for k in node.keywords})
    needed = {"rng", "batch_dims"}
    if owner is None or not may_lack_size(owner):
        needed.add("size")
    return parts if needed <= parts.keys() else {}


def rnn_layer(node: ast.Call) -> RnnCall | None:
    """The layer that a call of nn.RNN makes, if it gives a size."""
    if any(isinstance(argument, ast.Starred) for argument in node.args):
        return None
    parts: dict[str, ast.expr] = dict(zip(RNN_FIELDS, node.args, strict=False))
    parts.update({k.arg: k.value for k in node.keywords if k.arg})
    size = parts.get("cell_size")
    if size is None or "cell" not in parts:
        return None
    if isinstance(size, ast.Constant) and isinstance(size.value, bool):
        return None
    return RnnCall(node, parts["cell"], size)


def given_features(made: Construction) -> ast.expr | None:
    """What a cell is given as its features, by name or as its first argument."""
    given = made.keyword("features")
    if given is not None:
        return given.value
    return made.node.args[0] if made.node.args else None
