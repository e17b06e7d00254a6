"""The width read off the carry, where that is at hand when the cell is built."""

from __future__ import annotations

import ast

from rnn_codemod.reading.created import Created
from rnn_codemod.reading.facts import Application, Construction
from rnn_codemod.reading.kinds import CarryForm
from rnn_codemod.reading.own_carry import legacy_method
from rnn_codemod.reading.own_width import width_path
from rnn_codemod.reading.purity import Purity
from rnn_codemod.reading.sites import Sites
from rnn_codemod.reading.values import Values
from rnn_codemod.reading.width import Width


class CarryWidth:
    """Writes the width of a carry in the form of its cell."""

    def __init__(self, values: Values, purity: Purity, sites: Sites, created: Created) -> None:
        self.values = values
        self.source = values.source
        self.purity = purity
        self._sites = sites
        self._created = created

    def of(self, construction: Construction, use: Application) -> Width | None:
        """The width of the carry itself, where it is at hand when the cell is built."""
        custom = any(k.definition and k.carry is CarryForm.ANY for k in construction.kinds)
        if custom and self._own_path(construction) is None:
            return None
        if not self.purity.cheap(use.carry) or not _plain(use.carry):
            return None
        if self.source.function(use.node) is not self.source.function(construction.node):
            return None
        immediate = use.cell is construction.node
        if not immediate and not self._at_hand(use, construction):
            return None
        text = self.text(use.carry, construction)
        if text is None:
            return None
        library = "jax" if construction.carry_form is CarryForm.ANY and not custom else ""
        return Width(text, "the width of the carry it is applied to", library=library)

    def text(self, carry: ast.expr, construction: Construction) -> str | None:
        """The text of the width of ``carry``; None where its form is not that of the cell."""
        if isinstance(carry, ast.Starred):
            return None
        text = self._of_which(carry)
        own = self._own_path(construction)
        if own is not None:
            return f"{text}{own}.shape[-1]"
        form = construction.carry_form
        if isinstance(carry, ast.Tuple):
            if form is not CarryForm.PAIR or len(carry.elts) != 2:
                return None
            if isinstance(carry.elts[0], ast.Starred):
                return None
            return f"{self._of_which(carry.elts[0])}.shape[-1]"
        if form is CarryForm.PAIR:
            return f"{text}[0].shape[-1]"
        if form is CarryForm.SINGLE:
            return None if self._is_sequence(carry) else f"{text}.shape[-1]"
        leaves = self.values.scopes.path_to("jax", "tree_util.tree_leaves")
        return f"{leaves}({text})[0].shape[-1]"

    def _is_sequence(self, carry: ast.expr) -> bool:
        """Whether ``carry`` is a tuple or a list here, which has no shape."""
        if not isinstance(carry, ast.Name):
            return False
        found = self.values.scopes.lookup(carry.id, carry)
        return found is not None and any(
            not binding.path and self._makes_sequence(binding.value)
            for binding in self.values.flow.in_force(carry, *found)
        )

    def _makes_sequence(self, value: ast.expr | None) -> bool:
        match value:
            case ast.Tuple() | ast.List():
                return True
            case ast.Call(func=ast.Name(id="tuple" | "list" as name)):
                return self.values.scopes.lookup(name, value) is None
            case _:
                return False

    def _own_path(self, construction: Construction) -> str | None:
        """How a user's cell has its width in the carry that its own class creates."""
        if any(kind.carry is not CarryForm.ANY for kind in construction.kinds):
            return None
        owners = {kind.carry_class for kind in construction.kinds}
        owner = owners.pop() if len(owners) == 1 else None
        method = legacy_method(owner) if owner is not None else None
        return width_path(self.values, method) if method is not None else None

    def _of_which(self, node: ast.expr) -> str:
        """The text of ``node``, as it stands before a dot or an index."""
        text = self.source.segment(node)
        alone = isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call | ast.Tuple)
        return text if alone else f"({text})"

    def _at_hand(self, use: Application, construction: Construction) -> bool:
        """Whether the carry of ``use`` has its width already when the cell is built.

        Steps that only feed the cell's own result back into the name keep the width.
        """
        if self.purity.steady(use.carry, construction.node, use.node):
            return True
        if not isinstance(use.carry, ast.Name):
            return False
        name = use.carry.id
        found = self.values.scopes.lookup(name, use.carry)
        mine = self.values.scopes.lookup(name, construction.node)
        if found is None or mine is None or mine[0] is not found[0]:
            return False
        creations = [b for b in found[1] if not self._created.continues(b, name)]
        in_force = self.values.flow.in_force
        if in_force(use.carry, found[0], creations) != in_force(
            construction.node, found[0], creations
        ):
            return False
        built = self.source.span(construction.node)[0]
        before = False
        for binding in found[1]:
            if isinstance(binding.node, ast.arg):
                before = True
            elif self.source.span(binding.node)[1] <= built and self._encloses(
                binding.node, construction.node
            ):
                before = True
            elif not self._feeds_back(binding.value, binding.path, name, construction):
                return False
        return before

    def _encloses(self, bound: ast.AST, node: ast.AST) -> bool:
        block = self.source.parents.get(bound)
        return block is not None and any(up is block for up in self.source.ancestors(node))

    def _feeds_back(
        self, value: ast.expr | None, path: tuple[int, ...], name: str, made: Construction
    ) -> bool:
        return (
            isinstance(value, ast.Call)
            and path == (0,)
            and self._sites.is_made_by(value.func, made)
            and bool(value.args)
            and isinstance(value.args[0], ast.Name)
            and value.args[0].id == name
        )


def _plain(node: ast.expr) -> bool:
    """Whether a width may be read off ``node`` without making an array."""
    match node:
        case ast.Name():
            return True
        case ast.Attribute():
            return _plain(node.value)
        case ast.Subscript():
            return _plain(node.value)
        case ast.Tuple():
            return all(_plain(element) for element in node.elts)
        case _:
            return False
