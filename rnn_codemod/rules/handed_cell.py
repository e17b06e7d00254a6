"""A cell handed to a class or a function that makes its carry with a size of its own."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace

from rnn_codemod.around import Verdict
from rnn_codemod.editing.edits import Decision, Edit
from rnn_codemod.reading.facts import CarryCall, Construction, RnnCall, given_features
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.takers import Definition, Taker, takers_of
from rnn_codemod.reading.value import CellInstance, union
from rnn_codemod.reading.width import Size, Width
from rnn_codemod.rules.axes import one_line
from rnn_codemod.rules.calls_of import (
    arguments,
    called,
    check_mentions,
    check_unchanged,
    defaults,
)
from rnn_codemod.rules.cell_class import Unread, other_files
from rnn_codemod.rules.everywhere import home_of, known_verdict, path_of
from rnn_codemod.rules.forms import shaped_by_input, size_in_shape
from rnn_codemod.rules.from_elsewhere import check_plain, with_features
from rnn_codemod.rules.instance_carry import MESSAGE as ASKED
from rnn_codemod.rules.missing_features import MESSAGE as BUILT
from rnn_codemod.rules.rnn_size import MESSAGE as SIZED
from rnn_codemod.rules.rnn_size import without_size
from rnn_codemod.rules.rule import CannotWrite, Context, Rule


def find(context: Context) -> Iterator[Decision]:
    decided: set[ast.Call] = set()
    for taker in _takers(context):
        verdict = _everywhere(context, taker)
        if not verdict.used:
            continue
        try:
            _check(verdict)
            changes = edits_of(context, taker)
        except CannotWrite as why:
            # The rules for each sort of sites tell of all that are seen without the callers.
            for carry in _unseen(context, taker):
                yield rule.refuse(context, carry.node, ASKED, str(why), RECIPE)
            continue
        for node, message, edits in changes:
            if edits and node not in decided:
                decided.add(node)
                yield rule.rewrite(context, node, message, *edits, reason=REASON)


def _takers(context: Context) -> Iterator[Taker]:
    """Those that this file defines or calls, in the order of the text."""
    found = {(taker.definition, taker.cell): taker for taker in context.reading.takers}
    for node in context.reading.source.nodes:
        if isinstance(node, ast.Call):
            for definition in called(context, node):
                for taker in _takers_of(context, definition):
                    found.setdefault((definition, taker.cell), taker)
    yield from found.values()


def _takers_of(context: Context, definition: Definition) -> Iterator[Taker]:
    """What a definition takes, as the file that it stands in says."""
    home: Reading | None = context.reading
    if definition not in context.reading.scopes:
        home = context.world.owner(definition) if context.world is not None else None
    if home is not None:
        yield from takers_of(home, definition)


def verdicts(context: Context) -> Iterator[Verdict]:
    """On each taker that the file of ``context`` defines."""
    for taker in context.reading.takers:
        yield _verdict(context, taker)


def _everywhere(context: Context, taker: Taker) -> Verdict:
    """What all files that use the taker say of it."""
    known = known_verdict(context, rule.name, taker.definition, taker.cell)
    return known or _verdict(context, taker)


def _check(verdict: Verdict) -> None:
    """Raise CannotWrite unless all files that use the taker can be written."""
    if verdict.unread:
        raise Unread(verdict.unread, verdict.name)
    for path, why in verdict.faults:
        raise CannotWrite(f"{os.path.basename(path)}: {why}")


def _verdict(context: Context, taker: Taker) -> Verdict:
    name, line = taker.definition.name, taker.definition.lineno
    told = Verdict(rule.name, home_of(context, taker.definition), name, line, names=(taker.cell,))
    if taker.definition not in context.reading.scopes and name not in context.users:
        return told  # Who else uses it is not known.
    try:
        files = [context, *other_files(context, taker.definition)]
    except Unread as why:
        return replace(told, unread=why.path, used=True)
    used = any(_is_given_cell(file, taker) for file in files)
    faults = []
    for file in files if used else ():
        try:
            edits_of(file, taker)
        except CannotWrite as why:
            faults.append((path_of(file), str(why)))
    return replace(told, used=used, faults=tuple(faults[:1]))


def _is_given_cell(context: Context, taker: Taker) -> bool:
    """Whether a call in one file gives it what is a cell."""
    values = context.reading.values
    return any(
        isinstance(value, CellInstance)
        for call in context.reading.source.nodes
        if isinstance(call, ast.Call) and taker.definition in called(context, call)
        for given in (*call.args, *(keyword.value for keyword in call.keywords))
        for value in values.of(given)
    )


def edits_of(context: Context, taker: Taker) -> list[tuple[ast.Call, str, list[Edit]]]:
    """What changes in one file. Raises CannotWrite."""
    check_mentions(context, taker.definition)
    check_unchanged(context, {taker.cell, taker.size})
    changes: list[tuple[ast.Call, str, list[Edit]]] = []
    if taker.definition in context.reading.scopes:
        if not isinstance(defaults(taker.definition).get(taker.cell), ast.Constant | None):
            raise CannotWrite(f"{taker.cell} has a default, whose size is not known")
        for site in taker.sites:
            message = SIZED if isinstance(site, RnnCall) else ASKED
            changes.append((site.node, message, _asked(context, site)))
    sizes: dict[Construction, list[Size]] = {}
    for node in context.reading.source.nodes:
        if isinstance(node, ast.Call) and taker.definition in called(context, node):
            if len(context.reading.values.of(node.func)) > 1:
                raise CannotWrite(f"something else may be called in line {node.lineno}")
            for made, size in _given(context, taker, node):
                sizes.setdefault(made, []).append(Size(size))
    for made, given in sizes.items():
        changes.append((made.node, BUILT, _built(context, taker, made, given)))
    return changes


def _asked(context: Context, site: CarryCall | RnnCall) -> list[Edit]:
    if isinstance(site, RnnCall):
        return without_size(context, site)
    if "init_fn" in site.parts:
        raise CannotWrite("the carry is created with an init_fn")
    return shaped_by_input(context, site, size_in_shape(context, site.parts["size"]))


def _given(
    context: Context, taker: Taker, call: ast.Call
) -> Iterator[tuple[Construction, ast.expr]]:
    """The cells that a call gives, each with the size it gives."""
    where = f"in line {call.lineno}"
    given = arguments(context, taker.definition, call)
    cell = given.get(taker.cell)
    size = taker.size if isinstance(taker.size, ast.Constant) else given.get(taker.size)
    if cell is None or size is None:
        raise CannotWrite(f"the cell or its size {where} is not written out")
    if not isinstance(size, ast.Constant) and not context.reading.purity.cheap(size):
        raise CannotWrite(f"the size {where} would be evaluated twice")
    for value in context.reading.values.of(cell):
        node = value.node if isinstance(value, CellInstance) else None
        made = context.reading.facts.construction(node) if node is not None else None
        if made is None:
            raise CannotWrite(f"the cell {where} is not built in this file")
        yield made, size


def _built(context: Context, taker: Taker, made: Construction, sizes: list[Size]) -> list[Edit]:
    """The cell with the size that it is given with as its features."""
    reading, line = context.reading, made.node.lineno
    check_plain(made)
    mine = {site.node for site in taker.sites}
    others = {carry.node for carry in reading.sites.own_carries(made)}
    others |= {layer.node for layer in reading.sites.layers(made)}
    if others - mine or _goes_elsewhere(context, taker, made):
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
    return with_features(context, made, one_line(width.text))


def _goes_elsewhere(context: Context, taker: Taker, made: Construction) -> bool:
    """Whether another class or function that makes a carry is given the cell, too."""
    values = context.reading.values
    for call in context.reading.source.nodes:
        if not isinstance(call, ast.Call) or taker.definition in called(context, call):
            continue
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        found = union(values.of(argument) for argument in given)
        if any(isinstance(value, CellInstance) and value.node is made.node for value in found):
            if any(list(_takers_of(context, it)) for it in called(context, call)):
                return True
    return False


def unnamed(context: Context, decisions: Iterable[Decision]) -> int:
    """Of how many carries among the decisions only the callers tell that they are a cell's."""
    mine = (d.finding for d in decisions if d.finding.rule == rule.name)
    places = {(finding.line, finding.column) for finding in mine}
    unseen = [carry for taker in context.reading.takers for carry in _unseen(context, taker)]
    return sum(context.reading.source.place(carry.node) in places for carry in unseen)


def _unseen(context: Context, taker: Taker) -> Iterator[CarryCall]:
    """Its carries in this file, of which only the callers tell that they are a cell's."""
    known = {carry.node for carry in context.reading.facts.carries}
    for site in taker.sites:
        if isinstance(site, CarryCall) and site.node in context.reading.scopes:
            if site.node not in known:
                yield site


RECIPE = "cell.initialize_carry(rng, (*batch_dims, size)), with features=size in each cell given"
REASON = "the features are the size that the cell is given with"

rule = Rule(
    name="handed_cell",
    summary="a cell is handed to code that makes its carry with a size of its own",
    explanation=(
        "A class or a function that is given a cell and a size makes the cell's carry with that "
        "size, or gives both to nn.RNN. Now the cell knows it: wherever the class or function is "
        "called, in any file, the cell that is given gets the size that is given beside it. All "
        "these places change together or not at all."
    ),
    before=(
        "class Layer(nn.Module):\n"
        "    cell: nn.Module\n"
        "    size: int\n"
        "\n"
        "    def __call__(self, xs):\n"
        "        return nn.RNN(self.cell, self.size)(xs)\n"
        "\n"
        "\n"
        "layer = Layer(cell=nn.GRUCell(), size=64)\n"
    ),
    after=(
        "class Layer(nn.Module):\n"
        "    cell: nn.Module\n"
        "    size: int\n"
        "\n"
        "    def __call__(self, xs):\n"
        "        return nn.RNN(self.cell)(xs)\n"
        "\n"
        "\n"
        "layer = Layer(cell=nn.GRUCell(features=64), size=64)\n"
    ),
    find=find,
)
