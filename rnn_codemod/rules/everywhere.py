"""Whether all files that use a custom cell can be written: asked once, and known in each."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from rnn_codemod.around import Verdict
from rnn_codemod.reading.definitions import is_static
from rnn_codemod.reading.own_carry import legacy_method
from rnn_codemod.reading.source import Function
from rnn_codemod.reading.width import Width
from rnn_codemod.rules.cell_checks import check_alone, check_uses
from rnn_codemod.rules.cell_class import Unread, class_edits, other_files
from rnn_codemod.rules.cell_uses import (
    CellUses,
    edits_of,
    hands,
    names_in,
    uses_of,
)
from rnn_codemod.rules.forms import width_of
from rnn_codemod.rules.rule import CannotWrite, Context
from rnn_codemod.unnamed import open_carries


def verdicts(context: Context, *, bound: bool) -> Iterator[Verdict]:
    """On each cell with a legacy carry of its own that the file of ``context`` defines.

    ``bound`` are those whose initialize_carry is a method of the instance.
    """
    for node in context.reading.source.nodes:
        kind = context.reading.values.cell_kind(node) if isinstance(node, ast.ClassDef) else None
        if kind is not None and kind.carry_class is node:
            method = legacy_method(node)
            if method is not None and is_static(method) is not bound:
                yield _verdict(context, uses_of(context, kind, method))


def check_everywhere(context: Context, cell: CellUses) -> Verdict:
    """What all files say of the class. Raises CannotWrite unless every one can be written."""
    name = cell.definition.name
    verdict = known_verdict(context, _rule(cell), cell.definition) or _verdict(context, cell)
    if verdict.unread:
        raise Unread(verdict.unread, name)
    if is_used(verdict, cell):
        if cell.knows_width and not (verdict.sized or cell.sized):
            raise CannotWrite("no use tells how many axes its features have")
    else:
        check_alone(context, cell.method)
    here = path_of(context)
    # What stands in this file comes first.
    for path, line in sorted(verdict.open_carries, key=lambda carry: carry[0] != here):
        where = f"{context.reading.values.path if path == here else path}, line {line}"
        raise CannotWrite(f"the cell is handed on, and the carry in {where} may be of it")
    _check_file(context, cell, {*verdict.names, *names_in(context, cell.definition)})
    for path, why in verdict.faults:
        if path != here:
            raise CannotWrite(f"{path}: {why}")
    return verdict


def is_used(verdict: Verdict, cell: CellUses) -> bool:
    """Whether a given file uses the cell; of a private name, none but its own could."""
    used = cell.constructions or cell.carries or cell.layers
    return verdict.used or bool(used) or cell.definition.name.startswith("_")


def path_of(context: Context) -> str:
    """The path of a file from the root of the file system."""
    path = context.reading.values.path
    return path if context.world is None else context.world.absolute(path)


def home_of(context: Context, definition: Function | ast.ClassDef) -> str:
    """The path of the file that a class or a function stands in."""
    if definition in context.reading.scopes or context.world is None:
        return path_of(context)
    owner = context.world.owner(definition)
    return path_of(context if owner is None else replace(context, reading=owner))


def known_verdict(
    context: Context, rule: str, definition: Function | ast.ClassDef, *names: str
) -> Verdict | None:
    """What is known already of a class or a function; ``names`` where it is on a part of it."""
    home, line = home_of(context, definition), definition.lineno
    for it in context.verdicts:
        if (it.rule, it.home, it.line) == (rule, home, line) and (not names or it.names == names):
            return it
    return None


def _rule(cell: CellUses) -> str:
    """The name of the rule that decides on the cell."""
    return "custom_cell" if is_static(cell.method) else "carry_method"


def _verdict(context: Context, cell: CellUses) -> Verdict:
    definition = cell.definition
    told = Verdict(_rule(cell), home_of(context, definition), definition.name, definition.lineno)
    try:
        files = [context, *other_files(context, definition)]
    except Unread as why:
        return replace(told, unread=why.path)
    cells = [uses_of(file, cell.kind, cell.method) for file in files]
    names = {told.name}.union(*(names_in(file, cell.definition) for file in files))
    handed = any(hands(file, used) for file, used in zip(files, cells, strict=True))
    faults: list[tuple[str, str]] = []
    for file, used in zip(files, cells, strict=True):
        try:
            _check_file(file, used, names)
        except CannotWrite as why:
            faults.append((path_of(file), str(why)))
    return replace(
        told,
        used=any(it.constructions or it.carries or it.layers for it in cells),
        initialized=any(used.initialized for used in cells),
        sized=any(used.sized for used in cells),
        around=tuple(sorted({outer.name for outer in _around(context, cells[0])})),
        names=tuple(sorted(names)),
        open_carries=tuple(_open_carries(files)) if handed else (),
        faults=tuple(faults[:2]),  # One of them may be of the file that asks.
    )


def _open_carries(files: Sequence[Context]) -> Iterator[tuple[str, int]]:
    """The first line of each file."""
    for file in files:
        for node in islice(open_carries(file.reading), 1):
            yield path_of(file), node.lineno


def _around(context: Context, cell: CellUses) -> Iterator[ast.ClassDef]:
    """The users' cells that build it with their own features."""
    for made in () if cell.knows_width else cell.constructions:
        width = width_of(context, made)
        if isinstance(width, Width) and width.cell is not None:
            yield width.cell


def _all_around(context: Context, cell: CellUses) -> set[ast.ClassDef]:
    """Those around it, those around these, and so on."""
    found: set[ast.ClassDef] = set()
    new = set(_around(context, cell))
    while new:
        found |= new
        methods = [(outer, legacy_method(outer)) for outer in new]
        kinds = context.reading.values.cell_kind
        new = {
            further
            for outer, method in methods
            if method is not None and (kind := kinds(outer)) is not None
            for further in _around(context, uses_of(context, kind, method))
        } - found
    return found


def _check_around(context: Context, cell: CellUses, outer: ast.ClassDef) -> None:
    """Raise CannotWrite unless ``outer``, in the file of the cell, gets its features too."""
    method, kind = legacy_method(outer), context.reading.values.cell_kind(outer)
    known = outer.name in context.users or not context.users
    if method is None or kind is None or not known or cell.definition not in context.reading.scopes:
        raise CannotWrite(f"{outer.name}, which builds it, has to change first")
    whole = uses_of(context, kind, method)
    if _rule(whole) != _rule(cell) or cell.definition in _all_around(context, whole):
        raise CannotWrite(f"{outer.name}, which builds it, has to change first")
    try:
        used = is_used(check_everywhere(context, whole), whole)
    except CannotWrite as why:
        raise CannotWrite(f"{outer.name}, which builds it, cannot change: {why}") from why
    if not used:
        raise CannotWrite(f"{outer.name}, which builds it, is not used in the given files")


def _check_file(context: Context, cell: CellUses, names: set[str]) -> None:
    """Raise CannotWrite unless all uses in one file can be written."""
    check_uses(context, cell, names)
    if cell.definition in context.reading.scopes:
        class_edits(context, cell.kind, cell.method, initialized=cell.initialized)
    edits_of(context, cell)
    for outer in dict.fromkeys(_around(context, cell)):
        _check_around(context, cell, outer)
