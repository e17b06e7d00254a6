"""Which keys a mapping can have that is unpacked by ``**``."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from rnn_codemod.reading.definitions import returned
from rnn_codemod.reading.scopes import ITEM, Binding, Scope
from rnn_codemod.reading.value import Dotted, FunctionValue
from rnn_codemod.reading.values import Values

Keys = frozenset[str]
_NONE: Keys = frozenset()
_COPIES = ("collections.OrderedDict", "types.MappingProxyType", "copy.copy", "copy.deepcopy")
_READERS = {"get", "keys", "values", "items", "copy", "pop", "popitem", "clear"}
_BUILTINS = {
    "dict",
    "len",
    "list",
    "sorted",
    "tuple",
    "set",
    "print",
    "str",
    "repr",
    "iter",
    "bool",
}


def dict_keys(node: ast.expr, values: Values) -> Keys | None:
    """The keys that a ``**mapping`` may have, or None where the text does not tell them all."""
    return _Search(values, {}).of(node)


class _Search:
    """``given`` are the keys of the ``**parameters`` of the function that is looked into."""

    def __init__(self, values: Values, given: Mapping[ast.AST, Keys]) -> None:
        self._values = values
        self._given = given
        self._open: set[tuple[Scope, str]] = set()

    def of(self, node: ast.expr) -> Keys | None:
        match node:
            case ast.Dict():
                return _all(
                    self._key(key) if key is not None else self.of(value)
                    for key, value in zip(node.keys, node.values, strict=True)
                )
            case ast.Name():
                return self._name(node)
            case ast.BinOp(op=ast.BitOr()):
                return _all((self.of(node.left), self.of(node.right)))
            case ast.IfExp():
                return _all((self.of(node.body), self.of(node.orelse)))
            case ast.Call(func=ast.Attribute(attr="copy", value=copied), args=[], keywords=[]):
                return self.of(copied)
            case ast.Call():
                return self._call(node)
            case _:
                return None

    def _key(self, node: ast.expr) -> Keys | None:
        """What one key may be: a literal, or one of the keys of a mapping that is looped over."""
        if isinstance(node, ast.Constant):
            return frozenset({node.value}) if isinstance(node.value, str) else None
        found = self._values.scopes.lookup(node.id, node) if isinstance(node, ast.Name) else None
        return None if found is None else _all(map(self._looped_over, found[1]))

    def _looped_over(self, binding: Binding) -> Keys | None:
        match binding:
            case Binding(
                value=ast.Call(func=ast.Attribute(attr="items", value=mapping)), path=(_, 0)
            ):
                return self.of(mapping)
            case Binding(
                value=ast.Call(func=ast.Attribute(attr="keys", value=mapping))
                | (ast.Name() as mapping),
                path=(only,),
            ) if only == ITEM:
                return self.of(mapping)
            case _:
                return None

    def _call(self, node: ast.Call) -> Keys | None:
        found = self._values.of(node.func)
        if len(found) != 1:
            return None
        (value,) = found
        builtin = isinstance(node.func, ast.Name) and node.func.id == "dict"
        if (builtin and not isinstance(value, FunctionValue)) or (
            isinstance(value, Dotted) and value.name in _COPIES
        ):
            return _all((*map(self.of, node.args), self._keywords(node.keywords)))
        if isinstance(value, FunctionValue) and isinstance(value.node, ast.FunctionDef):
            return self._returned(value.node, node)
        return None

    def _keywords(self, keywords: list[ast.keyword]) -> Keys | None:
        return _all(frozenset({k.arg}) if k.arg else self.of(k.value) for k in keywords)

    def _returned(self, function: ast.FunctionDef, call: ast.Call) -> Keys | None:
        """The keys of what a function returns, where ``call`` gives its ``**parameters``."""
        owner = self._values.owner(function)
        results = returned(function, owner.source)
        if function in self._given or not results or function.decorator_list:
            return None
        inside: dict[ast.AST, Keys] = {**self._given, function: _NONE}
        if function.args.kwarg is not None:
            keys = self._keywords(call.keywords)
            if keys is None:
                return None
            named = {arg.arg for arg in [*function.args.args, *function.args.kwonlyargs]}
            inside[function.args.kwarg] = keys - named
        search = _Search(owner, inside)
        return _all(map(search.of, results))

    def _name(self, node: ast.Name) -> Keys | None:
        found = self._values.scopes.lookup(node.id, node)
        if found is None or (found[0], node.id) in self._open:
            return None if found is None else _NONE
        self._open.add((found[0], node.id))
        try:
            bound = (self._bound(binding) for binding in found[1])
            return _all((*bound, *self._changes(node.id, found[0])))
        finally:
            self._open.discard((found[0], node.id))

    def _bound(self, binding: Binding) -> Keys | None:
        if isinstance(binding.node, ast.arg):
            return self._given.get(binding.node)
        if binding.imported is not None:
            return self._imported(binding.imported)
        if isinstance(binding.node, ast.AugAssign):
            return self.of(binding.node.value) if _merges(binding.node) else None
        if isinstance(binding.node, ast.Assign) and len(binding.node.targets) > 1:
            return None  # It has another name too, under which it may change.
        return self.of(binding.value) if binding.value is not None and not binding.path else None

    def _imported(self, dotted: str) -> Keys | None:
        """The keys of a mapping that another file of the project binds."""
        world = self._values.world
        module, _, name = dotted.rpartition(".")
        module += "." if not module or module.endswith(".") else ""
        reading = world.module(self._values.path, module) if world is not None else None
        bound = reading.scopes.module.bindings.get(name) if reading is not None else None
        if reading is None or not bound:
            return None
        search = _Search(reading.values, self._given)
        changes = search._changes(name, reading.scopes.module)
        return _all((*map(search._bound, bound), *changes))

    def _changes(self, name: str, scope: Scope) -> Iterator[Keys | None]:
        """What is put into the mapping ``name`` after it was bound; None for who knows what."""
        values = self._values
        for node in values.source.nodes:
            if not isinstance(node, ast.Name) or node.id != name:
                continue
            found = values.scopes.lookup(name, node)
            if found is None or found[0] is not scope:
                continue
            outer = values.source.parents.get(node)
            match outer:
                case ast.Subscript(ctx=ast.Store(), slice=key) if outer.value is node:
                    yield self._key(key)
                case ast.Attribute(attr=method):
                    call = values.source.parents.get(outer)
                    if not isinstance(call, ast.Call) or call.func is not outer:
                        yield None
                    elif method == "update":
                        yield _all((*map(self.of, call.args), self._keywords(call.keywords)))
                    elif method == "setdefault" and call.args:
                        yield self._key(call.args[0])
                    elif method not in _READERS:
                        yield None
                case ast.Call(func=called, args=given) if node in given:
                    known = isinstance(called, ast.Name) and called.id in _BUILTINS
                    dotted = values.dotted(called)
                    merged = isinstance(called, ast.Attribute) and called.attr == "update"
                    if not (known or merged or dotted in _COPIES):
                        yield None
                case ast.Assign() | ast.AnnAssign() if outer.value is node:
                    yield None  # Another name for it, under which it may change.


def _merges(node: ast.AugAssign) -> bool:
    return isinstance(node.op, ast.BitOr)


def _all(found: Iterable[Keys | None]) -> Keys | None:
    keys = _NONE
    for some in found:
        if some is None:
            return None
        keys |= some
    return keys
