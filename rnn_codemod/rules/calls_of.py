"""The calls of a class or a function in one file, and whether all of them are seen."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set

from rnn_codemod.reading import calls
from rnn_codemod.reading.calls import Calling, Definition, callings, lineage, partial_of
from rnn_codemod.reading.definitions import field_names, methods
from rnn_codemod.reading.kinds import transform_name
from rnn_codemod.reading.takers import FILLING
from rnn_codemod.reading.value import Dotted, FunctionValue, ModuleClass, Unknown, Value
from rnn_codemod.rules.cell_uses import check_reflection, is_annotation
from rnn_codemod.rules.rule import CannotWrite, Context

_CHANGED = {"clone", "copy", "replace"}


def calls_of(context: Context, definition: Definition) -> Iterator[Calling]:
    """The calls of it, or of a class that derives from it. Raises CannotWrite."""
    values = context.reading.values
    for node in context.reading.source.nodes:
        for calling in callings(values, node) if isinstance(node, ast.Call) else ():
            if definition in lineage(values, calling.definition):
                if len(values.of(calling.callee)) > 1:
                    raise CannotWrite(f"something else may be called in line {calling.node.lineno}")
                yield calling


def arguments(
    context: Context, calling: Calling, place: Definition | None = None
) -> dict[str, ast.expr]:
    """What a call gives, by name; the defaults that are literals among it. Raises CannotWrite."""
    try:
        return calls.arguments(context.reading.values, calling, place)
    except calls.Unclear as why:
        raise CannotWrite(str(why)) from None


def check_unchanged(context: Context, fields: Set[object]) -> None:
    """Raise CannotWrite where a copy of an instance may have other ``fields``."""
    for node in context.reading.source.nodes:
        match node:
            case ast.Call(func=ast.Attribute(attr=changing)) if changing in _CHANGED:
                if {keyword.arg for keyword in node.keywords} & fields:
                    raise CannotWrite(f"a field is changed in line {node.lineno}")


def check_mentions(context: Context, definition: Definition) -> None:
    """Raise CannotWrite where a class or function may be called out of sight."""
    reading, values = context.reading, context.reading.values
    callees = {node.func for node in reading.source.nodes if isinstance(node, ast.Call)}
    names = {definition.name}
    for node in reading.source.nodes:
        if isinstance(node, ast.ClassDef) and definition in lineage(values, node)[1:]:
            _check_heir(context, node, definition)
            names.add(node.name)
            callees.update(node.bases)
    check_reflection(context, names)
    for node in reading.source.nodes:
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            found = values.of(node)
            name = node.id if isinstance(node, ast.Name) else node.attr
            if any(_is_of(context, value, definition) for value in found) and node not in callees:
                if not _only_looked_at(context, node) and not _only_called(context, node):
                    raise CannotWrite(f"{name} is also used as a value, in line {node.lineno}")
            if name in names and any(isinstance(v, Unknown | Dotted) for v in found):
                raise CannotWrite(f"{name} in line {node.lineno} may be this {name}")


def _is_of(context: Context, value: Value, definition: Definition) -> bool:
    match value:
        case ModuleClass(node) | FunctionValue(ast.FunctionDef() as node):
            return definition in lineage(context.reading.values, node)
        case _:
            return False


def _check_heir(context: Context, heir: ast.ClassDef, definition: Definition) -> None:
    """Raise CannotWrite unless a class that derives from another is called as that one is."""
    values = context.reading.values
    classes = [it for it in lineage(values, heir)[1:] if isinstance(it, ast.ClassDef)]
    fields = {name for cls in classes for name in field_names(cls)}
    bound = fields & values.scopes.of(heir).bindings.keys()
    stored = {name for name in fields if values.stores(heir, name)}
    text = context.reading.source.segment(heir)
    carries = "initialize_carry" in text or "RNN" in text
    if bound or stored or carries or heir.keywords or methods(heir) & FILLING:
        raise CannotWrite(f"{heir.name} derives from {definition.name} and may be another")


def _only_looked_at(context: Context, node: ast.expr) -> bool:
    """Whether a mention calls nothing: an annotation, ``isinstance``, an attribute of a class.

    A transform of flax gives a class with the same fields, which is called in its turn.
    """
    outer = context.reading.source.parents[node]
    if isinstance(outer, ast.Attribute) or is_annotation(context, node):
        return True
    name = context.reading.values.dotted(outer.func) if isinstance(outer, ast.Call) else None
    return name is not None and transform_name(name) is not None


def _only_called(context: Context, node: ast.expr) -> bool:
    """Whether a mention is in a ``functools.partial`` that is called here, and only that."""
    source, scopes = context.reading.source, context.reading.scopes
    partial = source.parents[node]
    if not isinstance(partial, ast.Call) or partial.args[:1] != [node]:
        return False
    if partial_of(context.reading.values, partial) is None:
        return False
    outer = source.parents[partial]
    if isinstance(outer, ast.Call):
        return outer.func is partial
    match outer:
        case ast.Assign(targets=[ast.Name(id=name)]):
            found = scopes.lookup(name, partial)
            return (
                found is not None
                and found[0] is not scopes.module
                and len(found[1]) == 1
                and all(
                    isinstance(call := source.parents[used], ast.Call) and call.func is used
                    for used in source.nodes
                    if isinstance(used, ast.Name)
                    and isinstance(used.ctx, ast.Load)
                    and used.id == name
                    and (home := scopes.lookup(name, used)) is not None
                    and home[0] is found[0]
                )
            )
    return False
