"""The calls of a class or a function in one file: what each gives, and whether all are seen."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set

from rnn_codemod.reading.definitions import field_names
from rnn_codemod.reading.kinds import transform_name
from rnn_codemod.reading.takers import Definition
from rnn_codemod.reading.value import Dotted, FunctionValue, ModuleClass, Unknown, Value
from rnn_codemod.rules.cell_uses import check_reflection, is_annotation
from rnn_codemod.rules.rule import CannotWrite, Context

_CHANGED = {"clone", "copy", "replace"}
_OTHER_ORDER = ("ClassVar", "InitVar", "KW_ONLY", "kw_only", "init=")
"""What makes the order of the constructor's parameters another than that of the fields."""


def called(context: Context, call: ast.Call) -> Iterator[Definition]:
    """The classes and functions of the project that a call may call."""
    for value in context.reading.values.of(call.func):
        match value:
            case ModuleClass(definition) | FunctionValue(ast.FunctionDef() as definition):
                yield definition


def arguments(context: Context, definition: Definition, call: ast.Call) -> dict[str, ast.expr]:
    """What a call gives, by name; the defaults that are literals among it. Raises CannotWrite."""
    if any(isinstance(a, ast.Starred) for a in call.args) or any(
        keyword.arg is None for keyword in call.keywords
    ):
        raise CannotWrite(f"the arguments in line {call.lineno} are not written out")
    literals = defaults(definition).items()
    found: dict[str, ast.expr] = {}
    found |= {name: value for name, value in literals if isinstance(value, ast.Constant)}
    if call.args:
        found |= dict(zip(_positions(context, definition), call.args, strict=False))
    return found | {str(keyword.arg): keyword.value for keyword in call.keywords}


def defaults(definition: Definition) -> dict[str, ast.expr]:
    """What fields or parameters are where a call does not give them."""
    if isinstance(definition, ast.ClassDef):
        fields = [it for it in definition.body if isinstance(it, ast.AnnAssign)]
        pairs: list[tuple[str, ast.expr | None]]
        pairs = [(ast.unparse(it.target), it.value) for it in fields]
    else:
        args = [*definition.args.posonlyargs, *definition.args.args]
        last = zip(reversed(args), reversed(definition.args.defaults), strict=False)
        pairs = [(arg.arg, value) for arg, value in last]
        only = zip(definition.args.kwonlyargs, definition.args.kw_defaults, strict=True)
        pairs += [(arg.arg, value) for arg, value in only]
    return {name: value for name, value in pairs if value is not None}


def _positions(context: Context, definition: Definition) -> list[str]:
    """What is given by position, in order. Raises CannotWrite where that is not known."""
    if isinstance(definition, ast.FunctionDef):
        names = [arg.arg for arg in [*definition.args.posonlyargs, *definition.args.args]]
        return names[1:] if definition.name == "__init__" else names
    owner = context.reading.values.owner(definition)
    bases = [value for base in definition.bases for value in owner.of(base)]
    fields = [it for it in definition.body if isinstance(it, ast.AnnAssign)]
    texts = [ast.unparse(it) for it in (*fields, *definition.keywords, *definition.decorator_list)]
    odd = any(word in text for text in texts for word in _OTHER_ORDER)
    if odd or not all(isinstance(base, Dotted) for base in bases):
        raise CannotWrite(f"the order of the fields of {definition.name} is not known")
    return list(field_names(definition))


def check_unchanged(context: Context, fields: Set[object]) -> None:
    """Raise CannotWrite where a copy of an instance may have other ``fields``."""
    for node in context.reading.source.nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr=changing)) if changing in _CHANGED:
                if {keyword.arg for keyword in node.keywords} & fields:
                    raise CannotWrite(f"a field is changed in line {node.lineno}")


def check_mentions(context: Context, definition: Definition) -> None:
    """Raise CannotWrite where a class or function may be called out of sight."""
    reading, name = context.reading, definition.name
    check_reflection(context, {name})
    callees = {node.func for node in reading.source.nodes if isinstance(node, ast.Call)}
    for node in reading.source.nodes:
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            values = reading.values.of(node)
            mine = any(_is_of(value, definition) for value in values)
            last = node.id if isinstance(node, ast.Name) else node.attr
            if mine and node not in callees and not _only_looked_at(context, node):
                raise CannotWrite(f"{name} is also used as a value, in line {node.lineno}")
            if last == name and any(isinstance(v, Unknown | Dotted) for v in values):
                raise CannotWrite(f"{last} in line {node.lineno} may be this {name}")


def _is_of(value: Value, definition: Definition) -> bool:
    return isinstance(value, ModuleClass | FunctionValue) and value.node is definition


def _only_looked_at(context: Context, node: ast.expr) -> bool:
    """Whether a mention calls nothing: an annotation, ``isinstance``, an attribute of a class.

    A transform of flax gives a class with the same fields, which is called in its turn.
    """
    outer = context.reading.source.parents[node]
    if isinstance(outer, ast.Attribute) or is_annotation(context, node):
        return True
    name = context.reading.values.dotted(outer.func) if isinstance(outer, ast.Call) else None
    return name is not None and transform_name(name) is not None
