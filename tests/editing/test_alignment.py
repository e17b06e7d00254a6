"""Arguments under one another follow their bracket; all other white space stays."""

from __future__ import annotations

import pytest

from rnn_codemod.editing.alignment import aligned
from rnn_codemod.editing.long_lines import LIMIT

LONG = "a" * (LIMIT - 30)
WIDE = "b" * 40

STAYS = {
    "on one line": ("f(1, 2)\n", "f.g(1, 2)\n"),
    "the bracket did not move": ("f(1,\n  2)\n", "f(9,\n  2)\n"),
    "in a block": ("f(\n    1,\n    2)\n", "f.g(\n    1,\n    2)\n"),
    "as it was": ("f(1,\n    2)\n", "f.g(1,\n    2)\n"),
    "a line that was there": (
        "f(1,\n  2)\nf.g(1,\n  2)\nx = 1\n",
        "f(1,\n  2)\nf.g(1,\n  2)\nx = 2\n",
    ),
    "a string over lines": ('f("""\n  """,\n  2)\n', 'f.g("""\n  """,\n  2)\n'),
    "a comment": ("f(1,  # one\n  2)\n", "f.g(1,  # one\n  2)\n"),
    "tabs": ("if 1:\n\tf(1,\n\t  2)\n", "if 1:\n\tf.g(1,\n\t  2)\n"),
    "a line further left": ("f(1,\n  2,\n 3)\n", "f.g(1,\n  2,\n 3)\n"),
    "a head that another bracket ends": ("f(1,\n  2)(\n    3)\n", "f(9,\n  2)(\n    3)\n"),
}
MOVED = {
    "to the right": ("f(1,\n  2)\n", "f.g(1,\n  2)\n", "f.g(1,\n    2)\n"),
    "to the left": ("f.g(1,\n    2)\n", "f(1,\n    2)\n", "f(1,\n  2)\n"),
    "all lines of it": (
        "f(1,\n  g(2,\n    3),\n  4)\nx\n",
        "f.g(1,\n  g(2,\n    3),\n  4)\nx\n",
        "f.g(1,\n    g(2,\n      3),\n    4)\nx\n",
    ),
    "the last of several brackets": (
        "h(f(1,\n    2), 3)\n",
        "h(f.g(1,\n    2), 3)\n",
        "h(f.g(1,\n      2), 3)\n",
    ),
    "no room": (
        f"    x = f({LONG},\n          b)\n",
        f"    x = f(features=size_of_it).g({LONG},\n          b)\n",
        f"    x = f(features=size_of_it).g(\n        {LONG}, b)\n",
    ),
    "no room in one line either": (
        f"    x = f({LONG},\n          b=g(1,\n              {WIDE}))\n",
        f"    x = f(features=size_of_it).g({LONG},\n          b=g(1,\n              {WIDE}))\n",
        f"    x = f(features=size_of_it).g(\n        {LONG},\n"
        f"        b=g(1,\n            {WIDE}))\n",
    ),
    "other line ends": (
        f"    x = f({LONG},\r\n          b)\r\n",
        f"    x = f(features=size_of_it).g({LONG},\r\n          b)\r\n",
        f"    x = f(features=size_of_it).g(\r\n        {LONG}, b)\r\n",
    ),
}


def _block(text: str) -> str:
    return f"if a:\n{text}" if text.startswith("    ") else text


@pytest.mark.parametrize(("before", "after"), STAYS.values(), ids=STAYS)
def test_stays(before: str, after: str):
    assert aligned(before, after, "\n") == after


@pytest.mark.parametrize(("before", "after", "moved"), MOVED.values(), ids=MOVED)
def test_moved(before: str, after: str, moved: str):
    newline = "\r\n" if "\r" in before else "\n"
    assert aligned(_block(before), _block(after), newline) == _block(moved)
