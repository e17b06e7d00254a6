"""How the refactored API is written: the forms that several rules share."""

from __future__ import annotations

import ast
import re

from rnn_codemod.editing.edits import (
    AddArgument,
    AddLines,
    DropArgument,
    Edit,
    MoveLines,
    MoveOut,
    NameArgument,
    Replace,
)
from rnn_codemod.reading.definitions import default_factory, is_future
from rnn_codemod.reading.facts import CarryCall, Construction
from rnn_codemod.reading.pairs import Pair
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.source import arguments
from rnn_codemod.reading.width import NoWidth, Width
from rnn_codemod.rules.axes import axes, one_line, shape_tuple, whole_shape
from rnn_codemod.rules.carry_init import carry_init, kept_dtype, makes_carries
from rnn_codemod.rules.rule import CannotWrite, Context
from rnn_codemod.targets import is_moved


def argument_index(call: ast.Call, value: ast.expr) -> int:
    for index, argument in enumerate(arguments(call)):
        if argument is value or getattr(argument, "value", None) is value:
            return index
    raise LookupError(ast.dump(value))


def inside_function(reading: Reading, node: ast.AST) -> bool:
    """Whether a cell built at ``node`` may find itself inside a module: then parent=None."""
    return reading.source.function(node) is not None


def after_receiver(reading: Reading, carry: CarryCall) -> int:
    """Where the receiver of ``receiver.initialize_carry`` ends, its brackets included."""
    end = reading.source.span(carry.receiver)[1]
    gap = reading.source.text[end : reading.source.span(carry.node.func)[1]]
    bracket = re.match(r"[\s)]*(?=\s*\.)", gap)
    if bracket is None or "#" in gap:
        raise CannotWrite("a comment stands between the class and the call")
    return end + len(bracket[0].rstrip())


def shaped_by_input(context: Context, carry: CarryCall, *size: str) -> list[Edit]:
    """(rng, batch_dims, size, init_fn) become (rng, input_shape).

    The shape is the sample input's where that is proved, else ``(*batch_dims, *size)``.
    """
    sample = None if carry.spatial else context.reading.samples.of(carry)
    if carry.spatial:
        size = tuple(axes(context.reading, carry.parts["size"]))
    if sample is None:
        batch = carry.parts["batch_dims"]
        shape = whole_shape(batch, size) or shape_tuple(context.reading, batch, *size)
        return carry_arguments(context, carry, shape)
    if context.options.target == "runtime" and _of_the_runtime(context.reading, carry):
        return carry_arguments(context, carry, sample, keyword="sample_input")
    return carry_arguments(context, carry, f"{sample}.shape")


def _of_the_runtime(reading: Reading, carry: CarryCall) -> bool:
    """Whether the cell will be one of rnn_runtime, whose carry can be made from an array."""
    made = [value.node for value in carry.instances]
    if carry.own or None in made or any(node not in reading.scopes for node in made if node):
        return False
    classes = [node.func for node in made if node is not None]
    return all(is_moved(reading, node) for node in classes or [carry.receiver])


def carry_arguments(
    context: Context, carry: CarryCall, shape: str, *, keyword: str = "input_shape"
) -> list[Edit]:
    """Put ``shape`` in the place of batch_dims, and drop size and init_fn.

    The method of a user's own cell is still given what it takes besides.
    """
    source = context.reading.source
    parts = carry.parts
    batch = parts["batch_dims"]
    call = source.span(carry.node)
    edits: list[Edit] = [Replace(_bracketed(context.reading, batch), shape)]
    for name in ("size",) if carry.own else ("size", "init_fn"):
        if name in parts:
            edits.append(DropArgument(call, argument_index(carry.node, parts[name])))
    if any(given.value is batch for given in carry.node.keywords):
        edits.append(NameArgument(call, argument_index(carry.node, batch), keyword))
    return edits


def _bracketed(reading: Reading, node: ast.expr) -> tuple[int, int]:
    """The span of an argument with the brackets around it."""
    start, end = reading.source.span(node)
    text = reading.source.text
    while True:
        left = re.search(r"\(\s*$", text[:start])
        right = re.match(r"\s*\)", text[end:])
        if not left or not right or left.start() <= _opening(reading, node):
            return start, end
        start, end = left.start(), end + right.end()


def _opening(reading: Reading, node: ast.expr) -> int:
    """Where the argument list that holds ``node`` opens."""
    call = next(up for up in reading.source.ancestors(node) if isinstance(up, ast.Call))
    end = reading.source.span(call.func)[1]
    return reading.source.text.index("(", end)


def evaluated_once(context: Context, carry: CarryCall) -> None:
    """Raise CannotWrite where the new form would evaluate the arguments in another order."""
    pure = context.reading.purity.pure
    parts = carry.parts
    size_pure = pure(parts["size"])
    init_pure = carry.own or "init_fn" not in parts or pure(parts["init_fn"])
    others = [parts["rng"], parts["batch_dims"]]
    if not (size_pure and init_pure) and not all(map(pure, others)):
        raise CannotWrite("the size would be evaluated before the other arguments")


def size_in_shape(context: Context, size: ast.expr) -> str:
    """How ``size`` is written as the last axis of the shape.

    Only the batch axes are read, so a size that must not be evaluated twice is 1 there.
    """
    if not context.reading.purity.cheap(size):
        return "1"
    return one_line(context.reading.source.segment(size))


def _needs_nothing_else(carry: CarryCall) -> None:
    """Raise CannotWrite where a cell cannot be built from its features alone."""
    for kind in carry.kinds:
        for field in kind.definition.body if kind.definition else ():
            if isinstance(field, ast.AnnAssign) and field.value is None:
                name = ast.unparse(field.target)
                raise CannotWrite(f"{kind.name} also needs {name}, and no instance is in sight")


def detached(context: Context, carry: CarryCall) -> list[Edit]:
    """``Cell(features=size, parent=None).initialize_carry(rng, (*batch_dims, size))``."""
    reading = context.reading
    evaluated_once(context, carry)
    _needs_nothing_else(carry)
    size = carry.parts["size"]
    fields = [f"features={one_line(reading.source.segment(size))}"]
    initializer = carry_init(reading, carry)
    if initializer is not None:
        fields.append(f"carry_init={initializer}")
    if inside_function(reading, carry.node):
        fields.append("parent=None")
    at = after_receiver(reading, carry)
    return [
        Replace((at, at), f"({', '.join(fields)})"),
        *shaped_by_input(context, carry, size_in_shape(context, size)),
    ]


def paired(context: Context, pair: Pair) -> list[Edit]:
    """One instance for the carry and its cell."""
    reading = context.reading
    carry = pair.carry
    evaluated_once(context, carry)
    statement = reading.source.statement(carry.node)
    before = reading.source.span(statement)[0]
    edits: list[Edit] = []
    name = pair.name
    if name is None:
        name = reading.fresh_name("cell", carry.node)
        edits.append(MoveOut(reading.source.span(pair.construction.node), name, before))
    elif pair.moved is not None:
        edits.append(MoveLines(reading.source.span(pair.moved), before))
    edits.append(Replace(reading.source.span(carry.receiver), name))
    size = carry.parts["size"]
    last = axes(reading, size) if carry.convolutional else [size_in_shape(context, size)]
    edits.extend(shaped_by_input(context, carry, *last))
    return edits


def is_paired(context: Context, construction: Construction) -> Pair | None:
    """The pair that a construction belongs to, where all rules for it are on."""
    if not pairs_allowed(context):
        return None
    return context.reading.pairs.of_construction(construction)


def pairs_allowed(context: Context) -> bool:
    needed = {"static_carry", "missing_features", "lifted_class", "positional_arguments"}
    return all(map(context.options.wants, needed))


def constructor(context: Context, made: Construction, width: Width) -> list[Edit]:
    """``features=`` first, positional arguments named, and the carry's dtype kept."""
    reading = context.reading
    span = reading.source.span(made.node)
    if made.node in reading.source.factories.values():
        return factory(context, made, width)
    edits: list[Edit] = [AddArgument(span, "features", one_line(width.text), first=True)]
    if made.node.args:
        edits.extend(named_arguments(reading, made))
    if width.library and not reading.scopes.imports(width.library):
        edits.append(import_line(reading, width.library))
    pair = is_paired(context, made)
    if any(kind.own_carry for kind in made.kinds):
        initializer = None
    elif pair is not None:
        initializer = carry_init(reading, pair.carry)
    elif makes_carries(reading, made):
        initializer = kept_dtype(reading, made)
    else:
        initializer = None
    if initializer is not None:
        edits.append(AddArgument(span, "carry_init", initializer))
    return edits


def factory(context: Context, made: Construction, width: Width) -> list[Edit]:
    """``default_factory=Cell`` becomes a function that gives the cell its fields, or a partial."""
    reading, cell = context.reading, made.node.func
    field = reading.source.statement(made.node)
    home = reading.source.parents[field]
    given = default_factory(field.value) if isinstance(field, ast.AnnAssign) else None
    if given is not reading.source.parents[made.node] or not isinstance(home, ast.ClassDef):
        raise CannotWrite("it is not known what calls this factory")
    for part in ast.walk(cell):
        found = reading.scopes.lookup(part.id, cell) if isinstance(part, ast.Name) else None
        if found is not None and found[0].node is home:
            raise CannotWrite("a lambda does not see the names of the class around it")
    if width.library and not reading.scopes.imports(width.library):
        raise CannotWrite(f"import {width.library} is missing")
    fields = {"features": one_line(width.text)}
    initializer = kept_dtype(reading, made) if makes_carries(reading, made) else None
    if initializer is not None:
        fields["carry_init"] = initializer
    span, text = reading.source.span(cell), reading.source.segment(cell)
    if isinstance(cell, ast.Call) and reading.values.dotted(cell.func) == "functools.partial":
        if isinstance(width.origin, ast.Constant):  # A name may be bound behind the class.
            return [AddArgument(span, name, value) for name, value in fields.items()]
    written = ", ".join(f"{name}={value}" for name, value in fields.items())
    return [Replace(span, f"lambda: {text}({written})")]


def import_line(reading: Reading, library: str) -> Edit:
    """``import library`` before the file's first import of a part of it, or of flax."""
    imports = [
        node
        for node in reading.source.tree.body
        if isinstance(node, ast.Import | ast.ImportFrom) and not is_future(node)
    ]
    parts = [node for node in imports if _module(node).startswith(f"{library}.")]
    first = (parts or imports)[0]
    if reading.source.indentation(first) is None:
        raise CannotWrite(f"import {library} is missing")
    return AddLines(reading.source.span(first)[0], (f"import {library}",))


def _module(node: ast.Import | ast.ImportFrom) -> str:
    return node.names[0].name if isinstance(node, ast.Import) else f"{node.module}."


def named_arguments(reading: Reading, made: Construction) -> list[Edit]:
    """Positional arguments under the names of the legacy fields."""
    fields = {kind.fields for kind in made.kinds}
    known = fields.pop() if len(fields) == 1 else None
    if known is None or len(made.node.args) > len(known):
        raise CannotWrite("the positional arguments cannot be named")
    if any(isinstance(argument, ast.Starred) for argument in made.node.args):
        raise CannotWrite("the positional arguments cannot be named")
    span = reading.source.span(made.node)
    return [NameArgument(span, index, known[index]) for index in range(len(made.node.args))]


def width_of(context: Context, made: Construction) -> Width | NoWidth:
    if made.spread is None:
        return NoWidth("the ** mapping may already hold features")
    pair = is_paired(context, made)
    if pair is not None:
        size = pair.carry.parts["size"]
        text = context.reading.source.segment(size)
        return Width(text, "the size that its carry is created with", size)
    return context.reading.sizes.width(made)


def recipe_for(context: Context, made: Construction, size: ast.expr | None = None) -> str:
    """The construction with its features, or ``size``, to be written by hand."""
    reading, function = context.reading, context.reading.source.function
    factories = reading.source.factories.values()
    carries = [
        use.carry
        for use in reading.sites.applications(made)[:1]
        if context.reading.purity.pure(use.carry) and function(use.node) is function(made.node)
    ]
    width = reading.carry_width.text(carries[0], made) if carries else None
    fields = next(iter(made.kinds)).fields or ()
    names = [f"{name}=" for name in fields] + [""] * len(made.node.args)
    given = [f"{name}{ast.unparse(a)}" for name, a in zip(names, made.node.args, strict=False)]
    given += [ast.unparse(keyword) for keyword in made.node.keywords]
    features = ast.unparse(ast.parse(width.strip())) if width else "<width of the carry>"
    features = ast.unparse(size) if size is not None else features
    call = f"{ast.unparse(made.node.func)}({', '.join([f'features={features}', *given])})"
    return f"default_factory=lambda: {call}" if made.node in factories else call
