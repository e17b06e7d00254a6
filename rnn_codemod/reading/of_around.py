"""The width of a cell inside a user's cell, told by the carry that the cell around it creates."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from rnn_codemod.reading.created import Created
from rnn_codemod.reading.definitions import is_static, returned
from rnn_codemod.reading.facts import Application, Construction
from rnn_codemod.reading.own_carry import legacy_method, parameters
from rnn_codemod.reading.sites import Sites
from rnn_codemod.reading.values import Values
from rnn_codemod.reading.width import Size, Width

_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod)


class OfAround:
    """Says the size of a part of the carry with the field features that the class will have."""

    def __init__(self, values: Values, sites: Sites, created: Created) -> None:
        self.values = values
        self.source = values.source
        self._sites = sites
        self._created = created

    def width(self, construction: Construction, lent: Sequence[Size]) -> Width | None:
        """The one size that the class creates carries of this kind with, or that of its part."""
        cls = self.source.method_class(construction.node)
        method = self._method(construction, cls)
        if cls is None or method is None:
            return None
        for sizes in (lent, self._of_its_part(construction, cls, method)):
            texts = {_with_features(self.values, size.node, method) for size in sizes}
            if len(texts) == 1 and (text := texts.pop()) is not None:
                return Width(text, "the size of the cell around it", cell=cls)
        return None

    def _method(
        self, construction: Construction, cls: ast.ClassDef | None
    ) -> ast.FunctionDef | None:
        """What creates the carry of the user's cell that a method builds this one in."""
        kind = self.values.cell_kind(cls) if cls is not None else None
        function = self.source.function(construction.node)
        if cls is None or kind is None or kind.carry_class is not cls or kind.sized:
            return None
        if any(inner.carry_class is cls for inner in construction.kinds):
            return None
        if not isinstance(function, ast.FunctionDef) or is_static(function):
            return None
        if self.source.parents.get(function) is not cls or function.args.args[0].arg != "self":
            return None
        return legacy_method(cls)

    def _of_its_part(
        self, construction: Construction, cls: ast.ClassDef, method: ast.FunctionDef
    ) -> Sequence[Size]:
        """What the part of the carry is created with that each application takes; or none."""
        sizes: list[Size] = []
        for use in self._sites.applications(construction):
            path = self._path(use, cls)
            size = self._size_at(method, path) if path is not None else None
            if size is None or size.others:
                return ()
            sizes.append(size)
        return sizes

    def _path(self, use: Application, cls: ast.ClassDef) -> tuple[int, ...] | None:
        """Which part of the carry that ``__call__`` is given a cell is applied to."""
        function = self.source.function(use.node)
        if not isinstance(function, ast.FunctionDef) or function.name != "__call__":
            return None
        if self.source.parents.get(function) is not cls or len(function.args.args) < 2:
            return None
        given = function.args.args[1]
        match use.carry:
            case ast.Subscript(value=ast.Name() as whole, slice=ast.Constant(value=int(index))):
                return (index,) if self._is_given(whole, given) else None
            case ast.Name():
                return self._path_of_name(use.carry, given)
            case _:
                return None

    def _path_of_name(self, name: ast.Name, given: ast.arg) -> tuple[int, ...] | None:
        found = self.values.scopes.lookup(name.id, name)
        if found is None:
            return None
        made = [b for b in found[1] if not self._created.continues(b, name.id)]
        match self.values.flow.in_force(name, found[0], made):
            case [bound] if bound.node is given:
                return ()
            case [bound] if isinstance(bound.value, ast.Name) and bound.path:
                return bound.path if self._is_given(bound.value, given) else None
            case _:
                return None

    def _is_given(self, name: ast.Name, given: ast.arg) -> bool:
        """Whether a name is the carry as ``__call__`` is given it."""
        found = self.values.scopes.lookup(name.id, name)
        if found is None:
            return False
        return [b.node for b in self.values.flow.in_force(name, *found)] == [given]

    def _size_at(self, method: ast.FunctionDef, path: tuple[int, ...]) -> Size | None:
        """The size of a part of the one carry that a method returns."""
        match returned(method, self.source):
            case [node]:
                for step in path:
                    if not isinstance(node, ast.Tuple | ast.List) or step >= len(node.elts):
                        return None
                    if any(isinstance(part, ast.Starred) for part in node.elts):
                        return None
                    node = node.elts[step]
                return self._created.sizes_of(node)
            case _:
                return None


def _with_features(values: Values, size: ast.expr, method: ast.FunctionDef) -> str | None:
    """A size that is arithmetic of what ``method`` is given, as ``2 * self.features``."""
    given = parameters(method)[2].arg
    if len(values.scopes.of(method).bindings[given]) != 1:
        return None
    for part in ast.walk(size):
        match part:
            case ast.Name(id=name):
                if name != given or values.source.function(part) is not method:
                    return None
            case ast.BinOp(op=operator):
                if not isinstance(operator, _ARITHMETIC):
                    return None
            case ast.Constant(value=value):
                if type(value) is not int:
                    return None
            case ast.operator() | ast.expr_context():
                pass
            case _:
                return None
    if isinstance(size, ast.Constant):
        return None
    return ast.unparse(_Renamed(given).visit(ast.parse(ast.unparse(size), mode="eval")))


class _Renamed(ast.NodeTransformer):
    def __init__(self, name: str) -> None:
        self._name = name

    def visit_Name(self, node: ast.Name) -> ast.expr:
        written = ast.parse("self.features", mode="eval").body
        return written if node.id == self._name else node
