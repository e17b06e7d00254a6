"""A carry and the cell it is for, close enough that one instance can serve both."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from rnn_codemod.reading.facts import Application, CarryCall, Construction, Facts
from rnn_codemod.reading.purity import Purity
from rnn_codemod.reading.shapes import Shapes
from rnn_codemod.reading.sizes import Sizes
from rnn_codemod.reading.source import Source
from rnn_codemod.reading.values import Values


@dataclass(frozen=True)
class Pair:
    """``name`` is the instance where it already stands before the carry, else None."""

    carry: CarryCall
    construction: Construction
    name: str | None
    sample: str | None
    """The sample input whose batch axes are proved to be the carry's."""


class Pairs:
    def __init__(
        self, values: Values, facts: Facts, purity: Purity, shapes: Shapes, sizes: Sizes
    ) -> None:
        self._source: Source = values.source
        self._values = values
        self._facts = facts
        self._purity = purity
        self._shapes = shapes
        self._sizes = sizes

    def of_carry(self, carry: CarryCall) -> Pair | None:
        """The construction that can also make this static carry."""
        statement = self._source.statement(carry.node)
        function = self._source.function(carry.node)
        if carry.own or carry.convolutional or not carry.classes or "size" not in carry.parts:
            return None
        if not isinstance(statement, ast.Assign) or statement.value is not carry.node:
            return None
        if len(statement.targets) != 1 or not isinstance(statement.targets[0], ast.Name):
            return None
        receiver = ast.unparse(carry.receiver)
        same = [
            c
            for c in self._facts.constructions
            if self._source.function(c.node) is function and c.kinds & carry.kinds
        ]
        if len(same) != 1 or not same[0].legacy or same[0].splat:
            return None
        (made,) = same
        if ast.unparse(made.node.func) != receiver or made.keyword("param_dtype"):
            return None
        if not isinstance(carry.receiver, ast.Name | ast.Attribute):
            return None
        first = self._first_use(made, statement)
        if first is None:
            return None
        name = self._stands_before(made, statement)
        if name is None and not self._may_move(made, statement, first):
            return None
        if not self._purity.cheap(carry.parts["size"]):
            return None
        if name is not None and not self._purity.portable(
            carry.parts["size"], carry.parts["size"], made.node
        ):
            return None
        return Pair(carry, made, name, self._sample(carry, statement, first, made))

    def of_construction(self, construction: Construction) -> Pair | None:
        for carry in self._facts.carries:
            pair = self.of_carry(carry)
            if pair is not None and pair.construction is construction:
                return pair
        return None

    def _first_use(self, made: Construction, statement: ast.Assign) -> Application | None:
        """The first application of the cell, if it is to the carry of this statement."""
        target = statement.targets[0]
        assert isinstance(target, ast.Name)
        for use in self._sizes.applications(made):
            if isinstance(use.carry, ast.Name) and use.carry.id == target.id:
                if self._source.span(use.node)[0] > self._source.span(statement)[1]:
                    size = self._sizes.created_with(use.carry)
                    return use if size is not None else None
        return None

    def _block(self, statement: ast.stmt) -> tuple[list[ast.stmt], int] | None:
        parent = self._source.parents[statement]
        for name in ("body", "orelse", "finalbody"):
            block = getattr(parent, name, None)
            if isinstance(block, list) and statement in block:
                return block, block.index(statement)
        return None

    def _stands_before(self, made: Construction, statement: ast.stmt) -> str | None:
        """The name of a cell built earlier in the carry's own block."""
        built = self._source.statement(made.node)
        mine, other = self._block(statement), self._block(built)
        if mine is None or other is None or mine[0] is not other[0] or other[1] >= mine[1]:
            return None
        if not isinstance(built, ast.Assign) or built.value is not made.node:
            return None
        target = built.targets[0]
        if len(built.targets) != 1 or not isinstance(target, ast.Name):
            return None
        steady = self._purity.steady_name(target.id, built, statement)
        found = self._values.scopes.lookup(target.id, statement)
        return target.id if steady or (found and len(found[1]) == 1) else None

    def _may_move(
        self, made: Construction, statement: ast.stmt, first: Application
    ) -> bool:
        """Whether the cell, applied where it is built, may be built before the carry."""
        built = self._source.statement(made.node)
        mine, other = self._block(statement), self._block(built)
        if mine is None or other is None or mine[0] is not other[0] or first.cell is not made.node:
            return False
        if self._source.indentation(statement) is None:
            return False
        if any(isinstance(up, ast.IfExp | ast.BoolOp | ast.Lambda | ast.comprehension | ast.ListComp)
               and self._source.statement(up) is built for up in self._source.ancestors(made.node)
               if isinstance(up, ast.expr)):
            return False
        arguments = [*made.node.args, *(k.value for k in made.node.keywords), made.node.func]
        return all(
            self._purity.pure(a) and self._purity.steady(a, statement, made.node)
            for a in arguments
        )

    def _sample(
        self, carry: CarryCall, statement: ast.stmt, use: Application, made: Construction
    ) -> str | None:
        sample = use.sample
        if sample is None or use.node.func is not use.cell or len(use.node.args) != 2:
            return None
        if not self._purity.cheap(sample) or not self._purity.steady(sample, statement, sample):
            return None
        scans = {cls.scan for cls in made.classes}
        text = ast.unparse(sample)
        if scans != {None}:
            axis = self._scan_axis(scans.pop()) if len(scans) == 1 else None
            if axis not in (0, 1) or not isinstance(sample, ast.Name):
                return None
            text = f"{text}[0]" if axis == 0 else f"{text}[:, 0]"
            inner = ast.parse(text, mode="eval").body
            sample = ast.copy_location(inner, sample)
            assert isinstance(sample, ast.Subscript)
            sample.value = use.sample  # type: ignore[assignment]
        elif any(cls.lifted for cls in made.classes):
            return None
        else:
            text = self._source.segment(sample)
        return text if self._shapes.same_batch(carry.parts["batch_dims"], sample) else None

    def _scan_axis(self, scan: ast.Call | None) -> int | None:
        if scan is None:
            return None
        for keyword in scan.keywords:
            if keyword.arg == "in_axes":
                value = keyword.value
                return value.value if isinstance(value, ast.Constant) else None  # type: ignore
        return 0 if len(scan.args) < 2 else None
