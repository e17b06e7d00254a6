"""What an expression may be, also where names go in circles."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from rnn_codemod.migration import migrate_source
from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.value import CellClass, Unknown
from rnn_codemod.reading.world import World


def kinds(reading: Reading, name: str) -> set[str]:
    bindings = reading.scopes.module.bindings[name]
    found = {
        value
        for binding in bindings
        for value in reading.values.names.binding(binding, reading.scopes.module)
    }
    return {
        value.kind.name if isinstance(value, CellClass) else type(value).__name__ for value in found
    }


def test_a_circle_of_names_ends() -> None:
    names = [f"n{number}" for number in range(60)]
    lines = ["from flax import linen as nn", "n0 = nn.GRUCell"]
    lines += ["while x:"]
    lines += [
        f" if x: {a} = {b} if x else {c}" for a in names for b in names[:6] for c in names[-2:]
    ]
    reading = Reading.of("\n".join(lines))
    assert "GRUCell" in kinds(reading, "n5")


def test_a_circle_loses_no_alternative() -> None:
    reading = Reading.of(
        "from flax import linen as nn\n"
        "a = b if p else nn.GRUCell\n"
        "b = c if q else nn.LSTMCell\n"
        "c = a\n"
    )
    for name in "abc":
        assert kinds(reading, name) == {"GRUCell", "LSTMCell"}


def test_a_list_that_holds_itself_is_unknown() -> None:
    reading = Reading.of("a = [a]\n")
    name = next(node for node in reading.source.nodes if isinstance(node, ast.Name))
    assert reading.values.of(name) is not None


def project(tmp_path: Path, **files: str) -> World:
    for name, text in files.items():
        (tmp_path / f"{name}.py").write_text(text)
    return World(lambda path: Path(path).read_text())


def test_a_base_in_another_file_has_the_member(tmp_path: Path) -> None:
    world = project(
        tmp_path,
        base=(
            "from flax import linen as nn\n"
            "class Base(nn.Module):\n    cell = nn.GRUCell\n    other = missing\n"
        ),
        use="from base import Base\nclass Use(Base): pass\nc = Use().cell\nd = Use().gone\n",
    )
    reading = world.reading(str(tmp_path / "use.py"))
    assert reading is not None
    assert "GRUCell" in kinds(reading, "c")
    assert kinds(reading, "d") == {Unknown.__name__}


def test_files_that_import_each_other(tmp_path: Path) -> None:
    world = project(
        tmp_path,
        a="from b import Cell\nfrom flax.linen import LSTMCell as Base\n",
        b="from a import Base\nCell = Base\n",
    )
    reading = world.reading(str(tmp_path / "a.py"))
    assert reading is not None
    assert kinds(reading, "Cell") == {"LSTMCell"}


def test_a_file_that_does_not_parse_is_unknown(tmp_path: Path) -> None:
    world = project(tmp_path, a="from b import Cell\n", b="def (\n")
    reading = world.reading(str(tmp_path / "a.py"))
    assert reading is not None
    assert kinds(reading, "Cell") == {"Dotted"}


def test_a_strange_text_is_read_without_a_word(recwarn: pytest.WarningsRecorder) -> None:
    text = 'from flax import linen as nn\npath = "\\d"\nrnn = nn.RNN(nn.GRUCell(), 8)\n'
    assert "features=8" in migrate_source(text).text
    assert not recwarn.list
