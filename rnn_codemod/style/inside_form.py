"""The wrapper makes its carry itself, inside ``__call__``, from the sample input it is given."""

from __future__ import annotations

import ast

from rnn_codemod.editing.edits import AddLines, DropArgument, Edit, Replace, Span
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.scopes import Binding
from rnn_codemod.reading.shapes import Shapes
from rnn_codemod.reading.source import Source, lines
from rnn_codemod.reading.value import ModuleInstance
from rnn_codemod.rules.forms import argument_index
from rnn_codemod.rules.rule import Context
from rnn_codemod.style.field_form import CELL, USE, WRAPPER, Site, features_field, new_field
from rnn_codemod.style.reaching import reaching
from rnn_codemod.style.scanned import Scanned
from rnn_codemod.style.uses import Applied, Fresh, Uses
from rnn_codemod.style.widths import features
from rnn_codemod.style.wrapper import Keeps, Wrapper
from rnn_codemod.targets import is_moved


def definition(context: Context, wrapper: Wrapper, scan: Scanned) -> list[Site]:
    """The class without its carry method. Raises Keeps or CannotWrite."""
    reading = context.reading
    source = reading.source
    lifted = reading.fresh_name("scan_cell", wrapper.call)
    cell = reading.fresh_name("cell", wrapper.made.node)
    shape = _sample(context, wrapper, scan)
    carry = f"{wrapper.given} = {cell}.initialize_carry({scan.rng}, {shape})"
    opening = [*f"{lifted} = {scan.lifting}".split("\n"), f"{cell} = {lifted}({scan.given})", carry]
    statement = source.statement(wrapper.applied.node)
    before, gone = wrapper.call.args.args[:2]
    edits: list[Edit] = [
        features_field(reading, wrapper.node),
        Replace(whole_lines(source, source.span(scan.decorator), "@"), ""),
        Replace((source.span(before)[1], source.span(gone)[1]), ""),
        AddLines(source.span(statement)[0], tuple(opening)),
        Replace(source.span(wrapper.made.node), cell),
    ]
    return [
        (wrapper.made.node, CELL, edits),
        (wrapper.carry.node, WRAPPER, [Replace(_method(source, wrapper), "")]),
    ]


def uses_of(uses: Uses, scan: Scanned) -> list[Site]:
    """The uses in one file. Raises Keeps or CannotWrite."""
    source = uses.reading.source
    _check_instances(uses)
    sites: list[Site] = []
    for built in uses.built:
        width = features(uses, built)
        if width.size is None:
            raise Keeps("the width of an instance is only known from a carry")
        sites.append((built, USE, [new_field(uses, built, width)]))
    dropped = [_carry_of(uses, use, scan) for use in uses.applied]
    for fresh in uses.fresh:
        if not any(fresh is used for used in dropped):
            raise Keeps("a carry is used for something else")
        _check_reads(uses, fresh)
        if not all(map(uses.reading.purity.pure, fresh.node.args)):
            raise Keeps("the arguments of a carry have effects")
        if not any(use.carry is fresh.node for use in uses.applied):
            line = source.span(source.statement(fresh.node))
            sites.append((fresh.node, USE, [Replace(whole_lines(source, line), "")]))
    for use in uses.applied:
        assert use.carry is not None
        drop = DropArgument(source.span(use.node), argument_index(use.node, use.carry))
        sites.append((use.node, USE, [drop]))
    return sites


def _sample(context: Context, wrapper: Wrapper, scan: Scanned) -> str:
    """The input of one step, as what a cell of the target makes its carry from."""
    index = f"{':, ' * scan.axis}0"
    step = f"{scan.input}[{index}]"
    of_runtime = context.options.target == "runtime" and is_moved(
        context.reading, wrapper.made.node.func
    )
    return step if of_runtime else f"{step}.shape"


def whole_lines(source: Source, span: Span, opening: str = "") -> Span:
    """The lines that a statement or a decorator has for itself. Raises Keeps if it shares them."""
    text = source.text
    start = max(text.rfind("\n", 0, span[0]), text.rfind("\r", 0, span[0])) + 1
    rest = (lines(text[span[1] :]) or [""])[0]
    if text[start : span[0]].strip() != opening or rest.strip() or not rest:
        raise Keeps("a carry or a decorator shares its line")
    if "#" in text[start : span[1]]:
        raise Keeps("a comment stands in what would go")
    return start, span[1] + len(rest)


def _method(source: Source, wrapper: Wrapper) -> Span:
    """The lines of the carry method, and the blank ones before it."""
    start = source.span(wrapper.method.decorator_list[0])[0]
    first, end = whole_lines(source, (start, source.span(wrapper.method)[1]), "@")
    above = lines(source.text[:first])
    while above and not above[-1].strip():
        first -= len(above.pop())
    if above and above[-1].lstrip().startswith("#"):
        raise Keeps("a comment stands before the carry method")
    return first, end


def _check_instances(uses: Uses) -> None:
    """Raise Keeps where an instance is used for anything but a call with a carry."""
    parents = uses.reading.source.parents
    called = {use.instance for use in uses.applied}
    for node in uses.reading.source.nodes:
        if not isinstance(node, ast.Name | ast.Attribute | ast.Call) or node in called:
            continue
        if not isinstance(getattr(node, "ctx", None), ast.Load | None) or uses.own(node):
            continue
        instance = ModuleInstance(uses.wrapper.node)
        if instance in uses.reading.values.of(node):
            kept = parents[node]
            if not isinstance(kept, ast.Assign) or uses.made(node) is not node:
                raise Keeps("an instance is used for something else than calls")
            if uses.reading.values.world is not None and _is_seen_elsewhere(uses.reading, kept):
                raise Keeps("another file may give an instance a carry")


def _is_seen_elsewhere(reading: Reading, kept: ast.Assign) -> bool:
    """Whether other files can have what a statement keeps, without a name of its class."""
    local = all(isinstance(target, ast.Name) for target in kept.targets)
    return not local or reading.source.function(kept) is None


def _carry_of(uses: Uses, use: Applied, scan: Scanned) -> Fresh:
    """The fresh carry that an instance is given with its whole input. Raises Keeps."""
    reading = uses.reading
    carry = use.carry
    fresh = next((f for f in uses.fresh if f.node is carry), None)
    if fresh is None and isinstance(carry, ast.Name):
        found = reading.scopes.lookup(carry.id, carry)
        seen = reaching(reading.source, found[1], carry) if found is not None else []
        if len(seen) == 1 and not seen[0].path:
            fresh = next((f for f in uses.fresh if f.node is seen[0].value), None)
    if fresh is None or carry not in use.node.args:
        raise Keeps("an instance is given a carry that was used before, or comes from elsewhere")
    if reading.source.function(fresh.node) is not reading.source.function(use.node):
        raise Keeps("a carry is made in another function")
    rest = use.node.args[use.position + 1 :]
    if len(rest) != 1 or use.node.keywords:
        raise Keeps("an instance is given more than a carry and its input")
    sample = rest[0]
    batch: ast.expr = fresh.given[scan.batch]
    if not scan.whole:
        batch = ast.Tuple([batch])
    statement = reading.source.statement(fresh.node)
    shapes = Shapes(reading.values, reading.purity)
    if (
        not isinstance(sample, ast.Name)
        or not reading.purity.steady(sample, statement, sample)
        or not shapes.same_batch(batch, sample, [], scan.axis)
    ):
        raise Keeps("the batch axes of a carry are not proved to be those of the input")
    return fresh


def _check_reads(uses: Uses, fresh: Fresh) -> None:
    """Raise Keeps where the name of a fresh carry is read by anything but an application."""
    source = uses.reading.source
    statement = source.statement(fresh.node)
    if any(use.carry is fresh.node for use in uses.applied):
        return
    if not isinstance(statement, ast.Assign) or statement.value is not fresh.node:
        raise Keeps("a carry is not bound to a name")
    target = statement.targets[0]
    if len(statement.targets) != 1 or not isinstance(target, ast.Name):
        raise Keeps("a carry is not bound to one name")
    if not _stays_a_block(source, statement):
        raise Keeps("nothing else stands in the block of a carry")
    carries = {use.carry for use in uses.applied}
    for node in source.nodes:
        if not isinstance(node, ast.Name) or node.id != target.id or node in carries:
            continue
        found = uses.reading.scopes.lookup(node.id, node)
        if isinstance(node.ctx, ast.Load) and found is not None:
            if _sees(source, found[1], node, statement):
                raise Keeps("a fresh carry is also read elsewhere")


def _sees(source: Source, bindings: list[Binding], node: ast.Name, statement: ast.stmt) -> bool:
    if not any(binding.node is statement for binding in bindings):
        return False
    if source.function(node) is not source.function(statement):
        return True
    return any(binding.node is statement for binding in reaching(source, bindings, node))


def _stays_a_block(source: Source, statement: ast.stmt) -> bool:
    parent = source.parents[statement]
    blocks = [getattr(parent, name, None) for name in ("body", "orelse", "finalbody")]
    return any(
        isinstance(block, list) and statement in block and len(block) > 1 for block in blocks
    )
