"""``nn.RNN(cell, cell_size)``: the size moves into the cell."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision, DropArgument, Edit, NameArgument
from rnn_codemod.reading.definitions import field_names, methods
from rnn_codemod.reading.facts import Construction, RnnCall, given_features, rnn_layer
from rnn_codemod.reading.kinds import RNN_FIELDS, Kind
from rnn_codemod.reading.source import arguments
from rnn_codemod.reading.value import CellInstance, ModuleClass, RnnClass, Value
from rnn_codemod.reading.values import Values
from rnn_codemod.reading.width import NoWidth
from rnn_codemod.rules.axes import last_axis
from rnn_codemod.rules.forms import argument_index, constructor, recipe_for, width_of
from rnn_codemod.rules.rule import CannotWrite, Context, Rule

MESSAGE = "nn.RNN is given the size of its cell"
BARE = "the cell of an nn.RNN is built without features"
_NUMBERS = (ast.Constant, ast.Tuple, ast.BinOp, ast.Subscript)


def find(context: Context) -> Iterator[Decision]:
    yield from _by_partial(context)
    yield from _by_subclass(context)
    told: set[ast.Call] = set()
    for layer in context.reading.facts.layers:
        kinds = run_by(context, layer)
        if any(kind.own_carry or kind.carryless for kind in kinds):
            continue  # The rules for users' cells change the class and its layers together.
        if _is_time_major(context, layer):
            continue
        try:
            edits = [*_cells(context, layer), *without_size(context, layer)]
        except CannotWrite as why:
            size = ast.unparse(layer.size)
            recipe = f"nn.RNN(Cell(features={size}, ...), ...)"
            yield rule.refuse(context, layer.node, MESSAGE, str(why), recipe)
            for made in _left_to_it(context, layer):
                if made.node not in told:
                    told.add(made.node)
                    reason = f"its nn.RNN in line {layer.node.lineno} cannot be written"
                    by_hand = recipe_for(context, made, layer.size)
                    yield rule.refuse(context, made.node, BARE, reason, by_hand)
        else:
            reason = "the cell's features are the size that nn.RNN was given"
            yield rule.rewrite(context, layer.node, MESSAGE, *edits, reason=reason)


def _left_to_it(context: Context, layer: RnnCall) -> Iterator[Construction]:
    """The cells, built in front of a layer, of which no other rule tells."""
    sites, span = context.reading.sites, context.reading.source.span(layer.node)
    for made in context.reading.facts.constructions:
        start, end = context.reading.source.span(made.node)
        inside = span[0] <= start and end <= span[1]
        if made.legacy and not inside and any(it.node is layer.node for it in sites.layers(made)):
            if not isinstance(width_of(context, made), NoWidth):
                yield made


def _by_partial(context: Context) -> Iterator[Decision]:
    """``functools.partial(nn.RNN, cell_size=8)``: the cells come later, and from anywhere."""
    values = context.reading.values
    for node in context.reading.source.nodes:
        if not isinstance(node, ast.Call) or values.dotted(node.func) != "functools.partial":
            continue
        if not any(isinstance(v, RnnClass) and v.name == "RNN" for v in values.of(node.args[0])):
            continue
        sizes = [k.value for k in node.keywords if k.arg == "cell_size"] or node.args[2:3]
        if sizes:
            recipe = f"Cell(features={ast.unparse(sizes[0])}, ...) for each, and no cell_size here"
            reason = "the cells that it will be called with are not in sight"
            yield rule.refuse(context, node, MESSAGE, reason, recipe)


def _by_subclass(context: Context) -> Iterator[Decision]:
    """``MyRNN(nn.GRUCell(), 8)``, where ``class MyRNN(nn.RNN)`` may do more with the size."""
    values = context.reading.values
    for node in context.reading.source.nodes:
        layer = rnn_layer(node) if isinstance(node, ast.Call) else None
        if layer is None or not any(_derives(values, it) for it in values.of(layer.node.func)):
            continue
        named = layer.size not in layer.node.args
        made = _built(context, layer)
        if named or isinstance(layer.size, _NUMBERS) or any(it and it.legacy for it in made):
            callee, size = ast.unparse(layer.node.func), ast.unparse(layer.size)
            reason = "the class derives from nn.RNN, and may have uses of its own for the size"
            recipe = f"{callee}(Cell(features={size}, ...), ...)"
            yield rule.refuse(context, layer.node, MESSAGE, reason, recipe)


def _derives(values: Values, cls: Value) -> bool:
    """Whether a class derives from nn.RNN, and takes what that takes."""
    if not isinstance(cls, ModuleClass) or "__init__" in methods(cls.node):
        return False
    if "cell_size" in field_names(cls.node):
        return False
    home = values.owner(cls.node)
    return any(
        base == RnnClass("RNN") or (base != cls and _derives(home, base))
        for node in cls.node.bases
        for base in home.of(node)
    )


def run_by(context: Context, layer: RnnCall) -> frozenset[Kind]:
    """The cells that a layer runs, as far as they are known."""
    values = context.reading.values.of(layer.cell)
    return frozenset(value.cls.kind for value in values if isinstance(value, CellInstance))


def _is_time_major(context: Context, layer: RnnCall) -> bool:
    """Whether the second positional argument of new code only stands where the size stood."""
    if layer.size not in layer.node.args or isinstance(layer.size, _NUMBERS):
        return False
    made = _built(context, layer)
    return bool(made) and all(
        c is not None
        and not c.legacy
        and not any(k.convolutional for k in c.kinds)
        and ast.dump(given_features(c) or ast.Constant(None)) != ast.dump(layer.size)
        for c in made
    )


def _built(context: Context, layer: RnnCall) -> list[Construction | None]:
    """Where the cells of a layer are built, None for another file."""
    return [
        context.reading.facts.construction(value.node)
        for value in context.reading.values.of(layer.cell)
        if isinstance(value, CellInstance) and value.node is not None
    ]


def _cells(context: Context, layer: RnnCall) -> Iterator[Edit]:
    made, fixed = [], context.reading.sizes.is_fixed(layer.size)
    for value in context.reading.values.of(layer.cell):
        node = value.node if isinstance(value, CellInstance) else None
        found = context.reading.facts.construction(node) if node is not None else None
        if found is not None:
            made.append(found)
        elif node is not None or not fixed:
            raise CannotWrite("the cell is built outside this file")
    if not made:
        raise CannotWrite("the cell is not known")
    for construction in made:
        yield from _cell(context, layer, construction)


def _cell(context: Context, layer: RnnCall, made: Construction) -> Iterator[Edit]:
    reading = context.reading
    if any(kind.convolutional for kind in made.kinds):
        _check_features(context, layer, made)
        initializer = kept_dtype_for(context, made)
        if initializer is not None:
            raise CannotWrite(initializer)
        return
    if isinstance(layer.size, ast.Tuple | ast.List):
        raise CannotWrite("the size of a dense cell is a tuple")
    if not made.legacy:
        features = given_features(made)
        if features is None or ast.dump(features) != ast.dump(layer.size):
            raise CannotWrite("the cell is given fields that may not be this size")
        return
    width = width_of(context, made)
    if isinstance(width, NoWidth):
        raise CannotWrite(width.reason)
    if not reading.purity.pure(layer.size) and not _movable(context, layer, made):
        raise CannotWrite("the size would be evaluated in another order")
    yield from constructor(context, made, width)


def _movable(context: Context, layer: RnnCall, made: Construction) -> bool:
    """Whether an impure size may move into a cell built right before it."""
    between = [*made.node.args, *(k.value for k in made.node.keywords)]
    return layer.cell is made.node and all(map(context.reading.purity.pure, between))


def kept_dtype_for(context: Context, made: Construction) -> str | None:
    given = made.keyword("param_dtype")
    name = context.reading.values.dotted(given.value) if given is not None else None
    if made.may_set("param_dtype") and name not in ("jax.numpy.float32", "numpy.float32"):
        return "param_dtype would now give the carry its dtype, and a ConvLSTMCell has no say in it"
    if context.reading.wide_floats:
        return "under x64 the carry would change its dtype"
    return None


def _check_features(context: Context, layer: RnnCall, made: Construction) -> None:
    features = given_features(made)
    size = _literal(context, layer.size)
    last = last_axis(size)
    if features is None or last is None:
        raise CannotWrite("the size of the ConvLSTMCell is not a tuple that the text tells")
    if ast.dump(last) != ast.dump(features):
        raise CannotWrite("the size may disagree with the cell's features")


def _literal(context: Context, node: ast.expr) -> ast.expr:
    found = context.reading.scopes.lookup(node.id, node) if isinstance(node, ast.Name) else None
    if found is not None and len(found[1]) == 1 and not found[1][0].path:
        bound = found[1][0]
        if bound.value is not None and not isinstance(bound.node, ast.arg):
            return bound.value
    return node


def without_size(context: Context, layer: RnnCall) -> list[Edit]:
    """Drop ``cell_size``; name the positional arguments behind it."""
    span = context.reading.source.span(layer.node)
    index = argument_index(layer.node, layer.size)
    edits: list[Edit] = [DropArgument(span, index)]
    for position, argument in enumerate(arguments(layer.node)):
        if position > 1 and not isinstance(argument, ast.keyword):
            edits.append(NameArgument(span, position, RNN_FIELDS[position]))
    return edits


rule = Rule(
    name="rnn_size",
    summary="nn.RNN is given the size of its cell",
    explanation=(
        "Since Flax 0.7 nn.RNN asks the cell for its features and takes no cell_size; its second "
        "positional argument is now time_major. The size moves into the cell; for a ConvLSTMCell "
        "it is dropped where it agrees with the cell's own features."
    ),
    before="rnn = nn.RNN(nn.LSTMCell(), 64)\n",
    after="rnn = nn.RNN(nn.LSTMCell(features=64))\n",
    find=find,
)
