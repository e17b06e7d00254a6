"""Which wrappers change, in which files, and why the others keep their signature."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from rnn_codemod.around import Verdict
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.value import ModuleClass
from rnn_codemod.rules.everywhere import home_of, known_verdict
from rnn_codemod.rules.rule import CannotWrite, Context
from rnn_codemod.style import field_form, inside_form
from rnn_codemod.style.field_form import Site
from rnn_codemod.style.scanned import scanned
from rnn_codemod.style.uses import Uses, imports_unknown
from rnn_codemod.style.wrapper import Keeps, Wrapper, read, static_carries, wrappers

IDIOMATIC = "idiomatic"
_NEEDED = ("static_carry", "missing_features", "lifted_class", "positional_arguments", IDIOMATIC)


@dataclass(frozen=True)
class Plan:
    """What changes in one file with one wrapper; or why the wrapper keeps its signature."""

    name: str
    sites: tuple[Site, ...] = ()
    kept: str = ""
    defined_here: bool = False


def plans(context: Context) -> Iterator[Plan]:
    """One plan for each wrapper that a file defines or uses, in the order of the text."""
    for home, node in _wrappers(context) if _wanted(context) else ():
        here = home is context.reading
        try:
            yield Plan(node.name, tuple(_sites(context, home, node)), defined_here=here)
        except (Keeps, CannotWrite) as why:
            yield Plan(node.name, kept=str(why), defined_here=here)


def verdicts(context: Context) -> Iterator[Verdict]:
    """On each wrapper that the file of ``context`` defines."""
    for node in wrappers(context.reading) if _wanted(context) else ():
        yield _verdict(context, context.reading, node)


def _wanted(context: Context) -> bool:
    return context.options.style == IDIOMATIC and all(map(context.options.wants, _NEEDED))


def _wrappers(context: Context) -> Iterator[tuple[Reading, ast.ClassDef]]:
    """The wrappers that the file defines, then those that it uses from other files."""
    reading = context.reading
    for node in wrappers(reading):
        yield reading, node
    met = set()
    for expression in reading.source.nodes:
        if not isinstance(expression, ast.Name | ast.Attribute):
            continue
        if not isinstance(expression.ctx, ast.Load):
            continue
        for value in reading.values.of(expression):
            if isinstance(value, ModuleClass) and value.node not in reading.scopes:
                met.add(value.node)
    for node in sorted(met, key=lambda node: (node.name, node.lineno)):
        home = context.world.owner(node) if context.world is not None else None
        if home is not None and node in set(wrappers(home)):
            yield home, node


def _sites(context: Context, home: Reading, node: ast.ClassDef) -> list[Site]:
    """The sites of one file, once all files are known to change. Raises Keeps or CannotWrite."""
    told = known_verdict(context, IDIOMATIC, node) or _verdict(context, home, node)
    for _, why in told.faults:
        raise Keeps(why)
    wrapper = read(home, node)
    return _FORMS[told.form](context, _uses(context, wrapper))


def _verdict(context: Context, home: Reading, node: ast.ClassDef) -> Verdict:
    """What all files that use a wrapper say of it: the form that they can be written in."""
    key = f"{node.name}.{static_carries(home, node)[0][0].name}"
    told = Verdict(IDIOMATIC, home_of(context, node), key, node.lineno)
    try:
        wrapper = read(home, node)
        files = [replace(context, reading=r) for r in _files(context, wrapper)]
        return replace(told, form=_form(files, wrapper))
    except (Keeps, CannotWrite) as why:
        return replace(told, faults=((told.home, str(why)),))


def _form(files: list[Context], wrapper: Wrapper) -> str:
    """The first form that every file can be written in. Raises Keeps or CannotWrite."""
    uses = [_uses(file, wrapper) for file in files]
    if not any(use.built for use in uses):
        raise Keeps("it is not built in the given files, so others must use it")
    with suppress(Keeps, CannotWrite):
        for file, use in zip(files, uses, strict=True):
            _inside(file, use)
        return "inside"
    for file, use in zip(files, uses, strict=True):
        try:
            _with_field(file, use)
        except (Keeps, CannotWrite) as why:
            raise _told_from(wrapper.home, file.reading, why) from why
    return "field"


def _inside(context: Context, uses: Uses) -> list[Site]:
    scan = scanned(uses.wrapper.home, uses.wrapper, context.options.target)
    sites = inside_form.uses_of(uses, scan)
    if uses.reading is uses.wrapper.home:
        sites += inside_form.definition(context, uses.wrapper, scan)
    return _written(uses.reading, sites)


def _with_field(context: Context, uses: Uses) -> list[Site]:
    sites = field_form.uses_of(context, uses)
    if uses.reading is uses.wrapper.home:
        sites += field_form.definition(context, uses.wrapper)
    return _written(uses.reading, sites)


_FORMS = {"inside": _inside, "field": _with_field}


def _told_from(home: Reading, reading: Reading, why: Exception) -> Keeps:
    """The reason with the file it was met in, where that is another than the wrapper's."""
    return Keeps(str(why) if reading is home else f"{os.path.basename(reading.values.path)}: {why}")


def _uses(file: Context, wrapper: Wrapper) -> Uses:
    try:
        for unknown in imports_unknown(file.reading, wrapper):
            raise Keeps(f"what {unknown} is, is not known")
        return Uses(file.reading, wrapper)
    except Keeps as why:
        raise _told_from(wrapper.home, file.reading, why) from why


def _files(context: Context, wrapper: Wrapper) -> list[Reading]:
    """The file of the wrapper, and the given files that mention it or its method."""
    found = [wrapper.home]
    key = f"{wrapper.name}.{wrapper.method.name}"
    for path in context.users.get(key, ()):
        reading = context.world.reading(path) if context.world is not None else None
        if reading is None:
            raise Keeps(f"{os.path.basename(path)} mentions it and cannot be read")
        found.append(reading)
    return list(dict.fromkeys([*found, context.reading]))


def _written(reading: Reading, sites: list[Site]) -> list[Site]:
    """The sites. Raises Keeps where their edits cannot be carried out exactly."""
    from rnn_codemod.editing.apply import apply_edits, check_result

    edits = [edit for _, _, found in sites for edit in found]
    try:
        after = apply_edits(reading.source.text, edits, reading.source.newline)
        check_result(reading.source.text, after)
    except ValueError as why:
        raise Keeps(str(why)) from why
    return sites
