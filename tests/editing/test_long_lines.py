"""Lines that grew too long are broken; all others, and what may not be broken, stay."""

from __future__ import annotations

import pytest

from rnn_codemod.editing.long_lines import LIMIT, within_width

LONG = "a" * 60
LONGER = "b" * 70

STAYS = {
    "short": "f(a, b)\n",
    "just within": f"f({'a' * (LIMIT - 3)})\n",
    "a comment": f"f({LONG}, {LONG})  # why\n",
    "in a string": f'"""\nf({LONG}, {LONG})\n"""\n',
    "a string that goes on": f'f({LONG}, {LONG}, """\n""")\n',
    "two statements": f"f({LONG}); g({LONG})\n",
    "a line goes on": f"x = f({LONG}, {LONG}) + \\\n    1\n",
    "no brackets": f"x = {LONG} + {LONG}\n",
    "empty brackets": f"x = {LONG}.{LONG}()\n",
    "an index": f"x = {LONG}[{LONG}]\n",
    "a head that is too long": f"{LONG}.{LONG}(a)\n",
    "a compound statement on one line": f"def f(): return g({LONG}, {LONG})\n",
    "in a formatted string": f'x = f"{{f({LONG}, {LONG})}}"\n',
}
BROKEN = {
    "a call": (
        f"x = f({LONG}, y=1)({LONG})\n",
        f"x = f({LONG}, y=1)(\n    {LONG}\n)\n",
    ),
    "arguments that are too long for one line": (
        f"    x = f({LONG}, *{LONG}, y=1)\n",
        f"    x = f(\n        {LONG},\n        *{LONG},\n        y=1,\n    )\n",
    ),
    "a lambda is one argument": (
        f"f({LONG}, lambda a, b: {LONG})\n",
        f"f(\n    {LONG},\n    lambda a, b: {LONG},\n)\n",
    ),
    "a comprehension": (
        f"return_ = [{LONG}(x, n) for x, n in {LONG}]\n",
        f"return_ = [\n    {LONG}(x, n)\n    for x, n in {LONG}\n]\n",
    ),
    "once more": (
        f"x = f(g({LONG}, {LONG}), 1)\n",
        f"x = f(\n    g(\n        {LONG},\n        {LONG},\n    ),\n    1,\n)\n",
    ),
    "within brackets that close later": (
        f"x = (f({LONG}, a=1).{LONG[:30]},\n     2)\n",
        f"x = (f(\n         {LONG}, a=1\n     ).{LONG[:30]},\n     2)\n",
    ),
    "arguments under one another": (
        f"x = f(a={LONG}, b=c({LONG}),\n      d=1)\n",
        f"x = f(a={LONG},\n      b=c({LONG}),\n      d=1)\n",
    ),
    "as many under one another as there is room for": (
        f"x = f(a, {LONG}, c({LONG[:9]}, 1), d, {LONG[:20]},\n      e)\n",
        f"x = f(a, {LONG}, c({LONG[:9]}, 1), d,\n      {LONG[:20]},\n      e)\n",
    ),
    "before brackets that hang": (
        f"x = g(1, f({LONG}, {LONG[:30]})(\n    1, 2))\n",
        f"x = g(1, f(\n    {LONG}, {LONG[:30]}\n)(\n    1, 2))\n",
    ),
    "a head with a colon": (
        f"if f({LONG}, {LONG[:33]}):\n    pass\n",
        f"if f(\n    {LONG}, {LONG[:33]}\n):\n    pass\n",
    ),
    "tabs": (
        f"if a:\n\tx = f({LONG}, {LONG[:34]})\n",
        f"if a:\n\tx = f(\n\t\t{LONG}, {LONG[:34]}\n\t)\n",
    ),
    "other line ends": (
        f"x = f({LONG}, {LONG[:33]})\r\ny = 1\r\n",
        f"x = f(\r\n    {LONG}, {LONG[:33]}\r\n)\r\ny = 1\r\n",
    ),
}


@pytest.mark.parametrize("text", STAYS.values(), ids=STAYS)
def test_stays(text: str):
    assert within_width("", text, "\n") == text


@pytest.mark.parametrize(("text", "broken"), BROKEN.values(), ids=BROKEN)
def test_broken(text: str, broken: str):
    if text.startswith("    "):
        text, broken = f"if a:\n{text}", f"if a:\n{broken}"
    assert within_width("", text, "\r\n" if "\r" in text else "\n") == broken


def test_lines_of_before_stay():
    text = f"f({LONG}, {LONG})\n"
    assert within_width(text, text + "x = 1\n", "\n") == text + "x = 1\n"


def test_a_file_with_longer_lines_may_have_more():
    before = f"# {LONGER}{LONGER}\n"
    after = f"{before}f({LONG}, {LONG})\n"
    assert within_width(before, after, "\n") == after
