"""What is known of a value that is a carry: one array, or the pair (c, h)."""

from __future__ import annotations

import ast

from rnn_codemod.reading.definitions import returned
from rnn_codemod.reading.kinds import CarryForm
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.scopes import Binding, Scope
from rnn_codemod.reading.shaped import INITIALIZE
from rnn_codemod.reading.source import layer_cell
from rnn_codemod.reading.value import CellClass, CellInstance, FunctionValue, RnnInstance

_UNKNOWN = frozenset({CarryForm.ANY})
_NOTHING = frozenset[CarryForm]()

Path = tuple[int, ...]


class Carried:
    """The forms that the values of one file have for certain; ``ANY`` for all others."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._open: set[object] = set()

    def form(self, node: ast.expr, path: Path = (), *, by_cells: bool = False) -> CarryForm:
        """The form of ``node``, or of what stands at ``path`` in it.

        A parameter has the form of the cells that it is given to, and a tuple of two is a pair;
        with ``by_cells`` only what cells themselves have made counts.
        """
        return _only(self._of(node, path, by_cells))

    def of_cell(self, cell: ast.expr) -> CarryForm:
        """The form of the carry of all cells that ``cell`` may be; they are flax's own.

        The first axis of what nn.vmap makes of a cell may have a name for each of its rows.
        """
        found = self._reading.values.of(cell)
        forms = {
            value.cls.kind.carry
            if isinstance(value, CellInstance) and _is_plain(value.cls)
            else CarryForm.ANY
            for value in found
        }
        return _only(frozenset(forms))

    def _of(self, node: ast.expr, path: Path, by_cells: bool) -> frozenset[CarryForm]:
        match node:
            case ast.Name() if not path:
                return self._named(node, by_cells)
            case ast.Tuple(elts=elements) if not any(isinstance(e, ast.Starred) for e in elements):
                if path:
                    inside = path[0] in range(len(elements))
                    return self._of(elements[path[0]], path[1:], by_cells) if inside else _UNKNOWN
                pair = len(elements) == 2 and not by_cells
                return frozenset({CarryForm.PAIR if pair else CarryForm.ANY})
            case ast.IfExp():
                chosen = self._of(node.body, path, by_cells)
                return chosen | self._of(node.orelse, path, by_cells)
            case ast.Call():
                return self._call(node, path, by_cells)
            case _:
                return _UNKNOWN

    def _named(self, node: ast.Name, by_cells: bool) -> frozenset[CarryForm]:
        found = self._reading.scopes.lookup(node.id, node)
        if found is None:
            return _UNKNOWN
        scope, bindings = found
        if (scope, node.id) in self._open:
            return _NOTHING
        self._open.add((scope, node.id))
        try:
            forms = _NOTHING
            for binding in bindings:
                forms |= self._bound(binding, scope, by_cells)
            return forms
        finally:
            self._open.discard((scope, node.id))

    def _bound(self, binding: Binding, scope: Scope, by_cells: bool) -> frozenset[CarryForm]:
        if isinstance(binding.node, ast.arg):
            return _UNKNOWN if by_cells else self._by_use(binding.name, scope)
        if binding.value is None:
            return _UNKNOWN
        return self._of(binding.value, binding.path, by_cells)

    def _by_use(self, name: str, scope: Scope) -> frozenset[CarryForm]:
        """The forms of the cells that are applied to a parameter."""
        reading = self._reading
        if any(_is_asked_for_its_form(node, name) for node in ast.walk(scope.node)):
            return _UNKNOWN
        forms = {
            self.of_cell(use.cell)
            for use in reading.facts.applications
            if isinstance(use.carry, ast.Name) and use.carry.id == name
            if (found := reading.scopes.lookup(name, use.carry)) and found[0] is scope
        }
        return frozenset(forms) or _UNKNOWN

    def _call(self, node: ast.Call, path: Path, by_cells: bool) -> frozenset[CarryForm]:
        values = self._reading.values
        if path == (0,):
            return self._returned_carry(node)
        if path:
            return _UNKNOWN
        if isinstance(node.func, ast.Attribute) and node.func.attr == INITIALIZE:
            form = self.of_cell(node.func.value)
            if form is not CarryForm.ANY:
                return frozenset({form})
        forms = _NOTHING
        for value in values.of(node.func):
            forms |= (
                self._through(value, by_cells) if isinstance(value, FunctionValue) else _UNKNOWN
            )
        return forms or _UNKNOWN

    def _returned_carry(self, node: ast.Call) -> frozenset[CarryForm]:
        """The first result of ``cell(carry, x)``, or of an nn.RNN that returns its carry."""
        values = self._reading.values.of(node.func)
        if values and all(isinstance(value, CellInstance) for value in values):
            return frozenset({self.of_cell(node.func)})
        forms = _NOTHING
        for value in values:
            if not isinstance(value, RnnInstance) or value.cls.name != "RNN":
                return _UNKNOWN
            if not (_returns_carry(value.node) or _returns_carry(node)):
                return _UNKNOWN
            cell = layer_cell(value.node)
            forms |= _UNKNOWN if cell is None else frozenset({self.of_cell(cell)})
        return forms or _UNKNOWN

    def _through(self, value: FunctionValue, by_cells: bool) -> frozenset[CarryForm]:
        """The form of what a function returns, in the file in which it stands."""
        function = value.node
        home = self._reading.home(function)
        if home is None or isinstance(function, ast.Lambda) or function in self._open:
            return _UNKNOWN
        carried = self if home is self._reading else Carried(home)
        self._open.add(function)
        try:
            forms = {
                carried.form(node, by_cells=by_cells) for node in returned(function, home.source)
            }
        finally:
            self._open.discard(function)
        return frozenset(forms) or _UNKNOWN


def _returns_carry(call: ast.Call) -> bool:
    return any(
        keyword.arg == "return_carry"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is True
        for keyword in call.keywords
    )


def _is_plain(cls: CellClass) -> bool:
    return cls.kind.definition is None and "vmap" not in cls.lifted


def _is_asked_for_its_form(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Call(
            func=ast.Name(id="isinstance" | "type" | "len"), args=[ast.Name(id=asked), *_]
        ):
            return asked == name
        case ast.Attribute(value=ast.Name(id=asked), attr="ndim"):
            return asked == name
    return False


def _only(forms: frozenset[CarryForm]) -> CarryForm:
    return next(iter(forms)) if len(forms) == 1 else CarryForm.ANY
