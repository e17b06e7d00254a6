"""A function that makes a cell, whose carry is made where it is called, in other files."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rnn_codemod.around import Verdict
from rnn_codemod.editing.edits import Decision, Edit
from rnn_codemod.reading.definitions import returned
from rnn_codemod.reading.facts import CarryCall, Construction, RnnCall
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.value import CellInstance, FunctionValue, RnnClass
from rnn_codemod.rules.calls_of import check_mentions
from rnn_codemod.rules.cell_class import Unread, other_files
from rnn_codemod.rules.everywhere import home_of, known_verdict, path_of
from rnn_codemod.rules.forms import shaped_by_input, size_in_shape
from rnn_codemod.rules.from_elsewhere import check_plain, with_features
from rnn_codemod.rules.instance_carry import MESSAGE as ASKED
from rnn_codemod.rules.missing_features import MESSAGE as BUILT
from rnn_codemod.rules.rnn_size import MESSAGE as SIZED
from rnn_codemod.rules.rnn_size import without_size
from rnn_codemod.rules.rule import CannotWrite, Context, Rule


@dataclass(frozen=True, eq=False)
class CellFactory:
    """A function of a module that builds the cells that it returns."""

    definition: ast.FunctionDef
    home: Reading
    cells: tuple[Construction, ...]


def find(context: Context) -> Iterator[Decision]:
    decided: set[ast.Call] = set()
    for factory in _factories(context):
        told = _everywhere(context, factory)
        try:
            changes = [*_edits(context, factory, _size(told))]
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
                    made = None if home is None else _factory(home, function)
                    if made is not None:
                        found.setdefault(function, made)
    yield from found.values()


def factories(reading: Reading) -> Iterator[CellFactory]:
    """The functions of one file that build the cells that they return."""
    for node in reading.source.tree.body:
        made = _factory(reading, node) if isinstance(node, ast.FunctionDef) else None
        if made is not None:
            yield made


def _factory(home: Reading, function: ast.FunctionDef) -> CellFactory | None:
    if home.source.parents.get(function) is not home.source.tree or function.decorator_list:
        return None
    cells: list[Construction] = []
    for result in returned(function, home.source):
        for value in home.values.of(result):
            node = value.node if isinstance(value, CellInstance) else None
            made = home.facts.construction(node) if node is not None else None
            if made is None or home.source.function(made.node) is not function or not made.legacy:
                return None
            cells.append(made)
    return CellFactory(function, home, tuple(dict.fromkeys(cells))) if cells else None


def verdicts(context: Context) -> Iterator[Verdict]:
    """On each factory that the file of ``context`` defines."""
    for factory in factories(context.reading):
        yield _verdict(context, factory)


def _everywhere(context: Context, factory: CellFactory) -> Verdict:
    """What all files that call the factory say of it."""
    known = known_verdict(context, rule.name, factory.definition)
    return known or _verdict(context, factory)


def _size(told: Verdict) -> str:
    """The one size of all carries. Raises CannotWrite where there is none."""
    if told.unread:
        raise Unread(told.unread, told.name)
    for path, why in told.faults:
        raise CannotWrite(f"{os.path.basename(path)}: {why}")
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
    sizes = {ast.unparse(size) for file in files for _, size in _sites(file, factory)}
    away = any(file.reading is not factory.home for file in files for _ in _sites(file, factory))
    if not away or len(sizes) != 1:
        return told
    told = replace(told, size=sizes.pop())
    for file in files:
        try:
            list(_edits(file, factory, told.size))
        except CannotWrite as why:
            return replace(told, faults=((path_of(file), str(why)),))
    return told


def _sites(
    context: Context, factory: CellFactory
) -> Iterator[tuple[CarryCall | RnnCall, ast.expr]]:
    """What makes a carry of one of the cells in one file, with the size of it."""
    facts = context.reading.facts
    for carry in facts.carries:
        if _cells(context, factory, carry.receiver):
            yield carry, carry.parts.get("size", carry.receiver)
    for layer in facts.layers:
        if _cells(context, factory, layer.cell):
            yield layer, layer.size


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
    for site, given in _sites(context, factory):
        line = site.node.lineno
        if not isinstance(given, ast.Constant) or type(given.value) is not int:
            raise CannotWrite(f"the size in line {line} is not known where the cell is built")
        cell = site.cell if isinstance(site, RnnCall) else site.receiver
        if _cells(context, factory, cell) < len(context.reading.values.of(cell)):
            raise CannotWrite(f"the cell in line {line} may be another")
        if isinstance(site, RnnCall):
            yield site.node, SIZED, without_size(context, site)
        elif not site.parts or "init_fn" in site.parts:
            raise CannotWrite(f"the arguments in line {line} are not (rng, batch_dims, size)")
        else:
            edits = shaped_by_input(context, site, size_in_shape(context, given))
            yield site.node, ASKED, edits


def _check_applied(context: Context, factory: CellFactory, size: str) -> None:
    """Raise CannotWrite where a cell is applied to what is not created with ``size``."""
    for use in context.reading.facts.applications:
        if _cells(context, factory, use.cell):
            made = context.reading.created.sizes_of(use.carry)
            if made is None or set(made.alternatives()) != {size}:
                raise CannotWrite(f"the width of the carry in line {use.node.lineno} is not known")


def _check_stays(context: Context, factory: CellFactory) -> None:
    """Raise CannotWrite where a cell is handed on to where its carry may have another size."""
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
        if any(_cells(context, factory, value) for value in handed):
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
        "same number, the function gives it to the cell. Function and callers change together "
        "or not at all; with other sizes the function needs a parameter."
    ),
    before=("def make_cell():\n    return nn.GRUCell()\n\n\nrnn = nn.RNN(make_cell(), 64)\n"),
    after=("def make_cell():\n    return nn.GRUCell(features=64)\n\n\nrnn = nn.RNN(make_cell())\n"),
    find=find,
)
