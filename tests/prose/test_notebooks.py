"""Notebooks: what may change in them, and what may not."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from rnn_codemod.findings import Options
from rnn_codemod.results import FileResult
from rnn_codemod.run import Mode, migrate_bytes, migrate_paths

HEAD = "import jax\nfrom flax import linen as nn\n"
LEGACY = "layer = nn.RNN(nn.LSTMCell(), 3)"


def notebook(*sources: object, **more: object) -> dict[str, object]:
    cells = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "source": source} for source in sources
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}


def treated(content: object, options: Options | None = None, **style: object) -> FileResult:
    text = content if isinstance(content, str) else json.dumps(content, **style)
    return migrate_bytes(text.encode(), "a.ipynb", options or Options())


def sources(data: bytes) -> list[str]:
    return ["".join(cell["source"]) for cell in json.loads(data)["cells"]]


LEFT_ALONE = {
    "no cells": notebook(),
    "empty sources": notebook("", [], HEAD, [""]),
    "another language": notebook(HEAD, LEGACY, metadata={"kernelspec": {"language": "R"}}),
    "another language, by its name": notebook(
        HEAD, LEGACY, metadata={"language_info": {"name": "julia"}}
    ),
    "no import": notebook(LEGACY),
    "imported in a shell only": notebook("!python -c 'from flax import linen as nn'", LEGACY),
    "imported in another file": notebook(f"%%writefile a.py\n{HEAD}", LEGACY),
    "of another library": notebook("import flax\nfrom torch import nn", LEGACY),
    "a source that is no text": notebook(HEAD, [LEGACY, 3]),
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_nothing_happens(name: str) -> None:
    result = treated(LEFT_ALONE[name])
    assert (result.rewritten, result.refused, result.after) == ((), (), b"")
    assert result.problem is None


NO_NOTEBOOK = {
    '{"cells": [{"source": "flax LSTM"}\n<<<<<<< HEAD': (2, "is not valid JSON: Expecting"),
    "from flax import linen as nn; nn.LSTMCell()": (1, "is not valid JSON: Expecting value"),
    '["flax", "LSTM"]': (0, "is no notebook: it has no nbformat"),
    '{"flax": "LSTM"}': (0, "is no notebook: it has no nbformat"),
    '{"flax": "LSTM", "nbformat": 4}': (0, "is no notebook: it has no cells"),
    '{"flax": "LSTM", "nbformat": 3, "worksheets": []}': (0, "is a notebook of format 3"),
    "[" * 100_000 + "flax LSTM": (0, "is nested too deeply to be read"),
}


@pytest.mark.parametrize("text", NO_NOTEBOOK, ids=lambda text: text[:40])
def test_what_is_no_notebook_is_a_problem(text: str) -> None:
    line, cause = NO_NOTEBOOK[text]
    result = treated(text)
    assert result.problem is not None
    assert result.problem.cause.startswith(cause)
    assert (result.problem.line, result.after) == (line, b"")


@pytest.mark.parametrize("broken", ["cell = nn.LSTMCell(", "%bad\nnn.GRUCell(\n"])
def test_a_broken_cell_hides_no_other(broken: str) -> None:
    result = treated(notebook(HEAD, broken, LEGACY), indent=1)
    assert result.problem is not None
    assert re.match(r"cell 2 cannot be parsed: '\(' was never closed", result.problem.cause)
    assert json.dumps(broken)[1:15].encode() in result.before.split(b"\n")[result.problem.line - 1]
    assert len(result.rewritten) == 1
    assert sources(result.after) == [HEAD, broken, "layer = nn.RNN(nn.LSTMCell(features=3))"]


def test_each_broken_cell_is_told_of() -> None:
    result = treated(notebook(HEAD, "x = (", "nn.LSTMCell(", "nn.GRUCell("))
    assert result.problem is not None
    assert result.problem.cause.startswith("cell 3 cannot be parsed")
    assert [warning.split(":")[1] for warning in result.warnings] == [" cell 4 cannot be parsed"]


def test_of_two_lists_of_cells_the_last_one_counts() -> None:
    first, last = (json.dumps(notebook(HEAD, LEGACY + end)["cells"]) for end in ("  # 1", "  # 2"))
    text = f'{{"cells": {first}, "nbformat": 4, "metadata": {{}}, "cells": {last}}}'
    result = treated(text)
    (line,) = (line for line in last.split('"') if line.endswith("# 2"))
    assert len(result.rewritten) == 1
    assert result.after.decode() == text.replace(
        line, line.replace("LSTMCell(), 3)", "LSTMCell(features=3))")
    )


def test_of_two_sources_the_last_one_counts() -> None:
    text = json.dumps(notebook(HEAD, LEGACY))
    twice = text.replace('"source": "layer', '"source": "other = nn.GRUCell()", "source": "layer')
    assert treated(twice).after.decode() == treated(text).after.decode().replace(
        '"source": "layer', '"source": "other = nn.GRUCell()", "source": "layer'
    )


def test_cells_share_their_names() -> None:
    cells = (LEGACY, "size = 5", HEAD, "def f(key):\n    return nn.LSTMCell.initialize_carry("
             "key, (2,), size)")  # fmt: skip
    result = treated(notebook(*cells))
    assert len(result.rewritten) == 2
    assert [finding.message.rpartition(" (")[2] for finding in result.rewritten] == [
        "cell 1)",
        "cell 4)",
    ]


def test_places_are_those_of_the_file() -> None:
    result = treated(notebook(HEAD, f"s = '\u00e9\\\\\U0001f600'; {LEGACY}"))
    [finding] = result.rewritten
    rest = result.before.decode().split("\n")[finding.line - 1][finding.column - 1 :]
    assert rest.startswith("nn.RNN(nn.LSTMCell(), 3)")


STYLES = {
    "one line": {},
    "compact": {"separators": (",", ":")},
    "indented": {"indent": 1},
    "wide, with its own characters": {"indent": 4, "ensure_ascii": False},
    "sorted": {"indent": "\t", "sort_keys": True},
}
STEP = (
    "class Net(nn.Module):\n    @nn.compact\n    def __call__(self, x):\n"
    '        carry = nn.LSTMCell.initialize_carry(KEY, (2,), 7)  # caf\u00e9 "\\ \U0001f600\n'
    "        return nn.LSTMCell()(carry, x)\n"
)


@pytest.mark.parametrize("lines", [True, False])
@pytest.mark.parametrize("name", STYLES)
def test_new_lines_keep_the_style(name: str, lines: bool) -> None:
    def shaped(source: str) -> object:
        return source.splitlines(keepends=True) if lines else source

    content = notebook(shaped("KEY = 0\n" + HEAD), shaped(STEP))
    content["x"] = ["\u00e9 <>&/", 1.0, 1e5, True, None, {}, []]
    result = treated(content, **STYLES[name])
    new = sources(result.after)[1]
    assert new.count("nn.LSTMCell(features=7") in (1, 2)
    content["cells"][1]["source"] = shaped(new)  # type: ignore[index]
    assert result.after.decode() == json.dumps(content, **STYLES[name])


def test_one_line_in_a_list() -> None:
    text = json.dumps(notebook([HEAD + LEGACY]), indent=2).replace("\\n", "\\u000a")
    result = treated(text)
    assert result.after.decode() == text.replace("LSTMCell(), 3", "LSTMCell(features=3)")


def test_byte_order_mark_and_ends_of_lines_stay() -> None:
    data = json.dumps(notebook(HEAD, LEGACY), indent=1).replace("\n", "\r\n").encode("utf-8-sig")
    result = migrate_bytes(data, "a.ipynb", Options())
    assert result.after == data.replace(b"LSTMCell(), 3", b"LSTMCell(features=3)")


CELL = (
    "import jax\nfrom flax import linen as nn\n\n\nclass MyCell(nn.RNNCellBase):\n"
    "    @nn.compact\n    def __call__(self, carry, x):\n"
    "        carry = nn.Dense(carry.shape[-1])(carry) + x\n        return carry, carry\n\n"
    "    @staticmethod\n    def initialize_carry(rng, batch_dims, size, init_fn=None):\n"
    "        return jax.numpy.zeros((*batch_dims, size))\n"
)
USE = "from cells import MyCell\ncarry = MyCell.initialize_carry(None, (2,), 3)"


@pytest.mark.parametrize(
    ("cells", "together"),
    [
        ((USE,), True),
        (("%pylab", USE, "nn.GRUCell?"), True),
        ((USE, "broken("), False),
        ((USE, "%%writefile other.py\nMyCell"), False),
        ((USE, "f(MyCell)"), False),
    ],
)
def test_a_cell_of_the_project_changes_with_the_notebooks_that_use_it(
    tmp_path: Path, cells: tuple[str, ...], together: bool
) -> None:
    (tmp_path / "cells.py").write_text(CELL)
    (tmp_path / "use.ipynb").write_text(json.dumps(notebook(*cells)))
    before = (tmp_path / "use.ipynb").read_bytes()
    results = list(migrate_paths([str(tmp_path)], Options(), Mode.WRITE))
    assert [bool(result.rewritten) for result in results] == [together, together]
    assert [bool(result.refused) for result in results] == [not together, not together]
    assert ((tmp_path / "cells.py").read_text() == CELL) is not together
    assert ((tmp_path / "use.ipynb").read_bytes() == before) is not together


def test_a_cell_that_another_program_of_the_notebook_mentions_stays() -> None:
    use = "MyCell.initialize_carry(None, (2,), 3)"
    alone = treated(notebook(CELL, use))
    assert len(alone.rewritten) == 2
    other = treated(notebook(CELL, use, f"%%writefile a.py\nfrom m import MyCell\n{use}"))
    assert (other.rewritten, len(other.refused)) == ((), 2)


def test_the_runtime_as_target() -> None:
    result = treated(notebook(["import jax\n", "from flax import linen as nn"], LEGACY),
                     Options(target="runtime"))  # fmt: skip
    assert sources(result.after) == [
        "import jax\nimport rnn_runtime\nfrom flax import linen as nn",
        "layer = rnn_runtime.RNN(rnn_runtime.LSTMCell(features=3))",
    ]


def test_refusals_as_comments() -> None:
    result = treated(notebook(HEAD, "%time\nf(nn.LSTMCell())"), Options(annotate=True))
    assert len(result.refused) == 1
    first, *comment, last = sources(result.after)[1].split("\n")
    assert (first, last) == ("%time", "f(nn.LSTMCell())")
    assert comment
    assert all(line.startswith("# rnn-codemod:") for line in comment)
    again = migrate_bytes(result.after, "a.ipynb", Options(annotate=True))
    assert again.after == b""
