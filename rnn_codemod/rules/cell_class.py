"""The class statement of a user's cell: which can be rewritten, and how."""

from __future__ import annotations

import ast
from dataclasses import replace

from rnn_codemod.editing.edits import AddLines, Edit, Replace
from rnn_codemod.reading.definitions import is_static, methods
from rnn_codemod.reading.kinds import CarryForm, Kind
from rnn_codemod.reading.own_carry import (
    deletes_size,
    is_named,
    is_spatial,
    legacy_method,
    parameters,
    reads_size,
)
from rnn_codemod.reading.scopes import Binding
from rnn_codemod.reading.value import CellClass, Value
from rnn_codemod.rules.rule import CannotWrite, Context

AXES = "num_feature_axes"


class Unread(CannotWrite):
    """A file may use a class and cannot be read."""

    def __init__(self, path: str, name: str) -> None:
        super().__init__(f"{path} may use {name} and cannot be read")
        self.path = path


def other_files(context: Context, definition: ast.ClassDef | ast.FunctionDef) -> list[Context]:
    """The file that defines the class or function, and the given files that may use it."""
    if context.world is None:
        return []
    home = context.world.owner(definition)
    readings = [home] if home is not None else []
    for path in context.users.get(definition.name, ()):
        reading = context.world.reading(path)
        if reading is None:
            raise Unread(path, definition.name)
        readings.append(reading)
    others = [r for r in dict.fromkeys(readings) if r is not context.reading]
    return [replace(context, reading=reading) for reading in others]


def check_class(context: Context, kind: Kind, node: ast.ClassDef, method: ast.FunctionDef) -> None:
    """Raise CannotWrite unless the class that defines the carry can get a field before all."""
    bases = [value for base in node.bases for value in _bases(context, base)]
    derives = len(bases) == 1 and isinstance(bases[0], CellClass)
    if not derives or any(isinstance(b, CellClass) and b.kind.definition for b in bases):
        raise CannotWrite(f"{node.name} has other bases, whose fields may stand before its own")
    if reads_size(method):
        if kind.sized:
            raise CannotWrite(
                f"{node.name} already has a field features, which may not be the size"
            )
        _check_features(context, node)
    elif deletes_size(method):
        raise CannotWrite("initialize_carry deletes the size, which it will not be given")
    elif kind.carry is not CarryForm.ANY:
        raise CannotWrite(f"{node.name} derives from a cell of flax, which needs features")
    bound = not is_static(method)
    others = [d for d in method.decorator_list if not (bound and _is_nowrap(context, d))]
    if len(others) != (0 if bound else 1):
        raise CannotWrite("initialize_carry has other decorators")


def _bases(context: Context, base: ast.expr) -> frozenset[Value]:
    """What a base may be, without the ``object`` that stands in where flax is not installed."""
    values = context.reading.values
    found = values.scopes.lookup(base.id, base) if isinstance(base, ast.Name) else None
    bound = [binding for binding in found[1] if not _is_object(context, binding)] if found else []
    if len(bound) == 1 and bound[0].imported is not None:
        return values.imported(bound[0].imported)
    return values.of(base)


def _is_object(context: Context, binding: Binding) -> bool:
    value = binding.value
    plain = isinstance(value, ast.Name) and value.id == "object" and not binding.path
    return plain and value is not None and context.reading.scopes.lookup("object", value) is None


def check_derived(context: Context, node: ast.ClassDef, kind: Kind, base: Kind) -> None:
    """Raise CannotWrite unless the class ``node`` only inherits the carry of ``base``."""
    if kind.carry_class is not base.carry_class:
        raise CannotWrite(f"{node.name} derives from {base.name} and has a carry of its own")
    if len(node.bases) != 1 or node.keywords:
        raise CannotWrite(f"{node.name} has other bases, whose fields may stand before its own")
    method = legacy_method(base.carry_class) if base.carry_class is not None else None
    if method is not None and not reads_size(method):
        return  # The class gets no field.
    if kind.sized:
        raise CannotWrite(f"{node.name} has a field features, which may not be the size")
    _check_features(context, node)


def _is_nowrap(context: Context, decorator: ast.expr) -> bool:
    return context.reading.values.dotted(decorator) == "flax.linen.nowrap"


def _check_features(context: Context, node: ast.ClassDef) -> None:
    """Raise CannotWrite where a class gives the name of the new field another meaning."""
    bound = context.reading.scopes.of(node).bindings
    if "features" in bound or context.reading.values.stores(node, "features"):
        raise CannotWrite(f"{node.name} already has something of the name features")


def class_edits(
    context: Context, kind: Kind, method: ast.FunctionDef, *, initialized: bool
) -> list[Edit]:
    """features, the method of an instance and num_feature_axes. Raises CannotWrite.

    ``initialized`` says that some carry is created with more than (rng, batch_dims, size).
    """
    source = context.reading.source
    args, static = parameters(method), is_static(method)
    _check_names(method)
    rng, batch, size = args[:3]
    me = "self" if static else method.args.args[0].arg
    lines = []
    spatial = kind.definition is not None and is_spatial(kind.definition) and reads_size(method)
    if spatial and context.reading.scopes.lookup("len", method.body[0]) is not None:
        raise CannotWrite("len has another meaning where the axes are to be counted")
    if reads_size(method):
        stop = f" len(input_shape) - len({me}.features)" if spatial else "-1"
        lines.append(f"{batch.arg}, {size.arg} = input_shape[:{stop}], {me}.features")
    elif any(is_named(node, batch.arg) for node in ast.walk(method)):
        lines.append(f"{batch.arg} = input_shape[:-1]")
    last = _with_default(method, size)
    if not initialized and _only_init_fn(context, method):
        last = method.args.defaults[-1]
        if any(is_named(node, args[3].arg) for node in ast.walk(method)):
            lines.append(f"{args[3].arg} = {source.segment(last)}")
    start, end = source.span(rng if static else batch)[0], source.span(last)[1]
    if "#" in source.text[start:end]:
        raise CannotWrite("a comment stands among the parameters of initialize_carry")
    shape = "input_shape"
    if batch.annotation is not None:
        shape = f"{shape}: {source.segment(batch.annotation)}"
    edits: list[Edit] = []
    if static:
        between = source.text[source.span(rng)[1] : source.span(batch)[0]]
        shape = between.join(("self", source.segment(rng), shape))
        edits.append(Replace(source.span(method.decorator_list[0]), _nowrap(context)))
    edits.append(Replace((start, end), shape))
    if lines:
        edits.append(AddLines(_first_statement(context, method), tuple(lines)))
    definition = kind.definition
    if kind.carry is CarryForm.ANY and definition is not None:
        if reads_size(method):
            kept = "tuple[int, ...]" if spatial else "int"
            edits.append(_features_field(context, definition, kept))
        if not knows_its_axes(definition):
            number = "len(self.features)" if spatial else "1"
            edits.append(feature_axes(context, method, number))
    return edits


def _with_default(method: ast.FunctionDef, parameter: ast.arg) -> ast.expr | ast.arg:
    """The last node of what is written for a parameter."""
    args = method.args
    behind = len(args.args) - args.args.index(parameter)
    return args.defaults[-behind] if behind <= len(args.defaults) else parameter


def _only_init_fn(context: Context, method: ast.FunctionDef) -> bool:
    """Whether init_fn is all that may be given besides, with a default that the body may name."""
    args = method.args
    if [arg.arg for arg in parameters(method)[3:]] != ["init_fn"] or args.kwonlyargs:
        return False
    own = {arg.arg for arg in args.args}
    default = [node for node in ast.walk(args.defaults[-1]) if isinstance(node, ast.Name)]
    lookup = context.reading.scopes.lookup
    found = [lookup(node.id, node) for node in default]
    return not own & {node.id for node in default} and not any(
        isinstance(scope[0].node, ast.ClassDef) for scope in found if scope is not None
    )


def _check_names(method: ast.FunctionDef) -> None:
    """Raise CannotWrite where the new parameters would hide what the method speaks of."""
    own = {arg.arg for arg in parameters(method)[1:3]}
    used = {node.id for node in ast.walk(method) if isinstance(node, ast.Name)}
    others = {arg.arg for arg in ast.walk(method) if isinstance(arg, ast.arg)}
    new = {"self", "input_shape"} if is_static(method) else {"input_shape"}
    if new & ((used | others) - own):
        raise CannotWrite("initialize_carry already uses the name self or input_shape")


def _nowrap(context: Context) -> str:
    for alias, bindings in context.reading.scopes.module.bindings.items():
        if any(binding.imported == "flax.linen" for binding in bindings):
            return f"{alias}.nowrap"
        if any(binding.imported == "flax" for binding in bindings):
            return f"{alias}.linen.nowrap"
    raise CannotWrite("flax.linen is not imported, and nn.nowrap is needed")


def _first_statement(context: Context, method: ast.FunctionDef) -> int:
    body = method.body
    documented = len(body) > 1 and ast.get_docstring(method, clean=False) is not None
    statement = body[1] if documented else body[0]
    source = context.reading.source
    if source.indentation(statement) is None:
        raise CannotWrite("initialize_carry stands on one line")
    at = source.span(statement)[0]
    for line in reversed(source.line_starts[: statement.lineno - 1]):
        above = source.text[line : source.line_end(line)]
        if not above.lstrip().startswith("#"):
            break
        at = line + len(above) - len(above.lstrip())  # What is said of it stays with it.
    return at


def _features_field(context: Context, node: ast.ClassDef, kept: str) -> Edit:
    fields = [s for s in node.body if isinstance(s, ast.AnnAssign)]
    documented = ast.get_docstring(node, clean=False) is not None
    body = node.body[1:] if documented else node.body
    first = fields[0] if fields else body[0]
    if context.reading.source.indentation(first) is None:
        raise CannotWrite("the class stands on one line")
    at = first
    if isinstance(first, ast.FunctionDef) and first.decorator_list:
        start = context.reading.source.span(first.decorator_list[0])[0]
        before = context.reading.source.text.rindex("@", 0, start)
    else:
        before = context.reading.source.span(at)[0]
    return AddLines(before, (f"features: {kept}",) if fields else (f"features: {kept}", ""))


def knows_its_axes(node: ast.ClassDef) -> bool:
    """Whether the class body gives num_feature_axes a meaning."""
    bound = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return AXES in methods(node) | bound


def feature_axes(context: Context, method: ast.FunctionDef, number: str = "1") -> Edit:
    """num_feature_axes behind a method of the class."""
    source = context.reading.source
    start = source.line_starts[method.lineno - 1]
    indent = source.text[start : source.span(method)[0]]
    inner = source.indentation(method.body[0]) or f"{indent}    "
    at = source.line_end(source.span(method)[1])
    new = source.newline
    lines = [
        "",
        f"{indent}@property",
        f"{indent}def num_feature_axes(self) -> int:",
        f"{inner}return {number}",
    ]
    return Replace((at, at), new + new.join(lines))
