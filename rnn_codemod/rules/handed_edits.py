"""What changes in one file for a class or a function that makes the carry of a cell it is given."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.editing.edits import Edit
from rnn_codemod.reading.calls import Calling, callings, defaults, lineage
from rnn_codemod.reading.cell_makers import maker_of
from rnn_codemod.reading.facts import CarryCall, Construction, RnnCall, given_features
from rnn_codemod.reading.takers import HandedOn, Taker, taken
from rnn_codemod.reading.value import CellInstance, union
from rnn_codemod.reading.width import Size, Width
from rnn_codemod.rules.axes import one_line
from rnn_codemod.rules.calls_of import arguments, calls_of, check_mentions, check_unchanged
from rnn_codemod.rules.forms import factory, shaped_by_input, size_in_shape
from rnn_codemod.rules.from_elsewhere import check_plain, with_features
from rnn_codemod.rules.instance_carry import MESSAGE as ASKED
from rnn_codemod.rules.missing_features import MESSAGE as BUILT
from rnn_codemod.rules.rnn_size import MESSAGE as SIZED
from rnn_codemod.rules.rnn_size import without_size
from rnn_codemod.rules.rule import CannotWrite, Context


def edits_of(context: Context, taker: Taker) -> list[tuple[ast.Call, str, list[Edit]]]:
    """What changes in one file. Raises CannotWrite."""
    check_mentions(context, taker.definition)
    check_unchanged(context, {taker.cell, taker.size})
    changes: list[tuple[ast.Call, str, list[Edit]]] = []
    sizes: dict[Construction, list[Size]] = {}
    if taker.definition in context.reading.scopes:
        for site in taker.sites:
            if not isinstance(site, HandedOn):
                message = SIZED if isinstance(site, RnnCall) else ASKED
                changes.append((site.node, message, _asked(context, site)))
        for made, literal in _default(context, taker):
            sizes.setdefault(made, []).append(Size(literal))
    for calling in calls_of(context, taker.definition):
        if handing_on(context, taker, calling.node) is None:
            for made, size in _given(context, taker, calling):
                sizes.setdefault(made, []).append(Size(size))
    for made, given in sizes.items():
        changes.append((made.node, BUILT, _built(context, taker, made, given)))
    return changes


def takers_called(context: Context, call: ast.Call) -> Iterator[Taker]:
    """What takes a cell among all that a call may call."""
    for calling in callings(context.reading.values, call):
        for definition in lineage(context.reading.values, calling.definition):
            home = context.reading.home(definition)
            if home is not None:
                yield from home.takers_of(definition)


def handing_on(context: Context, taker: Taker, call: ast.Call) -> Taker | None:
    """What gives the taker, in this call, a cell and a size that it is given itself."""
    reading = context.reading
    for calling in callings(reading.values, call):
        if calling.definition is taker.definition:
            try:
                given = arguments(context, calling).get(taker.cell)
            except CannotWrite:
                continue
            giver = taken(reading.values, given) if given is not None else None
            for it in reading.takers_of(giver[0]) if giver is not None else ():
                if any(isinstance(site, HandedOn) and site.node is call for site in it.sites):
                    return it
    return None


def _asked(context: Context, site: CarryCall | RnnCall) -> list[Edit]:
    if isinstance(site, RnnCall):
        return without_size(context, site)
    if "init_fn" in site.parts:
        raise CannotWrite("the carry is created with an init_fn")
    return shaped_by_input(context, site, size_in_shape(context, site.parts["size"]))


def _default(context: Context, taker: Taker) -> Iterator[tuple[Construction, ast.Constant]]:
    """The cell that it takes where none is given, with its size. Raises CannotWrite."""
    reading = context.reading
    default = defaults(reading.values, taker.definition).get(taker.cell)
    if isinstance(default, ast.Constant | None):
        return
    made = [
        it
        for it in reading.facts.constructions
        if default in (it.node, *reading.source.ancestors(it.node))
    ]
    if not isinstance(taker.size, ast.Constant) or len(made) != 1:
        raise CannotWrite(f"{taker.cell} has a default, whose size is not known")
    yield made[0], taker.size


def _given(
    context: Context, taker: Taker, calling: Calling
) -> Iterator[tuple[Construction, ast.expr]]:
    """The cells that a call gives, each with the size it gives."""
    where = f"in line {calling.node.lineno}"
    given = arguments(context, calling)
    cell = given.get(taker.cell)
    size = taker.size if isinstance(taker.size, ast.Constant) else given.get(taker.size)
    if cell is None and taker.cell in defaults(context.reading.values, taker.definition):
        return  # Its own, which has the one size that there is.
    if cell is None or size is None:
        raise CannotWrite(f"the cell or its size {where} is not written out")
    if not isinstance(size, ast.Constant) and not context.reading.purity.cheap(size):
        raise CannotWrite(f"the size {where} would be evaluated twice")
    for value in context.reading.values.of(cell):
        node = value.node if isinstance(value, CellInstance) else None
        made = context.reading.facts.construction(node) if node is not None else None
        elsewhere = made is None and node is not None and bool(context.users)
        if elsewhere and node is not None and maker_of(context.reading, node) is not None:
            continue  # Whether it can have this size is asked of all callers of its maker.
        if made is None:
            raise CannotWrite(f"the cell {where} is not built in this file")
        yield made, size


def _built(context: Context, taker: Taker, made: Construction, sizes: list[Size]) -> list[Edit]:
    """The cell with the size that it is given with as its features."""
    reading, line = context.reading, made.node.lineno
    check_plain(made)
    group = list(below(taker))
    mine = {site.node for it in group for site in it.sites}
    others = {carry.node for carry in reading.sites.own_carries(made)}
    others |= {layer.node for layer in reading.sites.layers(made)}
    if others - mine or _goes_elsewhere(context, group, made):
        raise CannotWrite(f"the cell in line {line} is used elsewhere, too")
    width = reading.sizes.agreed(sizes, made.node, "the size that it is given with")
    portable = reading.purity.portable
    if not isinstance(width, Width) or not all(
        isinstance(size.node, ast.Constant) or portable(size.node, size.node, made.node)
        for size in sizes
    ):
        raise CannotWrite(f"the size of the cell in line {line} is not known where it is built")
    if not made.legacy:
        given = given_features(made)
        if given is None or ast.dump(given) != ast.dump(sizes[0].node):
            raise CannotWrite(f"the cell in line {line} has features already")
        return []
    if made.node in reading.source.factories.values():
        return factory(context, made, width)
    return with_features(context, made, one_line(width.text))


def below(taker: Taker) -> Iterator[Taker]:
    """A taker, and all that it hands the cell on to."""
    yield taker
    for site in taker.sites:
        if isinstance(site, HandedOn):
            yield from below(site.to)


def _goes_elsewhere(context: Context, group: list[Taker], made: Construction) -> bool:
    """Whether another class or function that makes a carry is given the cell, too."""
    values = context.reading.values
    for call in context.reading.source.nodes:
        if not isinstance(call, ast.Call):
            continue
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        found = union(values.of(argument) for argument in given)
        if any(isinstance(value, CellInstance) and value.node is made.node for value in found):
            others = {it.definition for it in takers_called(context, call)}
            if others - {it.definition for it in group}:
                return True
    return False
