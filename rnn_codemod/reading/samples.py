"""The sample input a carry is for, where its batch axes are proved to be the carry's."""

from __future__ import annotations

import ast

from rnn_codemod.reading.facts import Application, CarryCall, Facts
from rnn_codemod.reading.purity import Purity
from rnn_codemod.reading.shapes import Shapes
from rnn_codemod.reading.source import Source
from rnn_codemod.reading.value import CellInstance
from rnn_codemod.reading.values import Values


class Samples:
    def __init__(self, values: Values, facts: Facts, purity: Purity, shapes: Shapes) -> None:
        self._source: Source = values.source
        self._values = values
        self._facts = facts
        self._purity = purity
        self._shapes = shapes

    def of(self, carry: CarryCall) -> str | None:
        """An expression whose shape may stand for ``batch_dims`` and size, or None."""
        statement = self._source.statement(carry.node)
        if not isinstance(statement, ast.Assign) or statement.value is not carry.node:
            return None
        if len(statement.targets) != 1 or not isinstance(statement.targets[0], ast.Name):
            return None
        use = self._first_use(statement.targets[0], statement)
        return None if use is None else self._sample(carry, statement, use)

    def _first_use(self, target: ast.Name, statement: ast.stmt) -> Application | None:
        """The first application to the name that the carry is bound to."""
        end = self._source.span(statement)[1]
        for use in self._facts.applications:
            if (
                isinstance(use.carry, ast.Name)
                and use.carry.id == target.id
                and self._source.span(use.node)[0] > end
                and self._source.function(use.node) is self._source.function(statement)
            ):
                return use
        return None

    def _sample(self, carry: CarryCall, statement: ast.stmt, use: Application) -> str | None:
        sample = use.sample
        if sample is None or not self._purity.cheap(sample):
            return None
        if not self._purity.steady(sample, statement, sample):
            return None
        axis = self._scan_axis(use)
        if axis is None:
            return None
        spatial = _spatial(carry.parts["size"]) if carry.convolutional else []
        if spatial is None:
            return None
        batch = carry.parts["batch_dims"]
        scanned = axis if axis >= 0 else None
        own = any(kind.definition is not None for kind in carry.kinds)
        if not self._shapes.same_batch(batch, sample, spatial, scanned, own=own):
            return None
        text = self._source.segment(sample)
        if "#" in text:
            return None
        if axis < 0:
            return text
        if not isinstance(sample, ast.Name):
            return None
        return f"{text}[{':, ' * axis}0]"

    def _scan_axis(self, use: Application) -> int | None:
        """The axis that a lifted cell scans over; -1 for a plain cell; None if not known."""
        axes = set()
        for value in self._values.of(use.cell):
            if not isinstance(value, CellInstance):
                return None
            axes.add(_in_axes(value.cls.scan) if value.cls.lifted else -1)
        return axes.pop() if len(axes) == 1 else None


def _spatial(size: ast.expr) -> list[ast.expr] | None:
    """The elements of ``(*spatial, features)`` but the last; None where they are not told apart."""
    match size:
        case ast.Tuple(elts=[*spatial, _]) if spatial:
            return spatial
        case ast.BinOp(op=ast.Add(), left=left, right=ast.Tuple(elts=[*spatial, _])):
            return [ast.Starred(left), *spatial]
        case _:
            return None


def _in_axes(scan: ast.Call | None) -> int | None:
    if scan is None or len(scan.args) > 1:
        return None
    for keyword in scan.keywords:
        match keyword:
            case ast.keyword(arg=None):
                return None
            case ast.keyword(arg="in_axes", value=ast.Constant(value=int(axis))):
                return axis if axis in (0, 1) else None
            case ast.keyword(arg="in_axes"):
                return None
    return 0
