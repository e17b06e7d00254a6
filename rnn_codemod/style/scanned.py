"""``__call__`` under a scan decorator with nothing in it but the cell."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from rnn_codemod.reading.kinds import transform_name
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.source import lines
from rnn_codemod.rules.axes import one_line
from rnn_codemod.style.wrapper import Keeps, Wrapper
from rnn_codemod.targets import cell_class

_OPTIONS = {"variable_broadcast", "split_rngs", "in_axes", "out_axes", "reverse", "unroll"}
_LITERALS = ast.Constant | ast.Dict | ast.Tuple | ast.List | ast.expr_context


@dataclass(frozen=True)
class Scanned:
    """How the carry and the lifted cell are written inside ``__call__``."""

    decorator: ast.Call
    lifting: str
    """``nn.scan(Cell, ...)``; lines after the first are indented from the decorator's column."""
    given: str
    """The arguments of the lifted cell."""
    rng: str
    input: str
    axis: int
    """The time axis of the input."""
    batch: str
    """The parameter for the batch axes."""
    whole: bool
    """Whether that parameter is all of ``batch_dims``, or its one element."""


def scanned(reading: Reading, wrapper: Wrapper, target: str) -> Scanned:
    """Understand the class. Raises Keeps."""
    call = wrapper.call
    if len(call.decorator_list) != 2 or len(call.args.args) != 3:
        raise Keeps("__call__ is not a scan over one input")
    if call.args.defaults or call.args.kwonlyargs or call.args.vararg or call.args.kwarg:
        raise Keeps("__call__ is not a scan over one input")
    decorator, compact = call.decorator_list
    if reading.values.dotted(compact) != "flax.linen.compact" or not isinstance(
        decorator, ast.Call
    ):
        raise Keeps("__call__ is not a scan over one input")
    options = _options(reading, decorator)
    _check_body(reading, wrapper)
    batch, whole = _batch(wrapper)
    match options.get("in_axes", ast.Constant(0)):
        case ast.Constant(value=int(axis)) if axis in (0, 1):
            pass
        case _:
            raise Keeps("the time axis is not told")
    return Scanned(
        decorator,
        _lifting(reading, decorator, wrapper, target),
        _given(reading, wrapper),
        _rng(reading, wrapper),
        call.args.args[2].arg,
        axis,
        batch,
        whole,
    )


def _options(reading: Reading, decorator: ast.Call) -> dict[str, ast.expr]:
    if reading.values.dotted(decorator.func) != "functools.partial" or len(decorator.args) != 1:
        raise Keeps("__call__ is not decorated by functools.partial(nn.scan, ...)")
    if transform_name(reading.values.dotted(decorator.args[0]) or "") != "scan":
        raise Keeps("__call__ is not decorated by functools.partial(nn.scan, ...)")
    options = {keyword.arg: keyword.value for keyword in decorator.keywords if keyword.arg}
    if len(options) != len(decorator.keywords) or not options.keys() <= _OPTIONS:
        raise Keeps("the scan has options that are not understood")
    if not all(
        isinstance(part, _LITERALS) for value in options.values() for part in ast.walk(value)
    ):
        raise Keeps("the options of the scan are no literals")
    return options


def _check_body(reading: Reading, wrapper: Wrapper) -> None:
    """Raise Keeps unless the body is ``return Cell(...)(carry, x)``, in one or two statements."""
    applied = wrapper.applied.node
    documented = ast.get_docstring(wrapper.call, clean=False) is not None
    body = wrapper.call.body[1:] if documented else wrapper.call.body
    match body:
        case [ast.Return(value=value)] if value is applied:
            pass
        case [
            ast.Assign(targets=[ast.Tuple() as bound], value=value),
            ast.Return(value=ast.Tuple() as returned),
        ] if value is applied and ast.unparse(bound) == ast.unparse(returned):
            pass
        case _:
            raise Keeps("__call__ does more in each step than its cell")
    given = [ast.unparse(argument) for argument in applied.args]
    wanted = [arg.arg for arg in wrapper.call.args.args[1:]]
    if applied.keywords or given != wanted or applied.func is not wrapper.made.node:
        raise Keeps("__call__ does more in each step than its cell")
    if wrapper.made.may_set("param_dtype") or reading.wide_floats:
        raise Keeps("the carry would change its dtype")
    if any(cls.lifted for cls in wrapper.made.classes) or "init_fn" in wrapper.carry.parts:
        raise Keeps("the cell is lifted already, or its carry is not zeros")
    spoken = ast.get_docstring(wrapper.call, clean=False) or ""
    if wrapper.given in spoken:
        raise Keeps("the docstring of __call__ speaks of the carry")
    if len(wrapper.method.body) != 1:
        raise Keeps("the method does more than make the carry")


def _batch(wrapper: Wrapper) -> tuple[str, bool]:
    if len(wrapper.parameters) != 2:
        raise Keeps("the method takes more than batch axes and width")
    (name,) = [name for name in wrapper.parameters if name != wrapper.size]
    match wrapper.carry.parts["batch_dims"]:
        case ast.Name(id=found) if found == name:
            return name, True
        case ast.Tuple(elts=[ast.Name(id=found)]) if found == name:
            return name, False
    raise Keeps("the batch axes are computed")


def _rng(reading: Reading, wrapper: Wrapper) -> str:
    rng = wrapper.carry.parts["rng"]
    for part in ast.walk(rng):
        if isinstance(part, ast.Name):
            found = reading.scopes.lookup(part.id, rng)
            if found is None or not isinstance(found[0].node, ast.Module) or len(found[1]) != 1:
                raise Keeps("the key of the carry is not known in __call__")
            if part.id in {arg.arg for arg in wrapper.call.args.args}:
                raise Keeps("the key of the carry is not known in __call__")
    if not reading.purity.pure(rng):
        raise Keeps("the key of the carry is made by a call with effects")
    return one_line(reading.source.segment(rng))


def _lifting(reading: Reading, decorator: ast.Call, wrapper: Wrapper, target: str) -> str:
    """The decorator's call with the cell's class for the function it decorated."""
    source = reading.source
    scan = decorator.args[0]
    opening = source.text.index("(", source.span(decorator.func)[1]) + 1
    start, end = source.span(scan)
    gap, rest = source.text[opening:start], source.text[end : source.span(decorator)[1]]
    if "#" in gap + rest:
        raise Keeps("a comment stands in the decorator")
    indent = source.indentation(wrapper.call.body[0]) or ""
    column = source.text[source.line_starts[decorator.lineno - 1] : source.span(decorator)[0] - 1]
    if column.strip() or not indent.startswith(column):
        raise Keeps("the decorator does not begin its line")
    cell = cell_class(reading, wrapper.made.node.func, target)
    text = f"{source.segment(scan)}({gap}{cell}{rest}"
    first, *more = (line.rstrip("\r\n") for line in lines(text))
    return "\n".join([first, *(line.removeprefix(column) for line in more)])


def _given(reading: Reading, wrapper: Wrapper) -> str:
    """``features``, what the cell was given, and the name it had by itself."""
    made = wrapper.made
    (kind,) = made.kinds
    fields = kind.fields or ()
    if len(made.node.args) > len(fields) or any(
        isinstance(argument, ast.Starred) for argument in made.node.args
    ):
        raise Keeps("the positional arguments of the cell cannot be named")
    segment = reading.source.segment
    parts = ["features=self.features"]
    parts += [
        f"{name}={one_line(segment(value))}"
        for name, value in zip(fields, made.node.args, strict=False)
    ]
    parts += [one_line(segment(keyword)) for keyword in made.node.keywords]
    if made.keyword("name") is None and "name" not in fields[: len(made.node.args)]:
        parts.append(f'name="{kind.name}_0"')
    return ", ".join(parts)
