"""A carry and the cell it is for, close enough that one instance can serve both."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from rnn_codemod.reading.created import Created
from rnn_codemod.reading.facts import CarryCall, Construction, Facts, given_features
from rnn_codemod.reading.kept import Kept
from rnn_codemod.reading.purity import Purity, builds_nothing
from rnn_codemod.reading.sites import Sites
from rnn_codemod.reading.source import Source
from rnn_codemod.reading.values import Values

_LOOPS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True)
class Pair:
    """``name`` is the instance where the cell has one already, else None.

    ``moved`` is the statement that binds it, where that has to come before the carry.
    """

    carry: CarryCall
    construction: Construction
    name: str | None
    moved: ast.Assign | None = None


def _initializer(carry: CarryCall) -> str:
    given = carry.parts.get("init_fn")
    return "" if given is None else ast.dump(given)


class Pairs:
    def __init__(
        self,
        values: Values,
        facts: Facts,
        purity: Purity,
        sites: Sites,
        created: Created,
        kept: Kept,
    ) -> None:
        self._sites = sites
        self._created = created
        self._kept = kept
        self._source: Source = values.source
        self._values = values
        self._facts = facts
        self._purity = purity

    def of_carry(self, carry: CarryCall) -> Pair | None:
        """The construction that can also make this static carry."""
        statement = self._source.statement(carry.node)
        if not carry.classes or carry.instances or "size" not in carry.parts:
            return None
        if not isinstance(statement, ast.Assign) or statement.value is not carry.node:
            return None
        if len(statement.targets) != 1 or not isinstance(statement.targets[0], ast.Name):
            return None
        made = self._only_construction(carry)
        if made is None or not self._agrees(carry, made):
            return None
        if not self._same_carry(made, statement.targets[0].id):
            return None
        name = self._stands_before(made, statement)
        moved = None if name else self._stands_after(made, statement)
        if moved is not None:
            return Pair(carry, made, ast.unparse(moved.targets[0]), moved)
        if name is None and not self._may_move(made, statement, statement.targets[0].id):
            return None
        return Pair(carry, made, name)

    def of_construction(self, construction: Construction) -> Pair | None:
        for carry in self._facts.carries:
            pair = self.of_carry(carry)
            if pair is not None and pair.construction is construction:
                return pair
        return None

    def _same_carry(self, made: Construction, carry: str) -> bool:
        """Whether the cell is applied to nothing else under this name than the carry."""
        uses = self._sites.applications(made)
        return not any(self._kept.may_change(use.carry) for use in uses) and all(
            self._created.created_with(use.carry) is not None
            for use in uses
            if isinstance(use.carry, ast.Name) and use.carry.id == carry and made.legacy
        )

    def _only_construction(self, carry: CarryCall) -> Construction | None:
        """The one construction of the carry's class in its function."""
        function = self._source.function(carry.node)
        if not isinstance(carry.receiver, ast.Name | ast.Attribute):
            return None
        same = [
            made
            for made in self._facts.constructions
            if self._source.function(made.node) is function and made.kinds & carry.kinds
        ]
        if len(same) != 1 or same[0].may_set("param_dtype"):
            return None
        (made,) = same
        if any(cls.turned for cls in made.classes):
            return None
        if ast.unparse(made.node.func) != ast.unparse(carry.receiver):
            return None
        return made if made.legacy or carry.convolutional else None

    def _agrees(self, carry: CarryCall, made: Construction) -> bool:
        """Whether the cell's features are the size of this carry, and of its other carries."""
        size = carry.parts["size"]
        if carry.convolutional:
            features = given_features(made)
            if not isinstance(size, ast.Tuple) or features is None:
                return False
            return ast.dump(size.elts[-1]) == ast.dump(features)
        if not self._purity.cheap(size):
            return False
        function = self._source.function(carry.node)
        return all(
            "size" in other.parts
            and ast.dump(other.parts["size"]) == ast.dump(size)
            and (carry.own or _initializer(other) == _initializer(carry))
            and self._purity.portable(size, size, made.node)
            for other in self._facts.carries
            if self._source.function(other.node) is function and other.kinds & carry.kinds
        )

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

    def _stands_after(self, made: Construction, statement: ast.Assign) -> ast.Assign | None:
        """The line ``cell = Cell()`` after the carry in its block that may come before it."""
        built = self._source.statement(made.node)
        mine, other = self._block(statement), self._block(built)
        if mine is None or other is None or mine[0] is not other[0] or other[1] <= mine[1]:
            return None
        match built:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if value is made.node:
                pass
            case _:
                return None
        if not self._alone(statement) or not self._alone(built) or self._noted(built):
            return None
        start, end = self._source.span(statement)[0], self._source.span(built)[0]
        function = self._source.function(made.node) or self._source.tree
        named = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == name]
        if any(start <= self._source.span(n)[0] < end for n in named):
            return None
        if self._builds_between(statement, made.node):
            return None
        return built if self._unmoved(made, statement) else None

    def _alone(self, statement: ast.stmt) -> bool:
        """Whether nothing else stands on the lines of a statement."""
        end = self._source.span(statement)[1]
        rest = self._source.text[end : self._source.line_end(end)]
        return self._source.indentation(statement) is not None and not rest.strip()

    def _noted(self, statement: ast.stmt) -> bool:
        """Whether a comment stands right above a statement, or in it."""
        start, end = self._source.span(statement)
        above = self._source.text[:start].rstrip(" \t").removesuffix("\n").rsplit("\n", 1)[-1]
        return above.lstrip().startswith("#") or "#" in self._source.text[start:end]

    def _unmoved(self, made: Construction, statement: ast.stmt) -> bool:
        """Whether what the cell is built from means the same at ``statement``."""
        arguments = [*made.node.args, *(k.value for k in made.node.keywords), made.node.func]
        return all(
            self._purity.pure(a) and self._purity.steady(a, statement, made.node) for a in arguments
        )

    def _may_move(self, made: Construction, statement: ast.stmt, carry: str) -> bool:
        """Whether a cell that is applied where it is built may be built before the carry."""
        built = self._source.statement(made.node)
        mine, other = self._block(statement), self._block(built)
        if mine is None or other is None or mine[0] is not other[0] or other[1] <= mine[1]:
            return False
        if self._source.indentation(statement) is None or self._conditional(made, built):
            return False
        applied = self._source.parents[made.node]
        if not isinstance(applied, ast.Call) or applied.func is not made.node:
            return False
        if not applied.args or ast.unparse(applied.args[0]) != carry:
            return False
        return not self._builds_between(statement, made.node) and self._unmoved(made, statement)

    def _builds_between(self, statement: ast.stmt, made: ast.Call) -> bool:
        """Whether a call in between may build cells of its own in this module's scope."""
        start, end = self._source.span(statement)[1], self._source.span(made)[0]
        function = self._source.function(made) or self._source.tree
        others = {c.node for c in self._facts.constructions} | {c.node for c in self._facts.carries}
        return any(
            isinstance(node, ast.Call)
            and node not in others
            and start <= self._source.span(node)[0]
            and self._source.span(node)[1] <= end
            and not builds_nothing(self._values, node.func)
            for node in ast.walk(function)
        )

    def _conditional(self, made: Construction, built: ast.stmt) -> bool:
        """Whether the statement may build the cell never, or several times."""
        for up in self._source.ancestors(made.node):
            if up is built:
                return False
            if isinstance(up, ast.IfExp | ast.BoolOp | ast.Lambda | ast.comprehension | _LOOPS):
                return True
        return True
