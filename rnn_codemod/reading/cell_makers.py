"""Functions that build the cells that they return."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from rnn_codemod.reading.definitions import returned
from rnn_codemod.reading.facts import Construction
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.value import CellInstance


@dataclass(frozen=True, eq=False)
class CellFactory:
    """A function of a module that builds the cells that it returns."""

    definition: ast.FunctionDef
    home: Reading
    cells: tuple[Construction, ...]


def factories(reading: Reading) -> Iterator[CellFactory]:
    """The functions of one file that build the cells that they return."""
    for node in reading.source.tree.body:
        made = factory_of(reading, node) if isinstance(node, ast.FunctionDef) else None
        if made is not None:
            yield made


def maker_of(reading: Reading, cell: ast.Call) -> CellFactory | None:
    """The function, of any file, that makes a cell for its callers."""
    home = reading.home(cell)
    function = home.source.function(cell) if home is not None else None
    if home is None or not isinstance(function, ast.FunctionDef):
        return None
    return factory_of(home, function)


def factory_of(home: Reading, function: ast.FunctionDef) -> CellFactory | None:
    """The function as a factory, if it is one."""
    if home.source.parents.get(function) is not home.source.tree or function.decorator_list:
        return None
    cells: list[Construction] = []
    for result in returned(function, home.source):
        for value in home.values.of(result):
            node = value.node if isinstance(value, CellInstance) else None
            made = home.facts.construction(node) if node is not None else None
            if made is None or home.source.function(made.node) is not function or not made.legacy:
                return None
            cells.append(made)
    return CellFactory(function, home, tuple(dict.fromkeys(cells))) if cells else None
