"""Blocks of code in texts: which are Python of ours, and what a change leaves as it was."""

from __future__ import annotations

import doctest

import pytest

from rnn_codemod.findings import Options
from rnn_codemod.results import FileResult
from rnn_codemod.run import migrate_bytes

HEAD = "```python\nimport jax\nfrom flax import linen as nn\n```\n\n"
LEGACY = "layer = nn.RNN(nn.LSTMCell(), 3)"
DONE = "layer = nn.RNN(nn.LSTMCell(features=3))"


def treated(text: str, name: str = "a.md", options: Options | None = None) -> FileResult:
    return migrate_bytes(text.encode(), name, options or Options())


LEFT_ALONE = {
    "a line of text": f"{HEAD}{LEGACY}\n",
    "in backticks": f"{HEAD}`{LEGACY}`\n",
    "another language": f"{HEAD}```text\n{LEGACY}\n```\n",
    "a shell": f"{HEAD}```{{bash}}\n{LEGACY}\n```\n",
    "a session": f"{HEAD}```console\n>>> {LEGACY}\n```\n",
    "a cell of a shell": f"{HEAD}```{{code-cell}} bash\n{LEGACY}\n```\n",
    "a directive of another language": f"{HEAD}.. code-block:: c++\n\n   {LEGACY}\n",
    "a heading that looks like a coding cookie": f"# Encoding: none\n{LEGACY} flax\n",
    "no import at all": f"flax\n\n```python\n{LEGACY}\n```\n",
    "an import of another text": f"import flax.linen as nn, said he\n\n```python\n{LEGACY}\n```\n",
    "spoken of beside torch": (
        f"`from flax import linen as nn`, not torch\n\n```python\n{LEGACY}\n```\n"
    ),
    "quoted thrice": f"{HEAD}>>> {LEGACY} is what he said of LSTM\n",
    "only prose is broken": f"{HEAD}```\nan LSTM (of flax\n```\n",
    "output of an example": f"{HEAD}>>> 1\n{LEGACY}\n",
    "a tab of torch": f'{HEAD}=== "PyTorch"\n\n    ```python\n    {LEGACY}\n    ```\n',
    "a textbook's tab": f"{HEAD}```python\n#@tab pytorch\n{LEGACY}\n```\n",
    "a textbook's tab for nobody": f"{HEAD}```python\n#@tab jax\n1\n```\n~~~python\n{LEGACY}\n~~~",
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_nothing_happens(name: str) -> None:
    result = treated(LEFT_ALONE[name])
    assert result.problem is None
    assert (result.rewritten, result.refused, result.after) == ((), (), b"")


REWRITTEN = {
    "plain": "```python\nX\n```\n",
    "python3": "``` python3\nX\n```\n",
    "py": "~~~~py\nX\n~~~~~\n",
    "quarto": "```{python}\n#| echo: false\nX\n```\n",
    "with options": '```python title="a.py" linenums="1"\nX\n```\n',
    "attributes": "```{.python .input  n=3}\nX\n```\n",
    "myst": "```{code-cell} ipython3\n---\ntags: [a]\n---\nX\n```\n",
    "myst options": "```{code-cell}\n:tags: [a]\n\n%time X\n```\n",
    "no language": "```\nX\n```\n",
    "never closed": "```python\nX",
    "in a list": "- one\n\n  1. ```python\n     X\n     ```\n",
    "in a quotation": "> > ```python\n> > X\n> >\n> > ```\n",
    "indented": "```python\n    X\n\n    1\n```\n",
    "tabs": "\t```python\n\tif 1:\n\t\tX\n\t```\n",
    "magics": "```ipython\n!ls it's\n%time X\nlayer?\n```\n",
    "in a note": "````{note}\nText\n```python\nX\n```\n````\n",
    "reST in MyST": "```{eval-rst}\n.. code-block:: python\n\n   X\n```\n",
    "tab of jax": '=== "Flax"\n\n    ```python\n    X\n    ```\n',
    "after the tabs": '=== "PyTorch"\n\n    1\n\nText\n\n```python\nX\n```\n',
    "colon tab": ":::{tab-item} Flax\n```python\nX\n```\n:::\n",
    "textbook tab": "```python\n# @tab mxnet, jax\nX\n```\n",
    "prompt": "```pycon\n>>> X\n>>> layer\nRNN()\n```\n",
    "prompt in reST": "   >>> X\n",
    "literal": "So::\n\n   X\n\nand on\n",
    "directive": ".. code-block:: python\n   :linenos:\n\n   X\n\ntext\n",
    "testcode": ".. testcode::\n\n   X\n",
    "inside a note": ".. note::\n\n   .. sourcecode:: python\n\n      X\n",
    "execute": ".. jupyter-execute::\n   :hide-code:\n\n   X\n",
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("name", REWRITTEN)
def test_rewritten(name: str, end: str) -> None:
    head = HEAD.replace("import jax", "# @tab jax") if "@tab" in REWRITTEN[name] else HEAD
    template = f"# Coding: r\u00e9sum\u00e9 \u2028 \x0c\n\n{head}{REWRITTEN[name]}".replace(
        "\n", end
    )
    result = treated(template.replace("X", LEGACY))
    assert result.problem is None
    assert result.after.decode() == template.replace("X", DONE)
    [finding] = result.rewritten
    line = result.before.decode().split("\n")[finding.line - 1]
    assert line[finding.column - 1 :].startswith("nn.RNN(")


@pytest.mark.parametrize("name", ["a.rst", "a.qmd"])
def test_other_names(name: str) -> None:
    assert treated(f"{HEAD}```python\n{LEGACY}\n```", name).after.decode().endswith(f"{DONE}\n```")


def test_an_import_in_the_text_counts() -> None:
    text = f"With `from flax import linen as nn`:\n\n```python\n{LEGACY}\n```\n"
    assert treated(text).after.decode() == text.replace(LEGACY, DONE)


def test_a_broken_block_hides_no_other() -> None:
    text = (
        f"{HEAD}```python\nnn.LSTMCell(\n```\n\n```python\nx = (\n```\n\n```python\n{LEGACY}\n```\n"
    )
    result = treated(text)
    assert result.problem is not None
    assert (result.problem.line, len(result.rewritten)) == (7, 1)
    assert result.problem.cause == "a block of code cannot be parsed: '(' was never closed"
    assert result.after.decode() == text.replace(LEGACY, DONE)


def test_frameworks_beside_each_other() -> None:
    torch = "```python\nfrom torch import nn\n" + LEGACY + "\n```\n"
    again = "```python\nfrom flax import linen as nn\n" + LEGACY + "\n```\n"
    text = f"{HEAD}```python\n{LEGACY}\n```\n{torch}```python\n{LEGACY}\n```\n{again}"
    result = treated(text)
    assert len(result.rewritten) == 2
    assert result.after.decode().count(LEGACY) == 2


def test_a_cell_that_an_example_of_its_own_program_cannot_see_stays() -> None:
    cell = (
        "```python\nclass MyCell(nn.RNNCellBase):\n    @nn.compact\n"
        "    def __call__(self, carry, x):\n        return carry, carry\n\n"
        "    @staticmethod\n    def initialize_carry(rng, batch_dims, size, init_fn=None):\n"
        "        return jax.numpy.zeros((*batch_dims, size))\n\n"
        "MyCell.initialize_carry(None, (2,), 3)\n```\n\n"
    )
    assert len(treated(HEAD + cell).rewritten) == 2
    other = "```python\nfrom mine import nn\nMyCell.initialize_carry(None, (2,), 3)\n```\n"
    result = treated(HEAD + cell + other)
    assert (result.rewritten, len(result.refused)) == ((), 2)


PROMPTS = """
>>> import jax
>>> from flax import linen as nn
>>> def start(key):
...     # a carry
...     return nn.GRUCell.initialize_carry(
...         key, (2,), 3)
...
>>> carry = nn.LSTMCell.initialize_carry(jax.random.PRNGKey(0), (2,), 3)
>>> variables = nn.LSTMCell().init(jax.random.PRNGKey(0), carry, carry[0])
>>> start(jax.random.PRNGKey(0)).shape
(2, 3)
"""


def test_prompts_stay_those_of_an_interpreter() -> None:
    pytest.importorskip("flax", reason="numbers need the extra `runtime`")
    result = treated(PROMPTS, "a.rst", Options(annotate=True))
    after = result.after.decode()
    assert len(result.rewritten) == 3
    test = doctest.DocTestParser().get_doctest(after, {}, "after", None, None)
    failed, tried = doctest.DocTestRunner(verbose=False).run(test)
    assert (failed, tried >= 6) == (0, True)


def test_comments_at_a_prompt() -> None:
    text = f"{PROMPTS}>>> run(nn.GRUCell())\n3\n"
    result = treated(text, "a.rst", Options(annotate=True, select=frozenset(["missing_features"])))
    lines = result.after.decode().split("\n")
    at = lines.index(">>> run(nn.GRUCell())")
    assert lines[at - 1].startswith(">>> # rnn-codemod:")
    assert lines[at + 1] == "3"


def test_a_prelude_keeps_its_imports() -> None:
    text = f"With `from flax import linen as nn`:\n\n```python\n{LEGACY}\n```\n"
    assert DONE in treated(text, options=Options(target="runtime")).after.decode()


def test_text_that_is_no_python_raises_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    text = f"{HEAD}~~~\n1or 2 '\\d' (\n~~~\n\n```python\n{LEGACY}\n```\n"
    assert len(treated(text).rewritten) == 1
    assert [str(it.message) for it in recwarn] == []
