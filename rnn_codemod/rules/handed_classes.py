"""Whether all files hand a field or a parameter nothing but cell classes of flax."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from rnn_codemod.around import Verdict
from rnn_codemod.reading.calls import defaults
from rnn_codemod.reading.class_takers import ClassTaker, class_takers
from rnn_codemod.reading.value import POSITIONAL, CellClass, Value
from rnn_codemod.reading.world import is_flax_cell
from rnn_codemod.rules.calls_of import arguments, calls_of, check_mentions, check_unchanged
from rnn_codemod.rules.cell_class import Unread, other_files
from rnn_codemod.rules.everywhere import home_of, path_of
from rnn_codemod.rules.rule import CannotWrite, Context

RULE = "handed_class"


def verdicts(context: Context) -> Iterator[Verdict]:
    """On each field and parameter of the file of ``context`` that is called as a cell class is."""
    for taker in class_takers(context.reading):
        yield _verdict(context, taker)


def taking(verdicts: tuple[Verdict, ...]) -> frozenset[tuple[str, int, str]]:
    """By file, line and name, what takes cell classes and nothing else, in every file."""
    return frozenset(
        (it.home, it.line, *it.names)  # type: ignore[misc]
        for it in verdicts
        if it.rule == RULE and it.used and not it.unread and not it.faults
    )


def _verdict(context: Context, taker: ClassTaker) -> Verdict:
    home, line = home_of(context, taker.place), taker.place.lineno
    told = Verdict(RULE, home, taker.definition.name, line, names=(taker.name,))
    try:
        files = [context, *other_files(context, taker.definition)]
    except Unread as why:
        return replace(told, unread=why.path)
    if context.users and taker.definition.name not in context.users:
        return replace(told, faults=((home, "it is not known who else uses it"),))
    used, faults = False, []
    for file in files:
        try:
            used = _hands(file, taker) or used
        except CannotWrite as why:
            faults.append((path_of(file), str(why)))
    return replace(told, used=used, faults=tuple(faults[:1]))


def _hands(context: Context, taker: ClassTaker) -> bool:
    """Whether one file hands it a class. Raises CannotWrite where it may hand something else."""
    check_mentions(context, taker.definition)
    check_unchanged(context, {taker.name})
    handed = False
    if taker.place in context.reading.scopes:
        default = defaults(context.reading.values, taker.place).get(taker.name)
        handed = default is not None and _is_class(context, default, default)
    for calling in calls_of(context, taker.definition):
        given = arguments(context, calling, taker.place).get(taker.name)
        handed = (given is not None and _is_class(context, given, calling.node)) or handed
    return handed


def _is_class(context: Context, given: ast.expr, where: ast.expr) -> bool:
    """Whether it is a cell class, not None. Raises CannotWrite for all else."""
    found = context.reading.values.of(given)
    if not all(map(_is_plain, found)):
        raise CannotWrite(f"what is given in line {where.lineno} may be no cell class of flax")
    return bool(found)


def _is_plain(value: Value) -> bool:
    """Whether it is a dense cell of flax that waits for its features."""
    return (
        isinstance(value, CellClass)
        and is_flax_cell(value)
        and not value.kind.convolutional
        and not value.kind.sized
        and not value.lifted
        and not value.bound & {POSITIONAL, "features"}
    )
