"""The shape of an input, spelled with the batch axes and the size of a legacy carry."""

from __future__ import annotations

import ast
import re

from rnn_codemod.reading.reading import Reading
from rnn_codemod.rules.rule import CannotWrite


def shape_tuple(reading: Reading, batch: ast.expr, *last: str) -> str:
    """``(*batch_dims, size)``, spelled with the elements of literal tuples."""
    if isinstance(batch, ast.Tuple) and "\n" in reading.source.segment(batch):
        return _longer(reading, batch, last)
    parts = [*axes(reading, batch), *last]
    return f"({', '.join(parts)},)" if len(parts) == 1 else f"({', '.join(parts)})"


def whole_shape(batch: ast.expr, last: tuple[str, ...]) -> str | None:
    """``x.shape`` for the batch axes ``x.shape[:-1]`` and the size ``x.shape[-1]``."""
    match batch:
        case ast.Subscript(
            value=ast.Attribute(attr="shape") as shape,
            slice=ast.Slice(lower=None, upper=ast.UnaryOp(ast.USub(), ast.Constant(1)), step=None),
        ) if last == (f"{ast.unparse(shape)}[-1]",):
            return ast.unparse(shape)
        case _:
            return None


def _longer(reading: Reading, batch: ast.Tuple, last: tuple[str, ...]) -> str:
    """A tuple over several lines with more elements, laid out as the ones it has."""
    source = reading.source
    start, end = source.span(batch)
    first_start = source.span(batch.elts[0])[0] if batch.elts else end
    last_end = source.span(batch.elts[-1])[1] if batch.elts else end
    if not batch.elts or "#" in source.text[start:first_start]:
        raise CannotWrite("the batch axes are laid out in a way that cannot be kept")
    gap = source.text[start + 1 : first_start] or " "
    added = f",{gap}".join(last)
    before, rest = source.text[start:last_end], source.text[last_end:end]
    head, line_end, tail = rest.partition(source.newline)
    if source.newline not in gap or not line_end:
        return f"{before}, {', '.join(last)}{rest}"
    if "," not in head.partition("#")[0]:
        head = "," + head
    return f"{before}{head}{gap}{added},{line_end}{tail}"


def axes(reading: Reading, node: ast.expr) -> list[str]:
    """The elements of a tuple expression, as they are written in a longer tuple."""
    match node:
        case ast.Tuple():
            return [reading.source.segment(element) for element in node.elts]
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return [*axes(reading, left), *axes(reading, right)]
        case ast.BinOp() | ast.BoolOp() | ast.IfExp() | ast.Compare():
            return [f"*({one_line(reading.source.segment(node))})"]
        case _:
            return [f"*{one_line(reading.source.segment(node))}"]


def last_axis(size: ast.expr) -> ast.expr | None:
    """The last element of a size that is written out at its end: the features of a ConvLSTM."""
    match size:
        case ast.Tuple(elts=[*_, last]) | ast.List(elts=[*_, last]):
            return None if isinstance(last, ast.Starred) else last
        case ast.BinOp(op=ast.Add(), right=right):
            return last_axis(right)
        case _:
            return None


def one_line(text: str) -> str:
    """An expression from several lines as one. Raises CannotWrite where a comment is in it."""
    if "\n" in text and "#" in text:
        raise CannotWrite("a comment stands inside an expression that is written again")
    return re.sub(r"\s*[\r\n]\s*", " ", text)
