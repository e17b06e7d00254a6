"""What a wrapper is: a module around one cell, with a static method that makes the cell's carry."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from rnn_codemod.reading.definitions import is_classmethod, is_static
from rnn_codemod.reading.facts import Application, CarryCall, Construction
from rnn_codemod.reading.kinds import CarryForm
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.source import Source

_MODULE = ("flax.linen.Module", "flax.linen.module.Module")
_OWN = {"__init__", "__new__", "__post_init__", "__setattr__", "__getattr__"}


class Keeps(Exception):
    """The wrapper keeps its signature; the message is the reason."""


@dataclass(frozen=True, eq=False)
class Wrapper:
    """A class whose cell and carry could know their width by a field ``features``."""

    home: Reading
    node: ast.ClassDef
    method: ast.FunctionDef
    """The static method that makes the carry."""
    carry: CarryCall
    """The one that the method returns."""
    size: str
    """The parameter of the method that is the width of the carry."""
    batch: str | None
    """The parameter that is ``batch_dims`` itself, if there is one."""
    made: Construction
    """The cell."""
    applied: Application
    call: ast.FunctionDef
    given: str
    """The parameter of ``__call__`` that is the carry."""

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(arg.arg for arg in self.method.args.args)

    @property
    def optional(self) -> int:
        """How many parameters of the method have a default."""
        return len(self.method.args.defaults)

    @property
    def required_fields(self) -> tuple[ast.AnnAssign, ...]:
        return tuple(field for field in fields(self.node) if field.value is None)


def fields(node: ast.ClassDef) -> list[ast.AnnAssign]:
    """The dataclass fields of a class, in order."""
    return [
        s
        for s in node.body
        if isinstance(s, ast.AnnAssign) and "ClassVar" not in ast.unparse(s.annotation)
    ]


def static_carries(reading: Reading, node: ast.ClassDef) -> list[tuple[ast.FunctionDef, CarryCall]]:
    """The legacy carries that static methods of a class make, each with its method."""
    found = []
    for carry in reading.facts.carries:
        function = reading.source.function(carry.node)
        if isinstance(function, ast.FunctionDef) and reading.source.parents[function] is node:
            if is_static(function) and carry.classes and not carry.instances:
                found.append((function, carry))
    return found


def wrappers(reading: Reading) -> Iterator[ast.ClassDef]:
    """The classes of a file with a static method around a legacy carry."""
    for node in reading.source.nodes:
        if isinstance(node, ast.ClassDef) and reading.values.cell_kind(node) is None:
            if static_carries(reading, node):
                yield node


def exported_wrappers(text: str) -> Iterator[str]:
    """``Class.method`` for what may be a wrapper to other files, by its looks alone.

    Raises SyntaxError, ValueError or RecursionError for a text that cannot be read.
    """
    for node in Source.parse(text).nodes:
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and is_static(method):
                    if any(
                        isinstance(part, ast.Attribute) and part.attr == "initialize_carry"
                        for part in ast.walk(method)
                    ):
                        yield f"{node.name}.{method.name}"


def read(reading: Reading, node: ast.ClassDef) -> Wrapper:
    """Understand a class of ``wrappers``. Raises Keeps."""
    _check_class(reading, node)
    found = static_carries(reading, node)
    if len(found) != 1:
        raise Keeps("it makes several carries")
    method, carry = found[0]
    size, batch = _parameters(reading, method, carry)
    made = _cell(reading, node, carry)
    call = next(
        (s for s in node.body if isinstance(s, ast.FunctionDef) and s.name == "__call__"), None
    )
    if call is None or len(call.args.args) < 2 or call.args.posonlyargs:
        raise Keeps("its __call__ is not given a carry")
    uses = reading.sites.applications(made)
    if len(uses) != 1 or reading.source.function(uses[0].node) is not call:
        raise Keeps("its cell is not applied once in __call__")
    given = call.args.args[1].arg
    if not _is_carry(reading, uses[0].carry, given, method, made):
        raise Keeps("its cell is applied to something else than the carry it is given")
    return Wrapper(reading, node, method, carry, size, batch, made, uses[0], call, given)


def _check_class(reading: Reading, node: ast.ClassDef) -> None:
    if reading.source.parents[node] is not reading.source.tree:
        raise Keeps("it is not defined at the top of its file")
    if len(reading.scopes.module.bindings[node.name]) != 1:
        raise Keeps("its name has several meanings")
    if len(node.bases) != 1 or reading.values.dotted(node.bases[0]) not in _MODULE:
        raise Keeps("it has other bases than flax.linen.Module")
    if node.keywords or node.decorator_list:
        raise Keeps("it has decorators or class keywords")
    bound = reading.scopes.of(node).bindings
    if _OWN & bound.keys():
        raise Keeps("it has an __init__ or the like of its own")
    if "features" in bound or any(
        isinstance(part, ast.Attribute) and part.attr == "features" for part in ast.walk(node)
    ):
        raise Keeps("it uses the name features for something already")
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
            if part.func.id in ("super", "setattr", "getattr", "vars"):
                raise Keeps(f"it calls {part.func.id}")


def _parameters(
    reading: Reading, method: ast.FunctionDef, carry: CarryCall
) -> tuple[str, str | None]:
    """The parameters for the width and, where there is one, for the batch axes."""
    args = method.args
    if len(method.decorator_list) != 1 or not isinstance(method.decorator_list[0], ast.Name):
        raise Keeps(f"{method.name} has other decorators")
    if args.posonlyargs or args.kwonlyargs or args.vararg or args.kwarg:
        raise Keeps(f"{method.name} takes its arguments in an unusual way")
    statement = reading.source.statement(carry.node)
    if not isinstance(statement, ast.Return) or statement.value is not carry.node:
        raise Keeps(f"{method.name} does not return the carry as it is made")
    if not carry.parts or len(carry.kinds) != 1:
        raise Keeps("the arguments of its carry are not (rng, batch_dims, size)")
    (kind,) = carry.kinds
    if kind.definition is not None or kind.convolutional or kind.carry is CarryForm.ANY:
        raise Keeps("its cell is not one of flax's dense cells")
    needed = {arg.arg for arg in args.args[: len(args.args) - len(args.defaults)]}
    size = carry.parts["size"]
    if not isinstance(size, ast.Name) or size.id not in needed or _count(method, size.id) != 1:
        raise Keeps(f"the width of the carry is not a parameter of {method.name}")
    batch = carry.parts["batch_dims"]
    whole = isinstance(batch, ast.Name) and batch.id in needed and _count(method, batch.id) == 1
    name = batch.id if whole and isinstance(batch, ast.Name) else None
    if any(isinstance(n, ast.Name) and n.id == "self" for n in ast.walk(method)):
        raise Keeps(f"{method.name} has a name self already")
    if name is not None and _knows(method, "input_shape"):
        name = None
    spoken = ast.get_docstring(method, clean=False) or ""
    if any(word and word in spoken for word in (size.id, name)):
        raise Keeps(f"the docstring of {method.name} speaks of its parameters")
    return size.id, name


def _count(method: ast.FunctionDef, name: str) -> int:
    return sum(isinstance(node, ast.Name) and node.id == name for node in ast.walk(method))


def _knows(method: ast.FunctionDef, name: str) -> bool:
    return any(
        (isinstance(node, ast.Name) and node.id == name)
        or (isinstance(node, ast.arg) and node.arg == name)
        for node in ast.walk(method)
    )


def _cell(reading: Reading, node: ast.ClassDef, carry: CarryCall) -> Construction:
    """The one cell that the class builds, in a method of an instance."""
    made = [
        c
        for c in reading.facts.constructions
        if reading.source.method_class(c.node) is node and c.kinds & carry.kinds
    ]
    if len(made) != 1 or made[0].kinds != carry.kinds or not made[0].legacy:
        raise Keeps("it does not build one cell of its carry's class")
    (cell,) = made
    function = reading.source.function(cell.node)
    if (
        not isinstance(function, ast.FunctionDef)
        or reading.source.parents[function] is not node
        or is_static(function)
        or is_classmethod(function)
        or [arg.arg for arg in function.args.args[:1]] != ["self"]
    ):
        raise Keeps("its cell is not built in a method of the instance")
    if cell.spread is None:
        raise Keeps("its cell is given a ** mapping that may hold features")
    if reading.sites.layers(cell) or reading.sites.own_carries(cell):
        raise Keeps("its cell makes other carries as well")
    return cell


def _is_carry(
    reading: Reading, node: ast.expr, given: str, method: ast.FunctionDef, made: Construction
) -> bool:
    """Whether an expression in ``__call__`` is the carry that was given, or one of its width."""
    if not isinstance(node, ast.Name):
        return False
    found = reading.scopes.lookup(node.id, node)
    if found is None:
        return False
    for binding in found[1]:
        if isinstance(binding.node, ast.arg):
            if binding.node.arg != given:
                return False
            continue
        value = binding.value
        if value is None:
            return False
        if binding.path == (0,) and _applies(reading, value, made):
            continue
        if binding.path or not any(
            isinstance(name, ast.Name)
            and name.id in (given, node.id)
            and (name is value or is_reset(reading, value, name, method))
            for name in ast.walk(value)
        ):
            return False
    return True


def _applies(reading: Reading, value: ast.expr, made: Construction) -> bool:
    return isinstance(value, ast.Call) and reading.sites.is_made_by(value.func, made)


def is_reset(
    reading: Reading, value: ast.expr, carry: ast.expr, method: ast.FunctionDef
) -> ast.Call | None:
    """The fresh carry in ``jnp.where(done, <fresh carry>, carry)``, in either order.

    It has the carry's width, or one that is broadcast to it; all of it are zeros.
    """
    match value:
        case ast.Call(func=func, args=[_, one, other], keywords=[]):
            if reading.values.dotted(func) != "jax.numpy.where":
                return None
            fresh = other if one is carry else one
            match fresh:
                case ast.Call(func=ast.Attribute(attr=attr)) if carry in (one, other):
                    return fresh if attr == method.name else None
    return None
