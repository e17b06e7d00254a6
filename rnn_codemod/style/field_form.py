"""The wrapper knows its width: a field ``features``, and a method that makes the carry from it."""

from __future__ import annotations

import ast

from rnn_codemod.editing.edits import AddArgument, DropArgument, Edit, NameArgument, Replace, Span
from rnn_codemod.reading.facts import CarryCall
from rnn_codemod.reading.kinds import CarryForm
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.source import Source
from rnn_codemod.reading.width import Width
from rnn_codemod.rules.axes import one_line, shape_tuple
from rnn_codemod.rules.carry_init import carry_init
from rnn_codemod.rules.forms import (
    after_receiver,
    argument_index,
    carry_arguments,
    constructor,
    inside_function,
    size_in_shape,
)
from rnn_codemod.rules.rule import Context
from rnn_codemod.style.uses import Fresh, Uses
from rnn_codemod.style.widths import Features, features
from rnn_codemod.style.wrapper import Keeps, Wrapper, fields, is_reset

WRAPPER = "a wrapper is told the width of its carry in every call"
CELL = "the cell of a wrapper that now has features"
USE = "a use of a wrapper that now has features"

Site = tuple[ast.AST, str, list[Edit]]
"""A place to report, what is said of it, and the edits that belong to it."""


def definition(context: Context, wrapper: Wrapper) -> list[Site]:
    """The class itself. Raises Keeps or CannotWrite."""
    width = Width("self.features", "the field of the wrapper")
    return [
        (
            wrapper.carry.node,
            WRAPPER,
            [
                features_field(context.reading, wrapper.node),
                *_method(context.reading, wrapper),
                *_carry(context, wrapper),
            ],
        ),
        (wrapper.made.node, CELL, constructor(context, wrapper.made, width)),
    ]


def uses_of(context: Context, uses: Uses) -> list[Site]:
    """The uses in one file. Raises Keeps or CannotWrite."""
    widths = {built: features(uses, built) for built in uses.built}
    sites: list[Site] = [(built, USE, [new_field(uses, built, widths[built])]) for built in widths]
    sites += [(fresh.node, USE, _fresh(context, uses, fresh, widths)) for fresh in uses.fresh]
    return sites


def features_field(reading: Reading, node: ast.ClassDef) -> Edit:
    """``features: int`` behind the fields that must be given, before those that need not be."""
    source = reading.source
    required = [field for field in fields(node) if field.value is None]
    documented = ast.get_docstring(node, clean=False) is not None
    inner = source.indentation(node.body[0])
    if inner is None:
        raise Keeps("it stands on one line")
    if required:
        after: ast.AST = required[-1]
        end = source.span(after)[1]
    elif documented:
        end = source.span(node.body[0])[1]
    else:
        first = node.body[0]
        decorators = getattr(first, "decorator_list", [])
        start = source.span(decorators[0] if decorators else first)[0]
        end = source.text.rindex(":", 0, _header_end(reading, node, start)) + 1
    at = source.line_end(end)
    following = source.text[at:].split(source.newline, 2)[1:2]
    blank = bool(following) and not following[0].strip()
    tight = bool(required) or blank or _field_follows(node, documented)
    before = (
        source.newline if documented and not required and not _field_follows(node, True) else ""
    )
    new = source.newline
    line = f"{new}{before}{inner}features: int"
    return Replace((at, at), line if tight else f"{line}{new}")


def _header_end(reading: Reading, node: ast.ClassDef, limit: int) -> int:
    """Where the header of a class may end at the latest: the line end behind its bases."""
    end = reading.source.span(node.bases[-1])[1]
    return min(limit, reading.source.line_end(reading.source.text.index(":", end)))


def _field_follows(node: ast.ClassDef, documented: bool) -> bool:
    body = node.body[1:] if documented else node.body
    return bool(body) and isinstance(body[0], ast.AnnAssign)


def nowrap(reading: Reading) -> str:
    """How this file writes ``nn.nowrap``. Raises Keeps."""
    for alias, bindings in reading.scopes.module.bindings.items():
        if any(binding.imported == "flax.linen" for binding in bindings):
            return f"{alias}.nowrap"
        if any(binding.imported == "flax" for binding in bindings):
            return f"{alias}.linen.nowrap"
    raise Keeps("flax.linen has no name in its file, and nn.nowrap is needed")


def _method(reading: Reading, wrapper: Wrapper) -> list[Edit]:
    """``@nn.nowrap`` and ``(self, ...)`` without the width."""
    source, args = reading.source, wrapper.method.args.args
    edits: list[Edit] = [
        Replace(source.span(wrapper.method.decorator_list[0]), nowrap(reading)),
    ]
    position = wrapper.parameters.index(wrapper.size)
    if position == 0:
        edits.append(Replace(source.span(args[0]), "self"))
    else:
        first = f"self, {_new_name(wrapper, args[0])}"
        edits.append(Replace(_name(source, args[0]), first))
        before, gone = args[position - 1], args[position]
        defaults = wrapper.method.args.defaults
        if len(args) - len(defaults) < position:
            raise Keeps(f"{wrapper.method.name} has a parameter with a default before the width")
        start, end = source.span(before)[1], source.span(gone)[1]
        if "#" in source.text[start:end]:
            raise Keeps("a comment stands among the parameters of its carry method")
        edits.append(Replace((start, end), ""))
    edits += [
        Replace(_name(source, arg), _new_name(wrapper, arg))
        for arg in args[1:]
        if arg.arg == wrapper.batch
    ]
    return edits


def _new_name(wrapper: Wrapper, parameter: ast.arg) -> str:
    return "input_shape" if parameter.arg == wrapper.batch else parameter.arg


def _name(source: Source, parameter: ast.arg) -> Span:
    """The name of a parameter, without its annotation."""
    start = source.span(parameter)[0]
    return start, start + len(parameter.arg)


def _carry(context: Context, wrapper: Wrapper) -> list[Edit]:
    """``Cell(features=self.features, parent=None).initialize_carry(rng, input_shape)``."""
    reading, carry = context.reading, wrapper.carry
    given = ["features=self.features"]
    initializer = carry_init(reading, carry)
    if initializer is not None:
        given.append(f"carry_init={initializer}")
    given.append("parent=None")
    at = after_receiver(reading, carry)
    shape = "input_shape"
    if wrapper.batch is None:
        shape = shape_tuple(reading, carry.parts["batch_dims"], "self.features")
    return [
        Replace((at, at), f"({', '.join(given)})"),
        *carry_arguments(context, carry, shape),
    ]


def new_field(uses: Uses, built: ast.Call, width: Features) -> Edit:
    """``features`` for one construction. Raises Keeps."""
    line = uses.line(built)
    if len(built.args) > len(uses.wrapper.required_fields):
        raise Keeps(f"{line} gives it fields by position, behind which features would come")
    if any(isinstance(a, ast.Starred) for a in built.args) or any(
        keyword.arg is None for keyword in built.keywords
    ):
        raise Keeps(f"its fields are unpacked in {line}")
    span = uses.reading.source.span(built)
    return AddArgument(span, "features", one_line(width.text), first=not built.args)


def _fresh(
    context: Context, uses: Uses, fresh: Fresh, widths: dict[ast.Call, Features]
) -> list[Edit]:
    """One call of what was the static method."""
    reading, wrapper = uses.reading, uses.wrapper
    source, purity = reading.source, reading.purity
    size = fresh.given[wrapper.size]
    others = [value for name, value in fresh.given.items() if name != wrapper.size]
    if not purity.pure(size) and not all(map(purity.pure, others)):
        raise Keeps(f"in {uses.line(fresh.node)} the width would be evaluated before the rest")
    edits: list[Edit] = []
    last = size_in_shape(context, size)
    if uses.own(fresh.receiver):
        _check_own(uses, fresh)
        last = "self.features"
    elif fresh.instance:
        built = uses.made(fresh.receiver)
        if built is None or not _knows(uses, widths[built], built, fresh):
            raise Keeps(f"in {uses.line(fresh.node)} an instance is asked for another width")
    else:
        name = _instance_before(uses, fresh, widths)
        if name is not None:
            edits.append(Replace(source.span(fresh.receiver), name))
        else:
            edits.append(_detached(uses, fresh, size))
    call = source.span(fresh.node)
    edits.append(DropArgument(call, argument_index(fresh.node, size)))
    if wrapper.batch is not None:
        batch = fresh.given[wrapper.batch]
        edits.append(Replace(source.span(batch), shape_tuple(reading, batch, last)))
        if any(keyword.arg == wrapper.batch for keyword in fresh.node.keywords):
            edits.append(NameArgument(call, argument_index(fresh.node, batch), "input_shape"))
    return edits


def _detached(uses: Uses, fresh: Fresh, size: ast.expr) -> Edit:
    if uses.wrapper.required_fields:
        raise Keeps(f"{uses.line(fresh.node)} knows no instance, nor the other fields of one")
    given = [f"features={one_line(uses.reading.source.segment(size))}"]
    if inside_function(uses.reading, fresh.node):
        given.append("parent=None")
    asked = CarryCall(fresh.node, fresh.receiver, frozenset(), frozenset(), {})
    at = after_receiver(uses.reading, asked)
    return Replace((at, at), f"({', '.join(given)})")


def _check_own(uses: Uses, fresh: Fresh) -> None:
    """Raise Keeps unless ``self`` is asked for a carry of the carry's own width."""
    wrapper, reading = uses.wrapper, uses.reading
    size = ast.unparse(fresh.given[wrapper.size])
    pair = wrapper.made.carry_form is CarryForm.PAIR
    widths = {f"{wrapper.given}{'[0]' if pair else ''}.shape[-1]"}
    if pair:
        widths.add(f"{wrapper.given}[1].shape[-1]")
    if size in widths and reading.source.function(fresh.node) is wrapper.call:
        bound = reading.scopes.of(wrapper.call).bindings[wrapper.given]
        if len(bound) == 1:
            return
    reset = reading.source.parents[fresh.node]
    plain = not pair and "init_fn" not in wrapper.carry.parts
    if plain and isinstance(reset, ast.Call):
        for carry in reset.args:
            if isinstance(carry, ast.Name) and carry.id in _carries(wrapper):
                if is_reset(reading, reset, carry, wrapper.method) is fresh.node:
                    return
    raise Keeps(f"in {uses.line(fresh.node)} it asks itself for a carry of another width")


def _carries(wrapper: Wrapper) -> set[str]:
    """The names under which ``__call__`` knows its carry until its cell has it."""
    applied = wrapper.applied.carry
    return {wrapper.given, applied.id if isinstance(applied, ast.Name) else wrapper.given}


def _knows(uses: Uses, width: Features, built: ast.Call, fresh: Fresh) -> bool:
    size = fresh.given[uses.wrapper.size]
    return (
        width.size is not None
        and ast.dump(width.size) == ast.dump(size)
        and uses.reading.purity.portable(size, size, built)
    )


def _instance_before(uses: Uses, fresh: Fresh, widths: dict[ast.Call, Features]) -> str | None:
    """The name of an instance of this width that is built before, in the same function."""
    source = uses.reading.source
    for built, width in widths.items():
        statement = source.statement(built)
        if not isinstance(statement, ast.Assign) or statement.value is not built:
            continue
        target = statement.targets[0]
        if len(statement.targets) != 1 or not isinstance(target, ast.Name):
            continue
        block = source.parents[statement]
        mine = uses.reading.scopes.lookup(target.id, fresh.node)
        other = uses.reading.scopes.lookup(target.id, statement)
        if (
            mine is not None
            and other is not None
            and mine[0] is other[0]
            and len(mine[1]) == 1
            and source.function(fresh.node) is source.function(built)
            and any(up is block for up in source.ancestors(fresh.node))
            and source.span(statement)[1] <= source.span(fresh.node)[0]
            and _knows(uses, width, built, fresh)
        ):
            return target.id
    return None
