"""Names and what they are bound to, by Python's scoping rules."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from rnn_codemod.reading.source import Function, Source, children

ITEM = -1
"""The step of an unpacking path that stands for any one item of an iterable."""
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_OPENING = frozenset(
    [ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, *_COMPREHENSIONS]
)
"""The nodes that open a scope."""


@dataclass(frozen=True, eq=False)
class Binding:
    """One place that gives a name its value.

    ``value`` is the expression bound, and ``path`` the steps to take into it: ``(0,)`` for the
    first target of ``a, b = value``, ``(ITEM,)`` for a loop variable.
    """

    name: str
    node: ast.AST
    value: ast.expr | None = None
    path: tuple[int, ...] = ()
    imported: str | None = None


@dataclass(frozen=True)
class Star:
    """``from origin import *``; ``line`` is where it stands."""

    origin: str
    line: int

    def dotted(self, name: str) -> str:
        """The full name of ``name`` as this import gives it."""
        return f"{self.origin}{'' if self.origin.endswith('.') else '.'}{name}"


@dataclass(eq=False)
class Scope:
    node: ast.AST
    parent: Scope | None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    """Names declared ``global`` or ``nonlocal``."""

    def bind(self, binding: Binding) -> None:
        home = self
        if self.elsewhere.get(binding.name) == "global":
            while home.parent is not None:
                home = home.parent
        elif self.elsewhere.get(binding.name) == "nonlocal" and self.parent is not None:
            home = self.parent
        home.bindings.setdefault(binding.name, []).append(binding)


class Scopes:
    """The scopes of one source; ``lookup`` finds what a name means at a node."""

    def __init__(self, source: Source) -> None:
        self.module = Scope(source.tree, None)
        self.stars: list[Star] = []
        """In the order in which they run."""
        self._scopes: dict[ast.AST, Scope] = {source.tree: self.module}
        self._homes: dict[ast.AST, Scope] = {}
        self._visit(source.tree)
        for keyword, call in source.factories.items():
            self._homes[call] = self._homes[keyword]

    def __contains__(self, node: ast.AST) -> bool:
        return node in self._homes

    def home(self, node: ast.AST) -> Scope:
        """The scope in which ``node`` is evaluated."""
        return self._homes[node]

    def of(self, node: ast.AST) -> Scope:
        """The scope that a module, class, function or comprehension opens."""
        return self._scopes[node]

    def path_to(self, library: str, name: str) -> str:
        """``name`` of an imported library, by the alias that this module gives it."""
        for alias, bindings in self.module.bindings.items():
            if any(binding.imported == library for binding in bindings):
                return f"{alias}.{name}"
        return f"{library}.{name}"

    def imports(self, library: str) -> bool:
        """Whether the module imports a library under some name."""
        return any(b.imported == library for bound in self.module.bindings.values() for b in bound)

    def lookup(self, name: str, at: ast.AST) -> tuple[Scope, list[Binding]] | None:
        """The scope that owns ``name`` as seen from ``at``, and all its bindings there."""
        scope: Scope | None = self.home(at)
        first = True
        while scope is not None:
            visible = first or not isinstance(scope.node, ast.ClassDef)
            if visible and name in scope.bindings:
                return scope, scope.bindings[name]
            first = False
            scope = scope.parent
        return None

    def _visit(self, tree: ast.Module) -> None:
        pending: list[tuple[ast.AST, Scope]] = [(tree, self.module)]
        while pending:
            node, scope = pending.pop()
            self._homes[node] = scope
            kind = type(node)
            if kind in _BINDING:
                for binding in _bindings(node, self.stars):
                    target = scope
                    if kind is ast.NamedExpr:
                        while isinstance(target.node, _COMPREHENSIONS) and target.parent:
                            target = target.parent
                    target.bind(binding)
            inner = scope
            if kind in _OPENING:
                inner = self._scopes[node] = Scope(node, scope)
                if kind not in _COMPREHENSIONS:
                    _declare(node, inner)
                if isinstance(node, Function):
                    for binding in _parameters(node):
                        inner.bind(binding)
                if isinstance(node, Function | ast.ClassDef):
                    pending.extend(reversed(list(_parts(node, scope, inner))))
                    continue
            pending.extend([(child, inner) for child in reversed(children(node))])


def _parts(
    node: ast.ClassDef | Function, outer: Scope, inner: Scope
) -> Iterator[tuple[ast.AST, Scope]]:
    if isinstance(node, Function):
        yield node.args, outer
        if isinstance(node, ast.Lambda):
            yield node.body, inner
            return
        for decorator in node.decorator_list:
            yield decorator, outer
        if node.returns is not None:
            yield node.returns, outer
        for statement in node.body:
            yield statement, inner
    else:
        for part in [*node.decorator_list, *node.bases, *node.keywords]:
            yield part, outer
        for statement in node.body:
            yield statement, inner


def _declare(node: ast.AST, scope: Scope) -> None:
    for statement in _own_statements(node):
        if isinstance(statement, ast.Global | ast.Nonlocal):
            kind = "global" if isinstance(statement, ast.Global) else "nonlocal"
            scope.elsewhere.update(dict.fromkeys(statement.names, kind))


def _own_statements(node: ast.AST) -> Iterator[ast.AST]:
    pending = list(getattr(node, "body", [])) if not isinstance(node, ast.Lambda) else []
    while pending:
        statement = pending.pop()
        yield statement
        if not isinstance(statement, ast.ClassDef | Function):
            pending.extend(
                c
                for c in children(statement)
                if isinstance(c, ast.stmt | ast.ExceptHandler | ast.match_case)
            )


def _parameters(node: Function) -> Iterator[Binding]:
    args = node.args
    positional = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(args.defaults))
    for arg, default in zip(positional, [*defaults, *args.defaults], strict=True):
        yield Binding(arg.arg, arg, default)
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        yield Binding(arg.arg, arg, default)
    for extra in (args.vararg, args.kwarg):
        if extra is not None:
            yield Binding(extra.arg, extra)


_BINDING = frozenset(
    [
        ast.Import,
        ast.ImportFrom,
        ast.Assign,
        ast.AnnAssign,
        ast.NamedExpr,
        ast.AugAssign,
        ast.For,
        ast.AsyncFor,
        ast.comprehension,
        ast.withitem,
        ast.FunctionDef,
        ast.AsyncFunctionDef,
        ast.ClassDef,
        ast.ExceptHandler,
        ast.MatchAs,
        ast.MatchStar,
        ast.MatchMapping,
        ast.Delete,
    ]
)


def _bindings(node: ast.AST, stars: list[Star]) -> Iterator[Binding]:
    match node:
        case ast.Import():
            for alias in node.names:
                if alias.asname:
                    yield Binding(alias.asname, node, imported=alias.name)
                else:
                    top = alias.name.partition(".")[0]
                    yield Binding(top, node, imported=top)
        case ast.ImportFrom():
            origin = "." * node.level + (node.module or "")
            for alias in node.names:
                if alias.name == "*":
                    stars.append(Star(origin, node.lineno))
                    continue
                dotted = f"{origin}{'' if origin.endswith('.') else '.'}{alias.name}"
                yield Binding(alias.asname or alias.name, node, imported=dotted)
        case ast.Assign():
            for target in node.targets:
                yield from _targets(target, node, node.value, ())
        case ast.AnnAssign() | ast.NamedExpr():
            yield from _targets(node.target, node, node.value, ())
        case ast.AugAssign():
            yield from _targets(node.target, node, None, ())
        case ast.For() | ast.AsyncFor() | ast.comprehension():
            yield from _targets(node.target, node, node.iter, (ITEM,))
        case ast.withitem(optional_vars=ast.expr() as target):
            yield from _targets(target, node, None, ())
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield Binding(node.name, node)
        case ast.ExceptHandler(name=str(name)):
            yield Binding(name, node)
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield Binding(name, node)
        case ast.MatchMapping(rest=str(name)):
            yield Binding(name, node)
        case ast.Delete():
            for target in node.targets:
                yield from _targets(target, node, None, ())


def _targets(
    target: ast.expr, node: ast.AST, value: ast.expr | None, path: tuple[int, ...]
) -> Iterator[Binding]:
    match target:
        case ast.Name():
            yield Binding(target.id, node, value, path)
        case ast.Tuple() | ast.List():
            starred = False
            for index, element in enumerate(target.elts):
                starred = starred or isinstance(element, ast.Starred)
                yield from _targets(element, node, None if starred else value, (*path, index))
        case ast.Starred():
            yield from _targets(target.value, node, None, path)
