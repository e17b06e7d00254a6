"""The byte search: it may let too much through, never too little."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnn_codemod.editing.calls import RoundTripError
from rnn_codemod.files import search
from rnn_codemod.files.search import (
    also_called,
    holding,
    may_be_legacy,
    may_define_cell,
    may_make_cell,
    may_take_cell,
    may_take_class,
    names_in,
    unescaped,
)
from rnn_codemod.migration import exported_cells, migrate_source

LEGACY = [
    "import flax.linen as nn\nnn.LSTMCell()",
    "from flax import linen\nlinen.GRUCell()",
    "from flax.linen.recurrent import OptimizedLSTMCell as O",
    "from flax.linen import recurrent as r",
    "from flax.linen import *\nConvLSTM()",
    "from flax.linen import (\n  RNNCellBase\n)",
    "import flax\nself.cell.initialize_carry(key, (3,), 4)",
    "import flax.linen as nn\nnn.RNN(cell, 3)",
    "import flax.linen as nn\nlstm(x, segmentation_mask=m)",
    "import flax.linen as nn\nnn.Bidirectional(a, b)",
    "import flax.linen as nn\ngetattr(nn, kind)()",
    "import flax.linen as nn\nnn.__dict__[kind]()",
    "import flax.linen as nn\nvars (nn)[kind]()",
    "import flax.linen as nn\nattrgetter(kind)(nn)()",
    "from flax import nn\nnn.LSTMCell.partial()",
]

OTHERS = [
    "",
    "import jax\n",
    "import torch.nn as nn\nnn.LSTMCell(3, 4)",
    "import haiku as hk\nhk.GRU(3)",
    "import flax.linen as nn\nnn.Dense(3)",
]


@pytest.mark.parametrize("text", OTHERS)
def test_kept_out(text: str) -> None:
    assert not may_be_legacy(text.encode())


@pytest.mark.parametrize("text", LEGACY)
def test_let_through(text: str) -> None:
    assert may_be_legacy(text.encode())
    assert may_be_legacy(text.replace("\n", "\r\n").encode("cp1252"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nn.LSTMCell()", False),
        ("class A(nn.Module):\n    cell: nn.LSTMCell", False),
        ("class A(nn.RNNCellBase): pass", True),
        ("class A(\n    Mixin,\n    nn.GRUCell,\n): pass", True),
        ("from flax.linen import LSTMCell as L\nclass A(L): pass", True),
        ("from flax.linen import RNNCellBase as B\nclass A(B): pass", True),
        ("class A(nn.ConvLSTM): pass", True),
        ("from flax.linen import ConvLSTM as C\nclass A(C): pass", True),
        ("B = nn.LSTMCell\nclass A(B): pass", True),
        ("class A(nn.Module):\n    f: Any = make(cell=nn.LSTMCell)\n", False),
    ],
)
def test_own_cells(text: str, expected: bool) -> None:
    assert may_define_cell(text.encode()) is expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("OurCells MyCell2 _MyCell aMyCell", ""),
        ("ÀMyCell MyCellé Zell", ""),
        ("MyCell.x; a.OurCell_", "MyCell"),
        ("Zellé()", "Zellé"),
        ("[Zellé, (OurCell)]", "OurCell Zellé"),
    ],
)
def test_names_are_whole_words(text: str, found: str) -> None:
    names = dict.fromkeys(name.encode() for name in ("MyCell", "OurCell", "Zellé"))
    assert sorted(names_in(text.encode(), names)) == [name.encode() for name in found.split()]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"\nearMyCell \rest", "earMyCell est"),
        (r'"x = [\nMyCell,\n\tOurCell]\r\nZell\u00e9"', "MyCell OurCell Zellé x"),
        (r'"\u00e9\u00E9 \ud800\\u00e9x"', "? éx éé"),
    ],
)
def test_letters_of_a_notebook(text: str, words: str) -> None:
    data = unescaped(text.encode())
    assert sorted(names_in(data, {word.encode(): 0 for word in words.split() if word != "?"})) == [
        word.encode() for word in words.split() if word != "?"
    ]
    assert (b"?" in data) == ("?" in words)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cell = Leaky()", set()),
        ("class A(LeakyRelu): pass", set()),
        ("class A(Base):\n    cell: Leaky", set()),
        ("class Fast(\n    Mixin,\n    cells.Leaky,\n): pass", {"Fast"}),
        ("from cells import Leaky as L\n", {"L"}),
        ("Alias = cells.Leaky  # short\n", {"Alias"}),
        ("Scan = nn.scan(\n    nn.remat(cells.Leaky), in_axes=1)\n", {"Scan"}),
        ("    cell = nn.scan(Leaky)\nx = f(Leaky())\n", set()),
    ],
)
def test_other_names_of_a_class(text: str, expected: set[str]) -> None:
    assert also_called("Leaky", text.encode()) == expected
    text = text.replace("Leaky", "Zellé")
    assert also_called("Zellé", text.encode()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from flax.linen import GRUCell\n", set()),
        ("def f(c, x):\n    return nn.GRUCell()(c, x)\n", set()),
        ("def f(k):\n    return nn.GRUCell.initialize_carry(k, (1,), 2)\n", set()),
        ("x = 1\ny = x\n", set()),
        ("Cells = {'gru': nn.GRUCell}\n", {"Cells"}),
        ("A, B = nn.GRUCell, 1\nx = 1\n", {"A", "B"}),
        ("def f(k):\n    return nn.GRUCell if k else None\n", {"f"}),
        ("class C:\n    cell = nn.GRUCell\n\n\nc = C()\n", {"C", "c"}),
        ("if new:\n    cells = [nn.GRUCell]\nelse:\n    cells = []\n", {"cells"}),
        ("kept = {}\nkept['a'] = nn.GRUCell\nmore = kept\n", {"kept", "more"}),
        ("kept = []\nkept.append(nn.GRUCell)\n", {"kept"}),
        (
            "def keep(n):\n    def add(c):\n        KEPT[n] = c\n    return add\n\n\n"
            "@keep('a')\nclass A(nn.GRUCell):\n    pass\n",
            {"A", "keep", "KEPT"},
        ),
    ],
)
def test_names_that_hold_a_class(text: str, expected: set[str]) -> None:
    assert holding(text.encode()) == expected


FIELD = "class L(nn.Module):\n    cell: nn.Module\n    n: int\n    def f(self):\n"
PARAMETER = "def f(size=max(1, 2), cell=None):\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("class L(nn.Module):\n    n: int\n        self.cell.initialize_carry(k, (2,), 3)", False),
        (FIELD + "        self.rnn.initialize_carry(k, (2,), self.n)", False),
        (FIELD + "        nn.RNN(nn.GRUCell(), self.n)", False),
        (PARAMETER + "    other.initialize_carry(k, (2,), size)", False),
        (FIELD + "        self.cell.initialize_carry(k, (2,), self.n)", True),
        (FIELD + "        (self\n .cell)\n .initialize_carry(k, (2,), self.n)", True),
        (FIELD + "        nn.RNN(self.cell, self.n)", True),
        (FIELD + "        nn.RNN(cell_size=self.n, cell=self.cell)", True),
        (FIELD + "        c = self.cell\n        d: Any = c\n        nn.RNN(d, self.n)", True),
        (FIELD + "        Layer = nn.RNN\n        Layer(self.cell, self.n)", True),
        (FIELD + "        nn.remat(nn.RNN)(self.cell, self.n)", True),
        (PARAMETER + "    return cell.initialize_carry(k, (2,), size)", True),
    ],
)
def test_files_that_may_take_a_cell(text: str, expected: bool) -> None:
    assert may_take_cell(text.encode()) is expected


FIXTURES = Path(__file__).parents[2] / "fixtures"


def sites(text: str) -> int:
    try:
        migration = migrate_source(text)
    except RoundTripError:
        return 1
    return len(migration.rewritten) + len(migration.refused)


def test_every_fixture_with_a_site_is_let_through() -> None:
    found = 0
    for path in sorted(FIXTURES.rglob("before.py")) + sorted(FIXTURES.rglob("unchanged.py")):
        data = path.read_bytes()
        here = sites(data.decode())
        found += here
        assert not here or may_be_legacy(data), path
        if exported_cells(data.decode()):
            defining = (may_define_cell, may_take_cell, may_take_class, may_make_cell)
            assert any(may(data) for may in defining), path
    assert found > 100


WIDE = b'jax.config.update("jax_enable_x64", True)\n'


@pytest.mark.parametrize(
    ("data", "somewhere", "at_once"),
    [
        (b"# " + WIDE, False, False),
        (b"if jax.config.jax_enable_x64 == True:\n    pass\n", False, False),
        (b"wide = jax.config.read('jax_enable_x64')\n", False, False),
        (b'config.update("jax_enable_x64", False)\n', False, False),
        (WIDE, True, True),
        (b"def main():\n    " + WIDE, True, True),
        (b"\nif __name__ == '__main__':\n    " + WIDE, True, False),
        (b"\nif __name__ == '__main__':\n    f()\n\ndef g():\n    " + WIDE, True, True),
        (b"jax.config.jax_enable_x64 = True\n", True, True),
        (b'os.environ["JAX_ENABLE_X64"] = "1"\n', True, True),
        (b'os.environ.setdefault("JAX_ENABLE_X64", "1")\n', True, True),
        (b"with jax.experimental.enable_x64():\n    pass\n", True, True),
    ],
)
def test_files_that_turn_on_wide_floats(data: bytes, somewhere: bool, at_once: bool):
    assert search.widens_floats(data) is somewhere
    assert (somewhere and search.widens_at_once(data)) is at_once
