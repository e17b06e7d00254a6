"""The calls of the classes and functions of a project: what each gives, by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from rnn_codemod.reading.bound_once import bound_once
from rnn_codemod.reading.definitions import field_names
from rnn_codemod.reading.value import Dotted, FunctionValue, ModuleClass
from rnn_codemod.reading.values import Values

Definition = ast.ClassDef | ast.FunctionDef
_OTHER_ORDER = ("ClassVar", "InitVar", "KW_ONLY", "kw_only", "init=")
"""What makes the order of the constructor's parameters another than that of the fields."""


class Unclear(Exception):
    """It cannot be told what a call gives; the message is the reason."""


@dataclass(frozen=True, eq=False)
class Calling:
    """A call of ``definition``; a part of the arguments may be in a ``functools.partial``."""

    node: ast.Call
    definition: Definition
    partial: ast.Call | None

    @property
    def callee(self) -> ast.expr:
        return self.node.func if self.partial is None else self.partial.args[0]


def callings(values: Values, call: ast.Call) -> Iterator[Calling]:
    """What of the project a call may call."""
    partial = partial_of(values, call.func)
    for value in values.of(call.func if partial is None else partial.args[0]):
        match value:
            case ModuleClass(definition) | FunctionValue(ast.FunctionDef() as definition):
                yield Calling(call, definition, partial)


def partial_of(values: Values, node: ast.expr) -> ast.Call | None:
    """The ``functools.partial`` that ``node`` is, or is bound to."""
    value = bound_once(values, node) if isinstance(node, ast.Name) else node
    if isinstance(value, ast.Call) and value.args:
        return value if values.dotted(value.func) == "functools.partial" else None
    return None


def lineage(values: Values, definition: Definition) -> list[Definition]:
    """A class and all that it derives from in the project, as far as it has one base each."""
    found = [definition]
    while isinstance(found[-1], ast.ClassDef):
        bases = _bases(values, found[-1])
        match bases:
            case [ModuleClass(base)] if base not in found:
                found.append(base)
            case _:
                break
    return found


def _bases(values: Values, cls: ast.ClassDef) -> list[object]:
    owner = values.owner(cls)
    return [value for base in cls.bases for value in owner.of(base)]


def arguments(
    values: Values, calling: Calling, place: Definition | None = None
) -> dict[str, ast.expr]:
    """What a call gives, by name; the defaults that are literals among it. Raises Unclear.

    ``place`` is what has the parameters, where that is the ``__init__`` of the class.
    """
    partial = calling.partial
    given = [*(partial.args[1:] if partial is not None else ()), *calling.node.args]
    keywords = [*(partial.keywords if partial is not None else ()), *calling.node.keywords]
    if any(isinstance(a, ast.Starred) for a in given) or any(k.arg is None for k in keywords):
        raise Unclear(f"the arguments in line {calling.node.lineno} are not written out")
    definition = place if isinstance(place, ast.FunctionDef) else calling.definition
    literals = defaults(values, definition).items()
    found: dict[str, ast.expr] = {}
    found |= {name: value for name, value in literals if isinstance(value, ast.Constant)}
    if given:
        found |= dict(zip(_positions(values, definition), given, strict=False))
    return found | {str(keyword.arg): keyword.value for keyword in keywords}


def defaults(values: Values, definition: Definition) -> dict[str, ast.expr]:
    """What fields or parameters are where a call does not give them."""
    pairs: list[tuple[str, ast.expr | None]] = []
    if isinstance(definition, ast.FunctionDef):
        args = [*definition.args.posonlyargs, *definition.args.args]
        last = zip(reversed(args), reversed(definition.args.defaults), strict=False)
        pairs += [(arg.arg, value) for arg, value in last]
        only = zip(definition.args.kwonlyargs, definition.args.kw_defaults, strict=True)
        pairs += [(arg.arg, value) for arg, value in only]
    else:
        for cls in reversed(lineage(values, definition)):
            assert isinstance(cls, ast.ClassDef)
            fields = [it for it in cls.body if isinstance(it, ast.AnnAssign)]
            pairs += [(ast.unparse(it.target), it.value) for it in fields]
    return {name: value for name, value in pairs if value is not None}


def _positions(values: Values, definition: Definition) -> list[str]:
    """What is given by position, in order. Raises Unclear where that is not known."""
    if isinstance(definition, ast.FunctionDef):
        names = [arg.arg for arg in [*definition.args.posonlyargs, *definition.args.args]]
        return names[1:] if definition.name == "__init__" else names
    classes = [cls for cls in lineage(values, definition) if isinstance(cls, ast.ClassDef)]
    texts = [
        ast.unparse(part)
        for cls in classes
        for part in (
            *(it for it in cls.body if isinstance(it, ast.AnnAssign)),
            *cls.keywords,
            *cls.decorator_list,
        )
    ]
    odd = any(word in text for text in texts for word in _OTHER_ORDER)
    if odd or not all(isinstance(base, Dotted) for base in _bases(values, classes[-1])):
        raise Unclear(f"the order of the fields of {definition.name} is not known")
    return list(dict.fromkeys(name for cls in reversed(classes) for name in field_names(cls)))
