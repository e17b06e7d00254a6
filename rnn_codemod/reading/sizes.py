"""Which proof gives a cell its width: the first that holds."""

from __future__ import annotations

import ast

from rnn_codemod.reading.carry_width import CarryWidth
from rnn_codemod.reading.created import Created
from rnn_codemod.reading.facts import CarryCall, Construction, Facts
from rnn_codemod.reading.heirs import Heirs
from rnn_codemod.reading.kept import Kept
from rnn_codemod.reading.of_around import OfAround
from rnn_codemod.reading.of_class import OfClass
from rnn_codemod.reading.purity import Purity
from rnn_codemod.reading.scopes import ITEM
from rnn_codemod.reading.sites import Sites
from rnn_codemod.reading.source import Source
from rnn_codemod.reading.values import Values
from rnn_codemod.reading.width import NoWidth, Size, Width, differ


class Sizes:
    """Proves the width of constructions."""

    def __init__(
        self,
        values: Values,
        purity: Purity,
        facts: Facts,
        sites: Sites,
        created: Created,
        carry_width: CarryWidth,
        kept: Kept,
        heirs: Heirs,
    ) -> None:
        self.values = values
        self.source: Source = values.source
        self.purity = purity
        self.sites = sites
        self._created = created
        self._carry_width = carry_width
        self._of_class = OfClass(values, facts, sites, created)
        self._of_around = OfAround(values, sites, created)
        self._kept = kept
        self._heirs = heirs

    def width(self, construction: Construction) -> Width | NoWidth:
        """The first width that can be proved, in the order of the project's design."""
        node = construction.node
        if any(cls.turned for cls in construction.classes):
            return NoWidth("nn.vmap maps over another axis of the carry than the first")
        heir = self._heirs.resizing(construction)
        layers = self.sites.layers(construction)
        if layers and not heir:
            return self.agreed(
                [Size(layer.size) for layer in layers], node, "the size that nn.RNN is given"
            )
        uses = self.sites.applications(construction)
        carries = self.sites.own_carries(construction)
        sizes = [Size(c.parts["size"]) for c in carries if "size" in c.parts]
        created = [size for use in uses if (size := self._created.sizes_of(use.carry)) is not None]
        if any(self._may_be_anothers(carry) for carry in carries):
            return NoWidth("its carry may be that of a cell from elsewhere, with another size")
        if self._one_of_several(construction, carries):
            return NoWidth("it makes several cells, and only the carry of some is in sight")
        changed = any(self._kept.may_change(use.carry) for use in uses)
        if sizes and len(sizes) == len(carries) and not changed and not heir:
            found = self.agreed(sizes, node, "the size that its carry is created with")
            if isinstance(found, Width):
                return self._unless_others(found, created)
        if created and not heir:
            found = self.agreed(created, node, "the size that its carry is created with")
            if isinstance(found, Width) or (len(uses) > 1 and differ(created)):
                return found
        for use in uses:
            by_carry = self._carry_width.of(construction, use)
            if by_carry is not None:
                return by_carry
        if heir:
            return NoWidth(f"{heir} inherits it, and may create its carry with another size")
        if changed:
            return NoWidth("its carry may get another width before the cell is applied")
        lent = self._of_class.sizes(construction)
        outer = self._of_around.width(construction, lent)
        if outer is not None:
            return outer
        if lent:
            found = self.agreed(lent, node, "the size of every carry its class creates")
            if isinstance(found, Width):
                return found
        if not uses and not carries:
            return NoWidth("no carry of this cell is in sight in this file")
        return NoWidth("the size of its carry is not known where the cell is built")

    def _unless_others(self, own: Width, created: list[Size]) -> Width | NoWidth:
        """The width of its own carry, unless the cell is applied to one of another size."""
        others = {text for size in created for text in size.alternatives()}
        if own.origin is None or others <= {ast.unparse(own.origin)}:
            return own
        texts = ", ".join(sorted({own.text} | others))
        return NoWidth(f"its carries have different sizes: {texts}")

    def agreed(self, sizes: list[Size], target: ast.AST, reason: str) -> Width | NoWidth:
        """The one size among ``sizes``, if it means the same at ``target``."""
        if differ(sizes):
            texts = {text for size in sizes for text in size.alternatives()}
            return NoWidth(f"its carries have different sizes: {', '.join(sorted(texts))}")
        statement = self.source.statement(target)
        for size in sizes:
            if isinstance(size.node, ast.Constant):
                continue
            at_once = len(sizes) == 1 and self.source.statement(size.node) is statement
            if at_once and self.purity.named_alike(size.node, target):
                continue
            if not self.purity.portable(size.node, size.node, target) and not self._iterated_alike(
                size.node, target
            ):
                return NoWidth(
                    f"the size {ast.unparse(size.node)} is not known where the cell is built"
                )
        return Width(self._written(sizes[0].node), reason, sizes[0].node)

    def _written(self, size: ast.expr) -> str:
        """The text of ``size``, which may be a literal in the file of a wrapper."""
        return self.source.segment(size) if size in self.values.scopes else ast.unparse(size)

    def _one_of_several(self, construction: Construction, carries: list[CarryCall]) -> bool:
        """Whether a comprehension makes the cells, and a carry is asked of one by its number."""
        return any(
            isinstance(up, ast.ListComp) for up in self.source.ancestors(construction.node)
        ) and any(
            isinstance(carry.receiver, ast.Subscript)
            and isinstance(carry.receiver.slice, ast.Constant)
            for carry in carries
        )

    def _iterated_alike(self, size: ast.expr, target: ast.AST) -> bool:
        """Whether cells and carries are made by comprehensions over the same sizes."""
        mine, other = self._iteration(size, size), self._iteration(size, target)
        if mine is None or other is None or mine is other:
            return False
        return ast.dump(mine) == ast.dump(other) and self.purity.portable(mine, mine, other)

    def _iteration(self, size: ast.expr, at: ast.AST) -> ast.expr | None:
        """What a comprehension around ``at`` iterates over under the name ``size``."""
        if not isinstance(size, ast.Name):
            return None
        found = self.values.scopes.lookup(size.id, at)
        if found is None or len(found[1]) != 1 or found[1][0].path != (ITEM,):
            return None
        binding = found[1][0]
        return binding.value if isinstance(binding.node, ast.comprehension) else None

    def _may_be_anothers(self, carry: CarryCall) -> bool:
        """Whether a caller's cell may take the place of this one, with a size of its own."""
        return any(value.node is None for value in carry.instances) and not self.is_fixed(
            carry.parts.get("size")
        )

    def is_fixed(self, size: ast.expr | None) -> bool:
        """Whether it is one size for all: a literal, or a name that the module binds once."""
        if not isinstance(size, ast.Name):
            return isinstance(size, ast.Constant)
        found = self.values.scopes.lookup(size.id, size)
        return found is not None and found[0] is self.values.scopes.module and len(found[1]) == 1
