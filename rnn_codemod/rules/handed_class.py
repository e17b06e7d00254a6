"""A cell class handed to a function or a module that does not say that it takes one."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator

from rnn_codemod.editing.edits import Decision
from rnn_codemod.reading.class_takers import follows
from rnn_codemod.reading.definitions import field_names, is_static
from rnn_codemod.reading.facts import gives_features
from rnn_codemod.reading.kinds import transform_name
from rnn_codemod.reading.source import Function
from rnn_codemod.reading.value import CellClass, FunctionValue, ModuleClass, Value
from rnn_codemod.reading.values import Values
from rnn_codemod.rules.everywhere import known_verdict
from rnn_codemod.rules.rule import Context, Rule

MESSAGE = "a cell class is handed to code that is not known to take one"
_HARMLESS = {"isinstance", "issubclass", "print", "repr", "str", "type", "id", "hash", "getattr"}


def find(context: Context) -> Iterator[Decision]:
    values = context.reading.values
    for call in context.reading.source.nodes:
        if not isinstance(call, ast.Call) or any(isinstance(a, ast.Starred) for a in call.args):
            continue
        for name, given, definition in _handed(context, call):
            owner = values.owner(definition)
            if not follows(owner, definition, name) and _uses(owner, definition, name):
                what = getattr(definition, "name", "the function")
                reason = f"{what} builds what it gets as {name}, and nothing there says a cell"
                verdict = known_verdict(context, rule.name, definition, name)
                for path, why in verdict.faults if verdict is not None else ():
                    reason = f"{reason}; {os.path.basename(path)}: {why}"
                yield rule.refuse(context, given, MESSAGE, reason, f"{name}: type[nn.RNNCellBase]")


def _handed(
    context: Context, call: ast.Call
) -> Iterator[tuple[str, ast.expr, Function | ast.ClassDef]]:
    """The cell classes among the arguments, each with the parameter or field that takes it."""
    given: list[tuple[int | None, str | None, ast.expr]] = [
        *((index, None, value) for index, value in enumerate(call.args)),
        *((None, keyword.arg, keyword.value) for keyword in call.keywords),
    ]
    values = context.reading.values
    for index, keyword, value in given:
        if not any(isinstance(v, CellClass) and not v.kind.own_carry for v in values.of(value)):
            continue
        for target in values.of(call.func):
            definition = _definition(target)
            if definition is None:
                continue
            names = _names(definition, values, bound=isinstance(call.func, ast.Attribute))
            name = keyword if index is None else dict(enumerate(names)).get(index)
            if name in names:
                yield name, value, definition


def _definition(value: Value) -> Function | ast.ClassDef | None:
    match value:
        case FunctionValue(definition):
            return definition
        case ModuleClass(definition):
            methods = (s for s in definition.body if isinstance(s, ast.FunctionDef))
            return next((m for m in methods if m.name == "__init__"), definition)
        case _:
            return None


def _names(definition: Function | ast.ClassDef, values: Values, *, bound: bool) -> list[str]:
    """What the definition takes by position, without ``self``."""
    if isinstance(definition, ast.ClassDef):
        return list(field_names(definition))
    names = [arg.arg for arg in [*definition.args.posonlyargs, *definition.args.args]]
    names += [arg.arg for arg in definition.args.kwonlyargs]
    method = isinstance(values.owner(definition).source.parents.get(definition), ast.ClassDef)
    if isinstance(definition, ast.Lambda) or not method or is_static(definition):
        return names
    return names[1:] if bound or definition.name == "__init__" else names


def _uses(owner: Values, definition: Function | ast.ClassDef, name: str) -> bool:
    """Whether more is done with the class than to look at it, or to give it its features."""
    for node in ast.walk(definition):
        match node:
            case ast.Name(id=found, ctx=ast.Load()) if isinstance(definition, Function):
                taken = found == name
            case ast.Attribute(value=ast.Name(id="self"), attr=found):
                taken = found == name and isinstance(definition, ast.ClassDef)
            case _:
                taken = False
        if taken and not _harmless(owner, node):
            return True
    return False


def _harmless(owner: Values, node: ast.AST) -> bool:
    outer = owner.source.parents[node]
    match outer:
        case ast.Call() if outer.func is node:
            return gives_features(outer, owner)
        case ast.Call() if transform_name(owner.dotted(outer.func) or ""):
            return _harmless(owner, outer)
        case ast.Attribute(attr=attribute):
            return attribute != "initialize_carry"
        case ast.Call(func=ast.Name(id=called)):
            return called in _HARMLESS
        case ast.Compare() | ast.FormattedValue():
            return True
        case _:
            return False


rule = Rule(
    name="handed_class",
    summary="a cell class is handed to code that is not known to take one",
    explanation=(
        "Whoever builds the class has to give it features now, and what does not say that it "
        "takes a cell class is looked at for that only where all callers, in every file given, "
        "hand it cell classes of flax. With the annotation the constructions are found; run the "
        "tool again."
    ),
    before="build = lambda cls: cls()\ncell = build(nn.GRUCell)\n",
    after="build = lambda cls: cls()\ncell = build(nn.GRUCell)\n",
    find=find,
)
