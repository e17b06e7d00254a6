"""A function that makes a cell, whose carry is made where it is called, in other files."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import replace

from rnn_codemod.around import Verdict
from rnn_codemod.editing.edits import Decision, Edit
from rnn_codemod.reading.calls import callings
from rnn_codemod.reading.cell_makers import CellFactory, factories, factory_of
from rnn_codemod.reading.facts import CarryCall, RnnCall
from rnn_codemod.reading.takers import Taker
from rnn_codemod.reading.value import CellInstance, FunctionValue, RnnClass
from rnn_codemod.reading.width import NoWidth
from rnn_codemod.rules.calls_of import arguments, check_mentions
from rnn_codemod.rules.cell_class import Unread, other_files
from rnn_codemod.rules.everywhere import home_of, known_verdict, path_of
from rnn_codemod.rules.forms import shaped_by_input, size_in_shape, width_of
from rnn_codemod.rules.from_elsewhere import check_plain, with_features
from rnn_codemod.rules.handed_edits import below, takers_called
from rnn_codemod.rules.instance_carry import MESSAGE as ASKED
from rnn_codemod.rules.missing_features import MESSAGE as BUILT
from rnn_codemod.rules.rnn_size import MESSAGE as SIZED
from rnn_codemod.rules.rnn_size import without_size
from rnn_codemod.rules.rule import CannotWrite, Context, Rule
from rnn_codemod.rules.sized_factory import edits_with_parameter

PARAMETER = "parameter"
"""The form in which each caller gives the function the size."""


def find(context: Context) -> Iterator[Decision]:
    decided: set[ast.Call] = set()
    for factory in _factories(context):
        told = _everywhere(context, factory)
        try:
            changes = [*_changes(context, factory, told)]
        except CannotWrite:
            continue  # The rules for each sort of sites tell of them.
        for node, message, edits in changes:
            if node not in decided:
                decided.add(node)
                yield rule.rewrite(context, node, message, *edits, reason=REASON)


def _factories(context: Context) -> Iterator[CellFactory]:
    """Those that this file defines or calls, in the order of the text."""
    found = {it.definition: it for it in factories(context.reading)}
    for node in context.reading.source.nodes:
        called = context.reading.values.of(node.func) if isinstance(node, ast.Call) else ()
        for value in called:
            match value:
                case FunctionValue(ast.FunctionDef() as function) if (
                    context.world is not None and function not in context.reading.scopes
                ):
                    home = context.world.owner(function)
                    made = None if home is None else factory_of(home, function)
                    if made is not None:
                        found.setdefault(function, made)
    yield from found.values()


def verdicts(context: Context) -> Iterator[Verdict]:
    """On each factory that the file of ``context`` defines."""
    for factory in factories(context.reading):
        yield _verdict(context, factory)


def _everywhere(context: Context, factory: CellFactory) -> Verdict:
    """What all files that call the factory say of it."""
    known = known_verdict(context, rule.name, factory.definition)
    return known or _verdict(context, factory)


def _check(told: Verdict) -> None:
    """Raise CannotWrite unless all files that call the function can be written."""
    if told.unread:
        raise Unread(told.unread, told.name)
    for path, why in told.faults:
        raise CannotWrite(f"{os.path.basename(path)}: {why}")


def _size(told: Verdict) -> str:
    """The one size of all carries. Raises CannotWrite where there is none."""
    _check(told)
    if not told.size:
        raise CannotWrite(f"no carry of a cell that {told.name} makes is in sight")
    return told.size


def _verdict(context: Context, factory: CellFactory) -> Verdict:
    name, line = factory.definition.name, factory.definition.lineno
    told = Verdict(rule.name, home_of(context, factory.definition), name, line)
    if factory.home is not context.reading and name not in context.users:
        return told  # Who else uses it is not known.
    try:
        files = [context, *other_files(context, factory.definition)]
    except Unread as why:
        return replace(told, unread=why.path)
    sizes: set[str] = set()
    away = False
    for file in files:
        for size in (*(it for _, it in _sites(file, factory)), *_handed_sizes(file, factory)):
            sizes.add(ast.unparse(size))
            away = away or file.reading is not factory.home
    if not sizes:
        return told
    if len(sizes) == 1:
        fixed = _judged(files, factory, replace(told, size=min(sizes)))
        needed = _needs_size(replace(context, reading=factory.home), factory)
        if not (away or (needed and fixed.faults)):
            return told  # The rules for each sort of sites know the size, too.
        if not fixed.faults:
            return fixed
    sized = _judged(files, factory, replace(told, form=PARAMETER))
    several = (told.home, "its carries have several sizes")
    return replace(told, faults=(several,)) if sized.faults else sized


def _judged(files: list[Context], factory: CellFactory, told: Verdict) -> Verdict:
    """The verdict with the first reason against it, if there is one."""
    for file in files:
        try:
            list(_changes(file, factory, told))
        except CannotWrite as why:
            return replace(told, faults=((path_of(file), str(why)),))
    return told


def _needs_size(context: Context, factory: CellFactory) -> bool:
    return any(isinstance(width_of(context, made), NoWidth) for made in factory.cells)


def _changes(
    context: Context, factory: CellFactory, told: Verdict
) -> Iterator[tuple[ast.Call, str, list[Edit]]]:
    """What changes in one file. Raises CannotWrite."""
    if told.form != PARAMETER:
        yield from _edits(context, factory, _size(told))
        return
    _check(told)
    sites = [site for site, _ in _sites(context, factory)]
    layers = [site for site in sites if isinstance(site, RnnCall)]
    if len(layers) < len(sites) or any(True for _ in _handed(context, factory)):
        raise CannotWrite("a carry is made elsewhere than in nn.RNN")
    yield from edits_with_parameter(context, factory, layers)


def _sites(
    context: Context, factory: CellFactory
) -> Iterator[tuple[CarryCall | RnnCall, ast.expr]]:
    """What makes a carry of one of the cells in one file, with the size of it."""
    facts = context.reading.facts
    handed = [taker for taker, _, _ in _handed(context, factory)]
    theirs = {site.node for taker in handed for it in below(taker) for site in it.sites}
    for carry in facts.carries:
        if carry.node not in theirs and _cells(context, factory, carry.receiver):
            yield carry, carry.parts.get("size", carry.receiver)
    for layer in facts.layers:
        if layer.node not in theirs and _cells(context, factory, layer.cell):
            yield layer, layer.size


def _handed(context: Context, factory: CellFactory) -> Iterator[tuple[Taker, ast.expr, ast.expr]]:
    """What is given one of the cells and makes the carry of it, with the cell and the size."""
    for node in context.reading.source.nodes:
        if not isinstance(node, ast.Call):
            continue
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        if not any(_cells(context, factory, it) for it in given):
            continue
        for calling in callings(context.reading.values, node):
            for taker in takers_called(context, node):
                try:
                    parts = arguments(context, calling)
                except CannotWrite:
                    continue
                size = parts.get(taker.size) if isinstance(taker.size, str) else taker.size
                cell = parts.get(taker.cell)
                if cell in given and size is not None and _cells(context, factory, cell):
                    yield taker, cell, size


def _handed_sizes(context: Context, factory: CellFactory) -> Iterator[ast.expr]:
    for _, _, size in _handed(context, factory):
        yield size


def _cells(context: Context, factory: CellFactory, node: ast.expr) -> int:
    """How many of its cells ``node`` may be."""
    mine = {made.node for made in factory.cells}
    found = context.reading.values.of(node)
    return sum(isinstance(value, CellInstance) and value.node in mine for value in found)


def _edits(
    context: Context, factory: CellFactory, size: str
) -> Iterator[tuple[ast.Call, str, list[Edit]]]:
    """What changes in one file. Raises CannotWrite."""
    check_mentions(context, factory.definition)
    _check_stays(context, factory)
    _check_applied(context, factory, size)
    if context.reading is factory.home:
        for made in factory.cells:
            check_plain(made)
            yield made.node, BUILT, with_features(context, made, size)
    for _, cell, given in _handed(context, factory):
        _check_site(context, factory, cell, given)
    for site, given in _sites(context, factory):
        line = site.node.lineno
        cell = site.cell if isinstance(site, RnnCall) else site.receiver
        _check_site(context, factory, cell, given)
        if isinstance(site, RnnCall):
            yield site.node, SIZED, without_size(context, site)
        elif not site.parts or "init_fn" in site.parts:
            raise CannotWrite(f"the arguments in line {line} are not (rng, batch_dims, size)")
        else:
            edits = shaped_by_input(context, site, size_in_shape(context, given))
            yield site.node, ASKED, edits


def _check_site(context: Context, factory: CellFactory, cell: ast.expr, size: ast.expr) -> None:
    """Raise CannotWrite unless it is one of the cells, with a size that every file can write."""
    line = cell.lineno
    if not isinstance(size, ast.Constant) or type(size.value) is not int:
        raise CannotWrite(f"the size in line {line} is not known where the cell is built")
    if _cells(context, factory, cell) < len(context.reading.values.of(cell)):
        raise CannotWrite(f"the cell in line {line} may be another")


def _check_applied(context: Context, factory: CellFactory, size: str) -> None:
    """Raise CannotWrite where a cell is applied to what is not created with ``size``."""
    for use in context.reading.facts.applications:
        if _cells(context, factory, use.cell):
            made = context.reading.created.sizes_of(use.carry)
            if made is None or set(made.alternatives()) != {size}:
                raise CannotWrite(f"the width of the carry in line {use.node.lineno} is not known")


def _check_stays(context: Context, factory: CellFactory) -> None:
    """Raise CannotWrite where a cell is handed on to where its carry may have another size."""
    known = {cell for _, cell, _ in _handed(context, factory)}
    for node in context.reading.source.nodes:
        handed: list[ast.expr] = []
        match node:
            case ast.Call() if not _is_flax(context, node):
                handed = [*node.args, *(keyword.value for keyword in node.keywords)]
            case ast.Return(value=ast.expr() as value) | ast.Yield(value=ast.expr() as value):
                if context.reading.source.function(node) is not factory.definition:
                    handed = [value]
            case ast.List() | ast.Tuple() | ast.Set():
                handed = node.elts
            case ast.Dict():
                handed = node.values
            case ast.Assign(targets=targets, value=value):
                kept = context.reading.source.function(node) is not None
                if not kept or any(not _is_own(target) for target in targets):
                    handed = [value]
        if any(_cells(context, factory, value) for value in handed if value not in known):
            raise CannotWrite(f"a cell is handed on in line {getattr(node, 'lineno', 0)}")


def _is_own(target: ast.expr) -> bool:
    """Whether it is a name of the function, or an attribute of its instance."""
    match target:
        case ast.Name() | ast.Attribute(value=ast.Name(id="self")):
            return True
        case _:
            return False


def _is_flax(context: Context, call: ast.Call) -> bool:
    called = context.reading.values.of(call.func)
    return bool(called) and all(isinstance(value, RnnClass) for value in called)


REASON = "all carries of the cells that the function makes have this size"

rule = Rule(
    name="cell_factory",
    summary="a function makes a cell whose carry is made by its callers",
    explanation=(
        "The size of the carry is written where the cell is used, and the cell has to know it "
        "where it is built, in another file. Where all callers, in every file given, write the "
        "same number, the function gives it to the cell. Where all of them run the cell at once, "
        "nn.RNN(make_cell(), size), each may have its own size: the function gets a parameter "
        "features for it. Function and callers change together or not at all."
    ),
    before=("def make_cell():\n    return nn.GRUCell()\n\n\nrnn = nn.RNN(make_cell(), 64)\n"),
    after=("def make_cell():\n    return nn.GRUCell(features=64)\n\n\nrnn = nn.RNN(make_cell())\n"),
    find=find,
)
