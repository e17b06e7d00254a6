"""``--target runtime``: the recurrent names of a file come from rnn_runtime."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from rnn_codemod.editing.edits import AddLines, DropNames, Edit, Replace
from rnn_codemod.reading.definitions import is_future
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.scopes import Binding
from rnn_codemod.reading.value import CellClass, RnnClass

_HOMES = ("flax.linen", "flax.linen.recurrent")
_NAMES = (
    "RNNCellBase",
    "LSTMCell",
    "OptimizedLSTMCell",
    "GRUCell",
    "MGUCell",
    "SimpleCell",
    "ConvLSTMCell",
    "RNN",
    "Bidirectional",
)
_RENAMED = {"ConvLSTM": "ConvLSTMCell"}


def runtime_imports(reading: Reading) -> list[Edit]:
    """The edits that take every recurrent name of flax.linen from rnn_runtime."""
    edits: list[Edit] = []
    for node in reading.source.nodes:
        if isinstance(node, ast.ImportFrom) and node.module in _HOMES:
            edits.extend(_moved(reading, node))
            edits.extend(_after_star(reading, node))
    attributes = list(_attributes(reading))
    if attributes:
        edits.extend(Replace(span, "rnn_runtime") for span in attributes)
        edits.append(_import(reading))
    return edits


def cell_class(reading: Reading, node: ast.expr, target: str) -> str:
    """How the class of a cell is written again elsewhere in its file, for ``target``."""
    if target == "runtime" and isinstance(node, ast.Attribute):
        if reading.source.span(node.value) in _attributes(reading):
            return f"rnn_runtime.{_RENAMED.get(node.attr, node.attr)}"
    return reading.source.segment(node)


def is_moved(reading: Reading, node: ast.expr) -> bool:
    """Whether ``node`` is a cell, or its class, that this file takes from flax.linen itself.

    Such a one comes from rnn_runtime afterwards. One of another file may stay with flax, whose
    cells are given a shape and no array.
    """
    match node:
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            cls = reading.source.method_class(node)
            stored = reading.values.stores(cls, name) if cls is not None else []
            return bool(stored) and all(
                value is not None and not path and is_moved(reading, value)
                for value, path in stored
            )
        case ast.Attribute():
            return reading.source.span(node.value) in _attributes(reading)
        case ast.Call(func=ast.Name(id="getattr"), args=[home, _, *_]):
            return reading.source.span(home) in _attributes(reading)
        case ast.Call():
            return is_moved(reading, node.func)
        case ast.Name():
            found = reading.scopes.lookup(node.id, node)
            if found is None:
                return any(star.origin in _HOMES for star in reading.scopes.stars)
            return all(_bound_to_moved(reading, binding) for binding in found[1])
        case _:
            return False


def _bound_to_moved(reading: Reading, binding: Binding) -> bool:
    match binding.node:
        case ast.ImportFrom(module=module):
            return module in _HOMES
        case ast.ClassDef(bases=bases):
            return any(is_moved(reading, base) for base in bases)
        case ast.arg():
            return False
        case _:
            value = binding.value
            return value is not None and not binding.path and is_moved(reading, value)


def _attributes(reading: Reading) -> Iterator[tuple[int, int]]:
    """The ``nn`` of every ``nn.LSTMCell``, also of ``getattr(nn, "LSTMCell")``."""
    for node in reading.source.nodes:
        match node:
            case ast.Attribute(value=home, attr=name) if name in (*_NAMES, *_RENAMED):
                pass
            case ast.Call(func=ast.Name(id="getattr"), args=[home, _, *_]):
                pass
            case _:
                continue
        if (reading.values.dotted(home) or "") in _HOMES and any(
            isinstance(value, CellClass | RnnClass) for value in reading.values.of(node)
        ):
            yield reading.source.span(home)


def _import(reading: Reading) -> Edit:
    """``import rnn_runtime`` before the first import that speaks of flax, else before the first."""
    imports = [n for n in reading.source.nodes if isinstance(n, ast.Import | ast.ImportFrom)]
    of_flax = [node for node in imports if "flax" in ast.unparse(node)]
    first = (of_flax or [node for node in imports if not is_future(node)])[0]
    return AddLines(reading.source.span(first)[0], ("import rnn_runtime",))


def _after_star(reading: Reading, node: ast.ImportFrom) -> Iterator[Edit]:
    """The recurrent names that a star import gave, imported behind it."""
    if node.names[0].name != "*":
        return
    used = {
        name.id
        for name in reading.source.nodes
        if isinstance(name, ast.Name)
        and name.id in (*_NAMES, *_RENAMED)
        and reading.scopes.lookup(name.id, name) is None
    }
    if used:
        names = ", ".join(sorted({_RENAMED.get(name, name) for name in used}))
        end = reading.source.span(node)[1]
        line_end = reading.source.line_end(end)
        line = f"{reading.source.newline}from rnn_runtime import {names}"
        yield Replace((line_end, line_end), line)


def _moved(reading: Reading, node: ast.ImportFrom) -> Iterator[Edit]:
    moving = [alias for alias in node.names if alias.name in (*_NAMES, *_RENAMED)]
    if not moving:
        return
    span = reading.source.span(node)
    if len(moving) == len(node.names):
        start = reading.source.text.index(node.module or "", span[0])
        yield Replace((start, start + len(node.module or "")), "rnn_runtime")
        return
    names = ", ".join(
        _RENAMED.get(a.name, a.name) + (f" as {a.asname}" if a.asname else "") for a in moving
    )
    yield DropNames(span, tuple(_RENAMED.get(alias.name, alias.name) for alias in moving))
    yield AddLines(span[0], (f"from rnn_runtime import {names}",))
