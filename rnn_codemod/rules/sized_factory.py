"""A function that makes cells of several sizes, and gets a parameter for them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from rnn_codemod.editing.edits import AddArgument, Edit, Replace
from rnn_codemod.reading.calls import callings
from rnn_codemod.reading.cell_makers import CellFactory
from rnn_codemod.reading.facts import RnnCall
from rnn_codemod.rules.axes import one_line
from rnn_codemod.rules.calls_of import check_mentions
from rnn_codemod.rules.from_elsewhere import check_plain, with_features
from rnn_codemod.rules.missing_features import MESSAGE as BUILT
from rnn_codemod.rules.rnn_size import MESSAGE as SIZED
from rnn_codemod.rules.rnn_size import without_size
from rnn_codemod.rules.rule import CannotWrite, Context

NAME = "features"
_CLOSED = re.compile(r"\s*(,?)(?:\s|#[^\r\n]*)*(\))\s*(?:->|:)")
_INDENTED = re.compile(r"[ \t]+(?=\w)")


def edits_with_parameter(
    context: Context, factory: CellFactory, layers: list[RnnCall]
) -> Iterator[tuple[ast.Call, str, list[Edit]]]:
    """What changes in one file, of which ``layers`` run the cells. Raises CannotWrite."""
    check_mentions(context, factory.definition)
    reading = context.reading
    direct = {layer.cell for layer in layers}
    for node in reading.source.nodes:
        if isinstance(node, ast.Call) and _calls(context, factory, node) and node not in direct:
            raise CannotWrite(
                f"{factory.definition.name} is called elsewhere in line {node.lineno}"
            )
    if reading is factory.home:
        parameters = _parameter(context, factory.definition)
        for number, made in enumerate(factory.cells):
            check_plain(made)
            edits = with_features(context, made, NAME)
            yield made.node, BUILT, [*edits, *parameters] if number == 0 else edits
    for layer in layers:
        call = layer.cell
        if not isinstance(call, ast.Call) or not _calls(context, factory, call):
            raise CannotWrite(f"the cell in line {layer.node.lineno} is not made there")
        if not reading.purity.cheap(layer.size) or isinstance(layer.size, ast.Tuple | ast.List):
            raise CannotWrite(f"the size in line {layer.node.lineno} is no plain number")
        if any(keyword.arg in (None, NAME) for keyword in call.keywords):
            raise CannotWrite(f"the call in line {call.lineno} may give {NAME} already")
        size = one_line(reading.source.segment(layer.size))
        given = AddArgument(reading.source.span(call), NAME, size)
        yield layer.node, SIZED, [given, *without_size(context, layer)]


def _calls(context: Context, factory: CellFactory, call: ast.Call) -> bool:
    """Whether a call is one of the function, and of nothing else."""
    values = context.reading.values
    found = [it.definition for it in callings(values, call)]
    return factory.definition in found and len(values.of(call.func)) == 1


def _parameter(context: Context, function: ast.FunctionDef) -> list[Edit]:
    """``features`` behind the other parameters. Raises CannotWrite."""
    source, args = context.reading.source, function.args
    used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    used |= {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    if NAME in used or args.kwarg is not None:
        raise CannotWrite(f"{function.name} already may take {NAME}")
    parameters = [*args.posonlyargs, *args.args, *args.kwonlyargs]
    if args.vararg is not None:
        parameters.append(args.vararg)
    if not parameters:
        at = source.text.index("(", source.span(function)[0]) + 1
        return [Replace((at, at), NAME)]
    parts = [*parameters, *args.defaults, *(it for it in args.kw_defaults if it is not None)]
    at = max(source.span(part)[1] for part in parts)
    end = _CLOSED.match(source.text, at)
    if end is None:
        raise CannotWrite(f"it is not known where the parameters of {function.name} end")
    keyword_only = bool(args.defaults) and not (args.kwonlyargs or args.vararg)
    new = ["*", NAME] if keyword_only else [NAME]
    line = source.text.rfind("\n", 0, end.start(2)) + 1
    start = source.text.rfind("\n", 0, at) + 1
    own = _INDENTED.match(source.text, start)
    if line <= at or own is None or source.text[line : end.start(2)].strip():
        return [Replace((at, at), "".join(f", {it}" for it in new))]
    comma = [] if end[1] else [Replace((at, at), ",")]
    lines = "".join(f"{own[0]}{it},{source.newline}" for it in new)
    return [*comma, Replace((line, line), lines)]
