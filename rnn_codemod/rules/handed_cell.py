"""A cell handed to a class or a function that makes its carry with a size of its own."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace

from rnn_codemod.around import Link, Verdict
from rnn_codemod.editing.edits import Decision
from rnn_codemod.linked import linked
from rnn_codemod.reading.calls import callings, lineage
from rnn_codemod.reading.cell_makers import CellFactory, maker_of
from rnn_codemod.reading.facts import CarryCall
from rnn_codemod.reading.takers import HandedOn, Taker
from rnn_codemod.reading.value import CellInstance
from rnn_codemod.rules.cell_class import Unread, other_files
from rnn_codemod.rules.everywhere import home_of, known_verdict, path_of
from rnn_codemod.rules.handed_edits import edits_of, handing_on, takers_called
from rnn_codemod.rules.instance_carry import MESSAGE as ASKED
from rnn_codemod.rules.rule import CannotWrite, Context, Rule

CELL_FACTORY = "cell_factory"


def find(context: Context) -> Iterator[Decision]:
    decided: set[ast.Call] = set()
    takers = list(_takers(context))
    for taker, verdict in zip(takers, _everywhere(context, takers), strict=True):
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
            for taker in takers_called(context, node):
                found.setdefault((taker.definition, taker.cell), taker)
    yield from found.values()


def verdicts(context: Context) -> Iterator[Verdict]:
    """On each taker that the file of ``context`` defines."""
    for taker in context.reading.takers:
        yield _verdict(context, taker)


def _everywhere(context: Context, takers: list[Taker]) -> list[Verdict]:
    """What all files that use the takers say of each."""
    known = [known_verdict(context, rule.name, it.definition, it.cell) for it in takers]
    asked = zip(known, takers, strict=True)
    return linked(
        [
            _verdict(context, taker) if verdict is None else replace(verdict, links=())
            for verdict, taker in asked
        ]
    )


def _check(verdict: Verdict) -> None:
    """Raise CannotWrite unless all files that use the taker can be written."""
    if verdict.unread:
        raise Unread(verdict.unread, verdict.name)
    for path, why in verdict.faults:
        raise CannotWrite(f"{os.path.basename(path)}: {why}")


def _verdict(context: Context, taker: Taker) -> Verdict:
    name, line = taker.definition.name, taker.definition.lineno
    told = Verdict(rule.name, home_of(context, taker.definition), name, line, names=(taker.cell,))
    alone = taker.definition in context.reading.scopes and not context.users
    if name not in context.users and not alone:
        why = f"it is not known who else uses {name}"
        return replace(told, faults=((told.home, why),))
    try:
        files = [context, *other_files(context, taker.definition)]
    except Unread as why:
        return replace(told, unread=why.path, used=True)
    givers = [giver for file in files for giver in _handing_on(file, taker)]
    below = [site.to for site in taker.sites if isinstance(site, HandedOn)]
    links = [_key(context, it) for it in (*below, *givers)]
    if context.users:
        links += [_key_of(context, it) for file in files for it in _makers(file, taker)]
    used = any(_is_given_cell(file, taker) for file in files)
    faults = []
    for file in files if used or links else ():
        try:
            edits_of(file, taker)
        except CannotWrite as why:
            faults.append((path_of(file), str(why)))
    return replace(
        told,
        used=used,
        links=tuple(links),
        faults=tuple(faults[:1]),
    )


def _key(context: Context, taker: Taker) -> Link:
    home, line = home_of(context, taker.definition), taker.definition.lineno
    return rule.name, home, line, (taker.cell,)


def _key_of(context: Context, factory: CellFactory) -> Link:
    home, line = home_of(context, factory.definition), factory.definition.lineno
    return CELL_FACTORY, home, line, ()


def _makers(context: Context, taker: Taker) -> Iterator[CellFactory]:
    """The functions that make cells which one file gives the taker."""
    values = context.reading.values
    for given in _given_in(context, taker):
        for value in values.of(given):
            node = value.node if isinstance(value, CellInstance) else None
            factory = maker_of(context.reading, node) if node is not None else None
            if factory is not None:
                yield factory


def _handing_on(context: Context, taker: Taker) -> Iterator[Taker]:
    """What gives it, in one file, a cell that it is given itself."""
    for node in context.reading.source.nodes:
        if isinstance(node, ast.Call):
            giver = handing_on(context, taker, node)
            if giver is not None:
                yield giver


def _is_given_cell(context: Context, taker: Taker) -> bool:
    """Whether a call in one file gives it what is a cell."""
    values = context.reading.values
    return any(
        isinstance(value, CellInstance)
        for given in _given_in(context, taker)
        for value in values.of(given)
    )


def _given_in(context: Context, taker: Taker) -> Iterator[ast.expr]:
    """All that the calls of one file give the taker."""
    values = context.reading.values
    for call in context.reading.source.nodes:
        for calling in callings(values, call) if isinstance(call, ast.Call) else ():
            if taker.definition in lineage(values, calling.definition):
                for part in (calling.node, calling.partial):
                    if part is not None:
                        yield from part.args
                        yield from (keyword.value for keyword in part.keywords)


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
