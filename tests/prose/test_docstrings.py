"""Examples in docstrings, which know the names of their module."""

from __future__ import annotations

import pytest

from rnn_codemod.findings import Options
from rnn_codemod.results import FileResult
from rnn_codemod.run import migrate_bytes

IMPORTS = "import jax\nfrom flax import linen as nn\n"
LEGACY = "nn.RNN(nn.LSTMCell(), 3)"
DONE = "nn.RNN(nn.LSTMCell(features=3))"


def treated(text: str, options: Options | None = None) -> FileResult:
    return migrate_bytes(text.encode(), "a.py", options or Options())


def module(docstring: str, literal: str = '"""{}"""') -> str:
    body = literal.format(docstring).replace("\n", "\n    ")
    return f"{IMPORTS}\n\ndef f():\n    {body}\n"


LEFT_ALONE = {
    "a line of text": module(f"Text.\n\n{LEGACY}\n"),
    "no docstring": f'{IMPORTS}X = """\n>>> {LEGACY}\n"""\n',
    "another name": module(f">>> from torch import nn\n>>> {LEGACY}\n"),
    "no import": f'"""flax\n\n>>> {LEGACY}\n"""\n',
    "broken": module(f">>> ({LEGACY}\n"),
    "output": module(f">>> 1\n{LEGACY}\n"),
    "two literals": f'{IMPORTS}\n\ndef f():\n    ">>> {LEGACY}" "\\n"\n',
    "an escape that breaks it": module(f'>>> x = "\\n"; {LEGACY}\n'),
    "a shell": module(f"::\n\n    $ {LEGACY}\n"),
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_nothing_happens(name: str) -> None:
    result = treated(LEFT_ALONE[name])
    assert (result.rewritten, result.after, result.problem) == ((), b"", None)


REWRITTEN = {
    "prompt": module("Text.\n\n>>> layer = X\n>>> layer\nRNN()\n"),
    "first line": module(">>> X"),
    "literal block": module("So::\n\n    layer = X\n\nText.\n"),
    "fence": module("```python\nX\n```\n"),
    "directive": module(".. code-block:: python\n\n   X\n"),
    "single quotes": module(">>> X\n", "'''{}'''"),
    "raw": module('>>> x = "\\n"; X\n', 'r"""{}"""'),
    "escaped": module('>>> x = "\\\\n\\t", \\"a\\"; X  # \\x41\n'),
    "of the module": f'"""Text.\n\n>>> X\n"""\n{IMPORTS}',
    "of a class and a method": (
        f'{IMPORTS}\n\nclass A:\n    """B.\n\n    >>> X\n    """\n\n'
        '    def f(self):\n        """B.\n\n        >>> X\n        """\n'
    ),
    "CRLF": module("So::\n\n    layer = X\n").replace("\n", "\r\n"),
    "beside code": module(">>> X\n") + "\n\nlayer = X\n",
}


@pytest.mark.parametrize("name", REWRITTEN)
def test_rewritten(name: str) -> None:
    template = REWRITTEN[name]
    result = treated(template.replace("X", LEGACY))
    assert result.problem is None
    assert result.after.decode() == template.replace("X", DONE)
    assert len(result.rewritten) == template.count("X")
    lines = result.before.decode().split("\n")
    for finding in result.rewritten:
        assert lines[finding.line - 1][finding.column - 1 :].startswith(LEGACY)
    assert treated(result.after.decode()).after == b""


def test_the_place_names_its_owner() -> None:
    [finding] = treated(module(f">>> {LEGACY}")).rewritten
    assert finding.message.endswith("(docstring of f)")


def test_new_lines_in_a_docstring() -> None:
    text = module(
        "Text.\n\n>>> carry = nn.LSTMCell.initialize_carry(key, (2,), 3)  # \\\\ one\n"
        ">>> carry, y = nn.LSTMCell()(carry, x)\n"
    )
    after = treated(text).after.decode().split("\n")
    assert after[7:11] == [
        "    >>> cell = nn.LSTMCell(features=3)",
        "    >>> carry = cell.initialize_carry(key, (2, 3))  # \\\\ one",
        "    >>> carry, y = cell(carry, x)",
        '    """',
    ]


def test_refused_in_a_docstring() -> None:
    result = treated(module(f">>> run(nn.GRUCell())\n>>> {LEGACY}\n"))
    assert [finding.line for finding in result.refused] == [6]
    assert len(result.rewritten) == 1
