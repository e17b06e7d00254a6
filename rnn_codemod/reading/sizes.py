"""The width of a cell: an expression for ``features``, with its proof."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from rnn_codemod.reading.definitions import is_static, returned
from rnn_codemod.reading.facts import (
    Application,
    CarryCall,
    Construction,
    Facts,
    RnnCall,
    given_features,
)
from rnn_codemod.reading.kept import Kept
from rnn_codemod.reading.kinds import CarryForm
from rnn_codemod.reading.purity import Purity
from rnn_codemod.reading.scopes import ITEM, Binding
from rnn_codemod.reading.source import Function, Source
from rnn_codemod.reading.value import CellInstance, FunctionValue, ModuleClass
from rnn_codemod.reading.values import Values

_ARRAYS = {
    f"{home}.{name}"
    for home in ("jax.numpy", "numpy")
    for name in ("zeros", "ones", "full", "empty")
}


_ALIKE = {f"{name}_like" for name in ("zeros", "ones", "full", "empty")}
_OVER_TREES = {"jax.tree_map", "jax.tree_util.tree_map", "jax.tree.map"}


@dataclass(frozen=True)
class Width:
    """``features=text``; ``reason`` says why that is the cell's width."""

    text: str
    reason: str
    origin: ast.expr | None = None
    library: str = ""
    """What the text needs to be imported."""


@dataclass(frozen=True)
class NoWidth:
    reason: str


@dataclass(frozen=True)
class _Size:
    """An expression for a width, as it stands in the text; ``others`` where it may be these too."""

    node: ast.expr
    others: tuple[ast.expr, ...] = ()

    def alternatives(self) -> dict[str, ast.expr]:
        return {ast.unparse(node): node for node in (self.node, *self.others)}


class Sizes:
    """Proves the width of constructions."""

    def __init__(self, values: Values, purity: Purity, facts: Facts) -> None:
        self.values = values
        self.source: Source = values.source
        self.purity = purity
        self.facts = facts
        self.kept = Kept(values)
        self._carries = {carry.node: carry for carry in facts.carries}
        self._active: set[ast.AST] = set()

    def is_made_by(self, node: ast.expr, construction: Construction) -> bool:
        """Whether ``node`` may be the instance that ``construction`` makes."""
        return any(
            isinstance(value, CellInstance) and value.node is construction.node
            for value in self.values.of(node)
        )

    def layers(self, construction: Construction) -> list[RnnCall]:
        """The ``nn.RNN(cell, size)`` calls that this cell goes into."""
        return [r for r in self.facts.layers if self.is_made_by(r.cell, construction)]

    def applications(self, construction: Construction) -> list[Application]:
        return [a for a in self.facts.applications if self.is_made_by(a.cell, construction)]

    def own_carries(self, construction: Construction) -> list[CarryCall]:
        """The carry calls on the instance that this construction makes."""
        return [c for c in self.facts.carries if self.is_made_by(c.receiver, construction)]

    def width(self, construction: Construction) -> Width | NoWidth:
        """The first width that can be proved, in the order of the project's design."""
        node = construction.node
        if any(cls.turned for cls in construction.classes):
            return NoWidth("nn.vmap maps over another axis of the carry than the first")
        layers = self.layers(construction)
        if layers:
            return self._agreed(
                [_Size(layer.size) for layer in layers], node, "the size that nn.RNN is given"
            )
        uses = self.applications(construction)
        carries = self.own_carries(construction)
        sizes = [_Size(c.parts["size"]) for c in carries if "size" in c.parts]
        created = [size for use in uses if (size := self._sizes_of(use.carry)) is not None]
        if any(_may_be_anothers(carry) for carry in carries):
            return NoWidth("its carry may be that of a cell from elsewhere, with another size")
        if self._one_of_several(construction, carries):
            return NoWidth("it makes several cells, and only the carry of some is in sight")
        changed = any(self.kept.may_change(use.carry) for use in uses)
        replaced = self._another_in_a_subclass(construction)
        if sizes and len(sizes) == len(carries) and not changed and not replaced:
            found = self._agreed(sizes, node, "the size that its carry is created with")
            if isinstance(found, Width):
                return self._unless_others(found, created)
        if created and not replaced:
            found = self._agreed(created, node, "the size that its carry is created with")
            if isinstance(found, Width) or (len(uses) > 1 and _differ(created)):
                return found
        for use in uses:
            by_carry = self.by_carry(construction, use)
            if by_carry is not None:
                return by_carry
        if replaced:
            return NoWidth("a subclass creates its carry, maybe with another size")
        if changed:
            return NoWidth("its carry may get another width before the cell is applied")
        by_class = self._by_class(construction)
        if by_class is not None:
            return by_class
        if not uses and not carries:
            return NoWidth("no carry of this cell is in sight in this file")
        return NoWidth("the size of its carry is not known where the cell is built")

    def _unless_others(self, own: Width, created: list[_Size]) -> Width | NoWidth:
        """The width of its own carry, unless the cell is applied to one of another size."""
        others = {text for size in created for text in size.alternatives()}
        if own.origin is None or others <= {ast.unparse(own.origin)}:
            return own
        texts = ", ".join(sorted({own.text} | others))
        return NoWidth(f"its carries have different sizes: {texts}")

    def _agreed(self, sizes: list[_Size], target: ast.AST, reason: str) -> Width | NoWidth:
        if _differ(sizes):
            texts = {text for size in sizes for text in size.alternatives()}
            return NoWidth(f"its carries have different sizes: {', '.join(sorted(texts))}")
        statement = self.source.statement(target)
        for size in sizes:
            if isinstance(size.node, ast.Constant):
                continue
            if len(sizes) == 1 and self.source.statement(size.node) is statement:
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
        if mine is None or other is None:
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

    def created_with(self, carry: ast.expr) -> _Size | None:
        """The one size expression that the array or pair ``carry`` was created with."""
        size = self._sizes_of(carry)
        return None if size is None or size.others else size

    def _sizes_of(self, carry: ast.expr) -> _Size | None:
        """What ``carry`` was created with; None where a part of it is not known."""
        if carry in self._active:
            return None
        self._active.add(carry)
        try:
            return self._created(carry)
        finally:
            self._active.discard(carry)

    def _created(self, node: ast.expr) -> _Size | None:
        match node:
            case ast.Call():
                return self._created_by_call(node)
            case ast.Name():
                return self._created_by_name(node)
            case ast.Tuple(elts=[first, *rest]):
                sizes = [self._sizes_of(first), *(self._sizes_of(r) for r in rest)]
                return self._same(sizes)
            case ast.BinOp(op=ast.Mult(), left=ast.Tuple(elts=[only]) | ast.List(elts=[only])):
                return self._sizes_of(only)
            case ast.IfExp():
                return self._same([self._sizes_of(node.body), self._sizes_of(node.orelse)])
            case ast.Subscript(
                value=ast.Name(), slice=ast.Name() | ast.Constant(value=int()) | ast.UnaryOp()
            ):
                return self._sizes_of(node.value)
            case _:
                return None

    def _same(self, sizes: list[_Size | None]) -> _Size | None:
        known = {text: n for size in sizes if size for text, n in size.alternatives().items()}
        if not known or (len(known) == 1 and None in sizes):
            return None
        first, *others = known.values()
        return _Size(first, tuple(others))

    def _created_by_name(self, node: ast.Name) -> _Size | None:
        found = self.values.scopes.lookup(node.id, node)
        if found is None or not isinstance(found[0].node, Function | ast.Module):
            return None
        creations = [b for b in found[1] if not self._continues(b, node.id)]
        sizes: list[_Size | None] = []
        for binding in self.values.flow.in_force(node, found[0], creations):
            if isinstance(binding.node, ast.arg) or binding.value is None:
                return None
            continued = self._continued(binding)
            if continued is not None:
                sizes.append(self._sizes_of(continued))
                continue
            value = binding.value if binding.path == (ITEM,) else _part(binding.value, binding.path)
            if value is None:
                return None
            sizes.append(self._sizes_of(value))
        return self._same(sizes) if sizes else None

    def _continued(self, binding: Binding) -> ast.expr | None:
        """The carry that a cell is applied to, where its next carry is what is bound."""
        if not isinstance(binding.value, ast.Call) or binding.path[:1] not in ((), (0,)):
            return None
        continued = self.values.carry_argument(binding.value)
        for step in binding.path[1:]:
            if isinstance(continued, ast.Tuple) and step < len(continued.elts):
                continued = continued.elts[step]
        return continued

    def _continues(self, binding: Binding, name: str) -> bool:
        """Whether a cell is applied to the carry of this name, which keeps its width."""
        continued = self._continued(binding)
        return isinstance(continued, ast.Name) and continued.id == name

    def _created_by_call(self, node: ast.Call) -> _Size | None:
        carry = self._carries.get(node)
        if carry is not None:
            size = carry.parts.get("size")
            return None if size is None or isinstance(size, ast.Tuple) else _Size(size)
        if self.values.dotted(node.func) in _ARRAYS and node.args:
            if isinstance(node.args[0], ast.Tuple) and node.args[0].elts:
                last = node.args[0].elts[-1]
                return None if isinstance(last, ast.Starred) else _Size(last)
            return None
        alike = self._like(node)
        if alike is not None:
            return self._sizes_of(alike)
        continued = self.values.carry_argument(node)
        if continued is not None:
            return None
        for value in self.values.of(node.func):
            if isinstance(value, FunctionValue) and len(self.values.of(node.func)) == 1:
                return self._through(value.node, node)
        return None

    def _like(self, node: ast.Call) -> ast.expr | None:
        """The carry that ``zeros_like`` copies the shape of, array by array of it or as a whole."""
        name, given = self.values.dotted(node.func) or "", node.args
        if name in _OVER_TREES and len(given) == 2:
            name, given = self.values.dotted(given[0]) or "", given[1:]
        home, _, last = name.rpartition(".")
        return given[0] if given and last in _ALIKE and home in ("jax.numpy", "numpy") else None

    def _through(self, function: Function, call: ast.Call) -> _Size | None:
        """The size that a wrapper creates its carry with, in terms of its caller."""
        if isinstance(function, ast.Lambda):
            return None
        home = self._home(function)
        if home is None:
            return None
        made = [home._sizes_of(value) for value in returned(function, home.source)]
        inner = self._same(made or [None])
        if inner is None or inner.others or isinstance(inner.node, ast.Constant):
            return inner
        if isinstance(inner.node, ast.Name) and home._is_parameter(inner.node.id, function):
            given = home._argument(function, call, inner.node.id)
            return _Size(given) if given is not None else None
        return inner if home is self and not self._local(inner.node, function) else None

    def _home(self, node: ast.AST) -> Sizes | None:
        """The sizes of the file that ``node`` stands in."""
        if node in self.values.scopes:
            return self
        reading = self.values.world.owner(node) if self.values.world is not None else None
        return None if reading is None else reading.sizes

    def _is_parameter(self, name: str, function: Function) -> bool:
        bound = self.values.scopes.of(function).bindings.get(name, [])
        return len(bound) == 1 and isinstance(bound[0].node, ast.arg)

    def _local(self, node: ast.expr, function: Function) -> bool:
        scope = self.values.scopes.of(function)
        return any(
            isinstance(part, ast.Name) and part.id in scope.bindings and part.id != "self"
            for part in ast.walk(node)
        )

    def _argument(
        self, function: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call, name: str
    ) -> ast.expr | None:
        """What ``call`` gives for a parameter of ``function``."""
        names = [arg.arg for arg in [*function.args.posonlyargs, *function.args.args]]
        if isinstance(self.source.parents.get(function), ast.ClassDef) and not is_static(function):
            names = names[1:]
        if any(isinstance(a, ast.Starred) for a in call.args):
            return None
        for keyword in call.keywords:
            if keyword.arg == name:
                return keyword.value
        if name in names and names.index(name) < len(call.args):
            return call.args[names.index(name)]
        return None

    def by_carry(self, construction: Construction, use: Application) -> Width | None:
        """The width of the carry itself, where it is at hand when the cell is built."""
        if any(kind.definition and kind.carry is CarryForm.ANY for kind in construction.kinds):
            return None
        if not self.purity.cheap(use.carry) or not _plain(use.carry):
            return None
        if self.source.function(use.node) is not self.source.function(construction.node):
            return None
        immediate = use.cell is construction.node
        if not immediate and not self._at_hand(use, construction):
            return None
        text = self.carry_width(use.carry, construction)
        if text is None:
            return None
        library = "jax" if construction.carry_form is CarryForm.ANY else ""
        return Width(text, "the width of the carry it is applied to", library=library)

    def carry_width(self, carry: ast.expr, construction: Construction) -> str | None:
        """The text of the width of ``carry``; None where its form is not that of the cell."""
        if isinstance(carry, ast.Starred):
            return None
        text = self._of_which(carry)
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
            return f"{text}.shape[-1]"
        leaves = self.values_path("jax", "tree_util.tree_leaves")
        return f"{leaves}({text})[0].shape[-1]"

    def _of_which(self, node: ast.expr) -> str:
        """The text of ``node``, as it stands before a dot or an index."""
        text = self.source.segment(node)
        alone = isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call | ast.Tuple)
        return text if alone else f"({text})"

    def values_path(self, library: str, name: str) -> str:
        """``name`` of an imported library, by the alias this module gives it."""
        for alias, bindings in self.values.scopes.module.bindings.items():
            if any(b.imported == library for b in bindings):
                return f"{alias}.{name}"
        return f"{library}.{name}"

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
        creations = [b for b in found[1] if not self._continues(b, name)]
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
            and self.is_made_by(value.func, made)
            and bool(value.args)
            and isinstance(value.args[0], ast.Name)
            and value.args[0].id == name
        )

    def _other_widths(self, cls: ast.ClassDef, names: set[str], sizes: list[_Size]) -> bool:
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
            and self.created_with(use.carry) is not None
            and not self.is_made_by(use.cell, construction)
        }
        return any(
            made is not construction
            and names & {kind.name for kind in made.kinds}
            and any(self.is_made_by(cell, made) for cell in known)
            for made in self.facts.constructions
        )

    def _another_in_a_subclass(self, construction: Construction) -> bool:
        """Whether a class that inherits this cell replaces a method that creates its carry."""
        cls = self.source.method_class(construction.node)
        if cls is None or not isinstance(self.values.class_value(cls), ModuleClass):
            return False
        names = {kind.name for kind in construction.kinds}
        carries = [c for c in self.facts.carries if names & {kind.name for kind in c.kinds}]
        homes = {carry.node: self.source.method_class(carry.node) for carry in carries}
        mine = {ast.unparse(c.parts["size"]) for c in carries if homes[c.node] is cls and c.parts}
        heirs = {home for home in homes.values() if home is not None and self._inherits(home, cls)}
        heirs -= {
            self.source.method_class(made.node)
            for made in self.facts.constructions
            if names & {kind.name for kind in made.kinds}
        }
        return any(
            homes[carry.node] in heirs
            and not (carry.parts and ast.unparse(carry.parts["size"]) in mine)
            for carry in carries
        )

    def _inherits(self, cls: ast.ClassDef, base: ast.ClassDef) -> bool:
        return cls is not base and any(
            value.node is base or self._inherits(value.node, base)
            for node in cls.bases
            for value in self.values.owner(cls).of(node)
            if isinstance(value, ModuleClass) and value.node is not cls
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

    def _by_class(self, construction: Construction) -> Width | None:
        """The one size that the class creates carries of this kind with."""
        cls = self.source.method_class(construction.node)
        if cls is None:
            return None
        names = {kind.name for kind in construction.kinds if kind.carry is not CarryForm.ANY}
        maker = ast.unparse(construction.node.func)
        sizes = [
            _Size(carry.parts["size"])
            for carry in self.facts.carries
            if self.source.method_class(carry.node) is cls
            and "size" in carry.parts
            and (
                names & {kind.name for kind in carry.kinds}
                or (maker.startswith("self.") and ast.unparse(carry.receiver) == maker)
            )
        ]
        if not sizes or self._other_widths(cls, names, sizes):
            return None
        if self._carry_of_another(construction, cls, names):
            return None
        if not self._enough_for_all(cls, names):
            return None
        found = self._agreed(sizes, construction.node, "the size of every carry its class creates")
        return found if isinstance(found, Width) else None


def _part(value: ast.expr, path: tuple[int, ...]) -> ast.expr | None:
    """The element of a literal that an unpacking takes."""
    for step in path:
        if not isinstance(value, ast.Tuple | ast.List) or not 0 <= step < len(value.elts):
            return None
        if any(isinstance(element, ast.Starred) for element in value.elts[: step + 1]):
            return None
        value = value.elts[step]
    return value


def _differ(sizes: list[_Size]) -> bool:
    return len({text for size in sizes for text in size.alternatives()}) > 1


def _text(node: ast.expr | None) -> str:
    return "" if node is None else ast.unparse(node)


def _may_be_anothers(carry: CarryCall) -> bool:
    """Whether a caller's cell may take the place of this one, with a size that is not written."""
    return any(value.node is None for value in carry.instances) and not isinstance(
        carry.parts.get("size"), ast.Constant
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
