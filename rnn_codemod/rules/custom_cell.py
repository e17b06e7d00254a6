"""A user's cell with its own static carry: the class and all its uses change together."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rnn_codemod.editing.edits import AddLines, Decision, Edit, Replace
from rnn_codemod.reading.facts import LEGACY_CARRY, CarryCall, Construction, RnnCall
from rnn_codemod.reading.kinds import CarryForm, Kind
from rnn_codemod.reading.sizes import NoWidth
from rnn_codemod.reading.values import CellClass, CellInstance, Dotted, is_static
from rnn_codemod.rules.forms import (
    CannotWrite,
    constructor,
    detached,
    paired,
    pairs_allowed,
    shaped_by_input,
    size_in_shape,
    width_of,
)
from rnn_codemod.rules.rnn_size import without_size
from rnn_codemod.rules.rule import Context, Rule

CLASS = "the cell creates its carry from batch_dims and size"
USE = "a use of a cell that now has features"
RECIPE = (
    "features: int",
    "@nn.nowrap",
    "def initialize_carry(self, rng, input_shape):",
    "    batch_dims, size = input_shape[:-1], self.features",
)


@dataclass(frozen=True)
class CustomCell:
    """A class, and what must change with it in one file."""

    kind: Kind
    definition: ast.ClassDef
    method: ast.FunctionDef
    constructions: tuple[Construction, ...]
    carries: tuple[CarryCall, ...]
    layers: tuple[RnnCall, ...]


def find(context: Context) -> Iterator[Decision]:
    for kind, definition in _cells_here(context):
        method = next(
            (s for s in definition.body if isinstance(s, ast.FunctionDef) and s.name == _CARRY),
            None,
        )
        if method is not None and is_static(method) and _is_legacy(method):
            yield from _whole(context, _cell(context, kind, definition, method))


_CARRY = "initialize_carry"


def _cells_here(context: Context) -> Iterator[tuple[Kind, ast.ClassDef]]:
    """The users' cells that this file defines, then those that it uses from other files."""
    facts = context.reading.facts
    kinds = [
        kind
        for node in context.reading.source.nodes
        if isinstance(node, ast.ClassDef) and (kind := context.reading.values.cell_kind(node))
    ]
    used = [made.kinds for made in facts.constructions] + [carry.kinds for carry in facts.carries]
    for site in used:
        kinds.extend(sorted(site, key=lambda kind: kind.name))
    for layer in facts.layers:
        kinds.extend(
            value.cls.kind
            for value in context.reading.values.of(layer.cell)
            if isinstance(value, CellInstance)
        )
    for kind in dict.fromkeys(kinds):
        if kind.definition is not None:
            yield kind, kind.definition


def _is_legacy(method: ast.FunctionDef) -> bool:
    """Whether the signature is (rng, batch_dims, size), with or without an init_fn."""
    args = method.args
    names = [arg.arg for arg in args.args]
    plain = not (args.posonlyargs or args.kwonlyargs or args.vararg or args.kwarg)
    return plain and len(names) in (3, 4) and len(names) - len(args.defaults) <= 3


def _cell(
    context: Context, kind: Kind, definition: ast.ClassDef, method: ast.FunctionDef
) -> CustomCell:
    facts = context.reading.facts
    return CustomCell(
        kind,
        definition,
        method,
        tuple(c for c in facts.constructions if kind in c.kinds),
        tuple(_with_parts(c, method) for c in facts.carries if kind in c.kinds),
        tuple(r for r in facts.layers if _runs(context, r, kind)),
    )


def _with_parts(carry: CarryCall, method: ast.FunctionDef) -> CarryCall:
    """The carry call with its arguments under flax's names, whatever the method calls them."""
    if not carry.node.keywords and 3 <= len(carry.node.args) <= 4:
        return replace(carry, parts=dict(zip(LEGACY_CARRY, carry.node.args, strict=False)))
    return carry


def _runs(context: Context, layer: RnnCall, kind: Kind) -> bool:
    return any(
        isinstance(value, CellInstance) and value.cls.kind == kind
        for value in context.reading.values.of(layer.cell)
    )


def _whole(context: Context, cell: CustomCell) -> Iterator[Decision]:
    name = cell.definition.name
    defined_here = cell.definition in context.reading.scopes
    try:
        _check_everywhere(context, cell)
        definition = _definition(context, cell) if defined_here else []
        uses = _uses(context, cell)
    except CannotWrite as why:
        if defined_here:
            yield rule.refuse(context, cell.method, CLASS, str(why), *RECIPE)
        reason = f"{name} and its uses change together or not at all"
        if not defined_here:
            reason = f"{reason}: {why}"
        for node in _nodes(cell):
            yield rule.refuse(context, node, USE, reason, RECIPE_FOR_USE)
        return
    if defined_here:
        yield rule.rewrite(context, cell.method, CLASS, *definition)
    for node, edits in uses:
        yield rule.rewrite(context, node, USE, *edits)


RECIPE_FOR_USE = "Cell(features=size, ...).initialize_carry(rng, (*batch_dims, size))"


def _nodes(cell: CustomCell) -> list[ast.Call]:
    nodes = [made.node for made in cell.constructions]
    nodes += [carry.node for carry in cell.carries]
    return nodes + [layer.node for layer in cell.layers]


def _uses(context: Context, cell: CustomCell) -> list[tuple[ast.Call, list[Edit]]]:
    """Every use in one file with its edits. Raises CannotWrite."""
    return [
        *((made.node, _construction(context, made)) for made in cell.constructions),
        *((carry.node, _carry(context, carry)) for carry in cell.carries),
        *((layer.node, without_size(context, layer)) for layer in cell.layers),
    ]


def _check_everywhere(context: Context, cell: CustomCell) -> None:
    """Raise CannotWrite unless every file that uses the class can be written."""
    name = cell.definition.name
    files = [context, *_other_files(context, cell.definition)]
    cells = [_cell(file, cell.kind, cell.definition, cell.method) for file in files]
    if not any(map(_nodes, cells)) and not name.startswith("_"):
        raise CannotWrite(f"{name} is not used in the given files, so it must be used in others")
    for file, used in zip(files, cells, strict=True):
        try:
            _check(file, used)
            if cell.definition in file.reading.scopes:
                _definition(file, used)
            _uses(file, used)
        except CannotWrite as why:
            if file is context:
                raise
            raise CannotWrite(f"{file.reading.values.path}: {why}") from why


def _other_files(context: Context, definition: ast.ClassDef) -> list[Context]:
    """The file that defines the class, and the given files that mention it."""
    if context.world is None:
        return []
    home = context.world.owner(definition)
    readings = [home] if home is not None else []
    for path in context.users.get(definition.name, ()):
        reading = context.world.reading(path)
        if reading is None:
            raise CannotWrite(f"{path} mentions {definition.name} and cannot be read")
        readings.append(reading)
    others = [r for r in dict.fromkeys(readings) if r is not context.reading]
    return [replace(context, reading=reading) for reading in others]


def _check(context: Context, cell: CustomCell) -> None:
    reading = context.reading
    name = cell.definition.name
    if context.world is None and _published(context, name):
        raise CannotWrite(f"{name} is in __all__, so other files may use it")
    if cell.definition in reading.scopes and not _derives_from_flax(context, cell.definition):
        raise CannotWrite(f"{name} has other bases, whose fields may stand before its own")
    if cell.kind.sized:
        raise CannotWrite(f"{name} already has a field features, which may not be the size")
    if len(cell.method.decorator_list) != 1:
        raise CannotWrite("initialize_carry has other decorators")
    known: set[ast.expr] = {c.node.func for c in cell.constructions}
    known |= {carry.receiver for carry in cell.carries}
    for node in reading.source.nodes:
        if not isinstance(node, ast.Name | ast.Attribute) or node in known:
            continue
        values = reading.values.of(node) if isinstance(node.ctx, ast.Load) else ()
        if not any(isinstance(v, CellClass) and v.kind == cell.kind for v in values):
            continue
        if not _is_annotation(context, node):
            raise CannotWrite(f"{name} is also used as a value, in line {node.lineno}")
    for bindings in reading.scopes.module.bindings.values():
        for binding in bindings:
            if binding.imported is not None and binding.imported.endswith(f".{name}"):
                if Dotted(binding.imported) in reading.values.imported(binding.imported):
                    raise CannotWrite(f"{name} is imported from a place that is not known")
    for carry in cell.carries:
        if not carry.parts or any(k.arg not in LEGACY_CARRY for k in carry.node.keywords):
            raise CannotWrite("the arguments of a carry call are not (rng, batch_dims, size)")
        if "init_fn" in carry.parts:
            raise CannotWrite("a carry is created with an init_fn")
        if len(carry.kinds) != 1 or (carry.classes and carry.instances):
            raise CannotWrite("a carry call may be of another cell")
        if isinstance(carry.parts["size"], ast.Tuple | ast.List):
            raise CannotWrite("the size of a carry is a tuple")
    for made in cell.constructions:
        if len(made.kinds) != 1 or made.spread is None:
            raise CannotWrite("a construction may be of another cell, or be given features")
    for layer in cell.layers:
        if isinstance(layer.size, ast.Tuple | ast.List):
            raise CannotWrite("nn.RNN is given a tuple as the size")


def _published(context: Context, name: str) -> bool:
    return any(
        isinstance(node, ast.Constant) and node.value == name
        for binding in context.reading.scopes.module.bindings.get("__all__", [])
        if binding.value is not None
        for node in ast.walk(binding.value)
    )


def _derives_from_flax(context: Context, node: ast.ClassDef) -> bool:
    bases = [value for base in node.bases for value in context.reading.values.of(base)]
    return len(bases) == 1 and isinstance(bases[0], CellClass) and bases[0].kind.definition is None


def _is_annotation(context: Context, node: ast.expr) -> bool:
    """Whether the name only says what something is, as in ``isinstance`` and annotations."""
    up: ast.AST = node
    for outer in context.reading.source.ancestors(node):
        match outer:
            case ast.arg(annotation=found) | ast.AnnAssign(annotation=found) if found is up:
                return True
            case ast.FunctionDef(returns=found) if found is up:
                return True
            case ast.Call(func=ast.Name(id="isinstance")):
                return True
            case ast.stmt():
                return False
        up = outer
    return False


def _construction(context: Context, made: Construction) -> list[Edit]:
    width = width_of(context, made)
    if isinstance(width, NoWidth):
        line = made.node.lineno
        raise CannotWrite(f"the features of the cell in line {line} are not known: {width.reason}")
    return constructor(context, made, width)


def _carry(context: Context, carry: CarryCall) -> list[Edit]:
    if not carry.classes:
        return shaped_by_input(context, carry, size_in_shape(context, carry.parts["size"]))
    pair = context.reading.pairs.of_carry(carry) if pairs_allowed(context) else None
    return detached(context, carry) if pair is None else paired(context, pair)


def _definition(context: Context, cell: CustomCell) -> list[Edit]:
    source = context.reading.source
    method = cell.method
    args = method.args.args
    rng, batch, size = (arg.arg for arg in args[:3])
    last = method.args.defaults[-1] if method.args.defaults else args[-1]
    start, end = source.span(args[0])[0], source.span(last)[1]
    if "#" in source.text[start:end]:
        raise CannotWrite("a comment stands among the parameters of initialize_carry")
    lines = [f"{batch}, {size} = input_shape[:-1], self.features"]
    if len(args) == 4:
        lines.append(f"{args[3].arg} = {source.segment(method.args.defaults[-1])}")
    edits: list[Edit] = [
        Replace(source.span(method.decorator_list[0]), _nowrap(context)),
        Replace((start, end), f"self, {rng}, input_shape"),
        AddLines(_first_statement(context, method), tuple(lines)),
    ]
    if cell.kind.carry is CarryForm.ANY:
        edits.append(_features_field(context, cell.definition))
        if "num_feature_axes" not in ast.unparse(cell.definition):
            edits.append(_feature_axes(context, method))
    return edits


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
    if context.reading.source.indentation(statement) is None:
        raise CannotWrite("initialize_carry stands on one line")
    return context.reading.source.span(statement)[0]


def _features_field(context: Context, node: ast.ClassDef) -> Edit:
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
    return AddLines(before, ("features: int",) if fields else ("features: int", ""))


def _feature_axes(context: Context, method: ast.FunctionDef) -> Edit:
    source = context.reading.source
    start = source.line_starts[method.lineno - 1]
    indent = source.text[start : source.span(method)[0]]
    inner = source.indentation(method.body[0]) or f"{indent}    "
    end = source.span(method)[1]
    rest = len(source.text[end:].splitlines()[0]) if source.text[end:] else 0
    at = end + rest
    new = source.newline
    lines = [
        "",
        f"{indent}@property",
        f"{indent}def num_feature_axes(self) -> int:",
        f"{inner}return 1",
    ]
    return Replace((at, at), new + new.join(lines))


rule = Rule(
    name="custom_cell",
    summary="a user's cell with a static initialize_carry",
    explanation=(
        "A cell of the user's own gets what flax's cells got: the field features, "
        "initialize_carry as a method that is not wrapped, and num_feature_axes. The class and "
        "all constructions and carry calls change together or not at all; a class that other "
        "files use is reported."
    ),
    before=(
        "class Leaky(nn.RNNCellBase):\n"
        "    @staticmethod\n"
        "    def initialize_carry(rng, batch_dims, size):\n"
        "        return jnp.zeros(batch_dims + (size,))\n"
    ),
    after=(
        "class Leaky(nn.RNNCellBase):\n"
        "    features: int\n"
        "\n"
        "    @nn.nowrap\n"
        "    def initialize_carry(self, rng, input_shape):\n"
        "        batch_dims, size = input_shape[:-1], self.features\n"
        "        return jnp.zeros(batch_dims + (size,))\n"
        "\n"
        "    @property\n"
        "    def num_feature_axes(self) -> int:\n"
        "        return 1\n"
    ),
    find=find,
)
