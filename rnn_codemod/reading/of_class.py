"""The sizes that the methods of a class create carries with, lent to the cells of its setup."""

from __future__ import annotations

import ast

from rnn_codemod.reading.created import Created
from rnn_codemod.reading.facts import Construction, Facts, given_features
from rnn_codemod.reading.kinds import CarryForm
from rnn_codemod.reading.sites import Sites
from rnn_codemod.reading.values import Values
from rnn_codemod.reading.width import Size


class OfClass:
    """Asks whether the carries of a class tell the width of a cell that it builds."""

    def __init__(self, values: Values, facts: Facts, sites: Sites, created: Created) -> None:
        self.values = values
        self.source = values.source
        self.facts = facts
        self._sites = sites
        self._created = created

    def sizes(self, construction: Construction) -> list[Size]:
        """The sizes that the class creates carries of this kind with; none if one is not lent."""
        cls = self.source.method_class(construction.node)
        if cls is None:
            return []
        names = {
            kind.name
            for kind in construction.kinds
            if kind.carry is not CarryForm.ANY or kind.own_carry
        }
        maker = ast.unparse(construction.node.func)
        sizes = [
            Size(carry.parts["size"])
            for carry in self.facts.carries
            if self.source.method_class(carry.node) is cls
            and "size" in carry.parts
            and (
                names & {kind.name for kind in carry.kinds}
                or (maker.startswith("self.") and ast.unparse(carry.receiver) == maker)
            )
        ]
        if not sizes or self._other_widths(cls, names, sizes):
            return []
        if self._carry_of_another(construction, cls, names):
            return []
        return sizes if self._enough_for_all(cls, names) else []

    def _other_widths(self, cls: ast.ClassDef, names: set[str], sizes: list[Size]) -> bool:
        """Whether the class also builds cells of these kinds that have other features already."""
        known = {ast.unparse(size.node) for size in sizes}
        return any(
            names & {kind.name for kind in made.kinds}
            and not made.legacy
            and _text(given_features(made)) not in known
            for made in self.facts.constructions
            if self.source.method_class(made.node) is cls
        )

    def _carry_of_another(
        self, construction: Construction, cls: ast.ClassDef, names: set[str]
    ) -> bool:
        """Whether a carry that the class makes goes into another cell of these kinds."""
        known = {
            use.cell
            for use in self.facts.applications
            if self.source.method_class(use.node) is cls
            and self._created.created_with(use.carry) is not None
            and not self._sites.is_made_by(use.cell, construction)
        }
        return any(
            made is not construction
            and names & {kind.name for kind in made.kinds}
            and any(self._sites.is_made_by(cell, made) for cell in known)
            for made in self.facts.constructions
        )

    def _enough_for_all(self, cls: ast.ClassDef, names: set[str]) -> bool:
        """Whether the class creates as many carries as it has cells of these kinds."""
        carries = [
            carry.node
            for carry in self.facts.carries
            if self.source.method_class(carry.node) is cls
            and (not names or names & {kind.name for kind in carry.kinds})
        ]
        cells = {
            ast.unparse(built.targets[0]) if isinstance(built, ast.Assign) else str(index)
            for index, made in enumerate(self.facts.constructions)
            if self.source.method_class(made.node) is cls
            and names & {kind.name for kind in made.kinds}
            for built in [self.source.statement(made.node)]
        }
        return len(cells) <= len(carries) or any(map(self._repeated, carries))

    def _repeated(self, node: ast.AST) -> bool:
        """Whether what ``node`` makes is made, or handed on, several times."""
        return any(
            isinstance(up, ast.For | ast.While | ast.ListComp | ast.GeneratorExp | ast.DictComp)
            or (isinstance(up, ast.BinOp) and isinstance(up.op, ast.Mult))
            for up in self.source.ancestors(node)
        )


def _text(node: ast.expr | None) -> str:
    return "" if node is None else ast.unparse(node)
