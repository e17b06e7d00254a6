"""Lines of IPython among Python: what is hidden, and that all else keeps its place."""

from __future__ import annotations

import ast

import pytest

from rnn_codemod.files.cells import read_cell
from rnn_codemod.files.magics import UNKNOWN, masked

PYTHON = [
    "",
    "x = 1\n",
    "x = (a\n     % b)\n",
    "x = '''\n%matplotlib inline\n!ls\n'''\n",
    "# what?\n",
    "x = a != b\n",
    "x %= 3\n",
    "await f()\n",
    "x = '%s = %d' % (a, b)\r\n",
]


@pytest.mark.parametrize("code", PYTHON)
def test_python_stays(code: str) -> None:
    assert masked(code) == code


@pytest.mark.parametrize("code", PYTHON)
def test_python_stays_beside_a_magic(code: str) -> None:
    hidden = masked(f"%pylab\n{code}")
    assert hidden.endswith(code)


MAGICS = {
    "%matplotlib inline\n": "N#atplotlib inline\n",
    "!ls": "N#s",
    "!": "N",
    "?nn.LSTMCell": "N#n.LSTMCell",
    "nn.LSTMCell?\n": "N#.LSTMCell?\n",
    "nn.LSTMCell??": "N#.LSTMCell??",
    "%%time?": "N#time?",
    "if x:\n    !ls\n": "if x:\n    N#s\n",
    "!pip install \\\n    flax \\\r\n  jax\nx = 1\n": (
        "N#ip install \\\n#   flax \\\r\n# jax\nx = 1\n"
    ),
    "files = !ls it's\nx = 1": "files = N#s it's\nx = 1",
    "a.b = %env SIZE": "a.b = N#nv SIZE",
    "a, b[0] = !ls": "a, b[0] = N#s",
    "%time x = f()\n": "if 1: x = f()\n",
    "  %timeit -n 10 -r3 f(a,\n  b)\n": "  if 1:             f(a,\n  b)\n",
    "%time !ls\n": "N#ime !ls\n",
    "!echo \"it's\"\ny = '''\n!no\n'''": "N#cho \"it's\"\ny = '''\n!no\n'''",
    "%x\nf('(', \"[\", # {\n  !b)": "N#\nf('(', \"[\", # {\n  !b)",
}


@pytest.mark.parametrize("code", MAGICS)
def test_magics_are_hidden(code: str) -> None:
    hidden = masked(code)
    assert hidden == MAGICS[code].replace("N", UNKNOWN)
    assert len(hidden) == len(code)


def test_a_broken_cell_stays_broken() -> None:
    with pytest.raises(SyntaxError):
        ast.parse(masked("%pylab\nf(\n"))


@pytest.mark.parametrize(
    "code",
    [
        "%%bash\nls",
        "%%html\n<p>",
        "\n  \n%%sql\nselect 1",
        "%%writefile notes.txt\nx = 1",
        "%%time\n%%bash\nls",
        "%%nobody_knows_me\nx = 1",
        "#@tab pytorch\nx = 1",
        "%%tab mxnet, tensorflow\nx = 1",
    ],
)
def test_other_cells_are_no_python(code: str) -> None:
    assert read_cell(code) is None


@pytest.mark.parametrize(
    ("code", "python", "own_file"),
    [
        ("x = 1", "x = 1", False),
        ("%%time\nx = 1", "#%time\nx = 1", False),
        ("\n%%capture out\n%%time\n!ls\n", "\n#%capture out\n#%time\nN#s\n", False),
        ("# first\n%%time\nx", "# first\n#%time\nx", False),
        ("%%writefile a/b.py\nx", "#%writefile a/b.py\nx", True),
        ("%%tab pytorch, jax\nx", "#%tab pytorch, jax\nx", False),
        ("#@tab all\nx", "#@tab all\nx", False),
    ],
)
def test_python_cells(code: str, python: str, own_file: bool) -> None:
    read = read_cell(code)
    assert read is not None
    assert (read.code, read.own_file) == (python.replace("N", UNKNOWN), own_file)
