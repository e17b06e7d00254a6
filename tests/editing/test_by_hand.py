"""The lines that edits would have written."""

import pytest

from rnn_codemod.editing.by_hand import lines_by_hand
from rnn_codemod.editing.edits import AddArgument, AddLines, DropArgument, Edit, MoveOut, Replace
from rnn_codemod.reading.source import Source

STEP = "def step(h, x):\n    a = 1\n    return f(g(h))(h, x)\n"


def _at(text: str, part: str) -> tuple[int, int]:
    return text.index(part), text.index(part) + len(part)


@pytest.mark.parametrize(
    ("text", "edits", "expected"),
    [
        ("x = 1\n", [], None),
        ("x = f(1, 2)\n", [Replace((4, 5), "(")], None),
        ("x = f()\ny = 2\n", [AddArgument((4, 7), "n", "3")], ["x = f(n=3)"]),
        (STEP, [AddArgument(_at(STEP, "g(h)"), "n", "3")], ["return f(g(h, n=3))(h, x)"]),
        (
            STEP,
            [MoveOut(_at(STEP, "g(h)"), "cell", STEP.index("return"))],
            ["cell = g(h)", "return f(cell)(h, x)"],
        ),
        (
            STEP,
            [
                AddLines(STEP.index("a = 1"), ("b = 2",)),
                AddArgument(_at(STEP, "g(h)"), "n", "3"),
            ],
            ["b = 2", "return f(g(h, n=3))(h, x)"],
        ),
        (
            "x = f(\n    1,  # one\n    2,\n)\n",
            [AddArgument((4, 30), "n", "3")],
            ["x = f(", "    1,  # one", "    2,", "    n=3,", ")"],
        ),
        (
            "x = f(1,  # one\n      2)\n",
            [DropArgument((4, 24), 0), DropArgument((4, 24), 1)],
            ["x = f()"],
        ),
        ("if f():\n    x = 1\n", [AddArgument((3, 6), "n", "3")], ["if f(n=3):"]),
        ("\ufeffx = f(1,  # é\n)\n", [DropArgument((5, 17), 0)], ["x = f()"]),
        ("x = f()\r\ny = 2\r\n", [AddArgument((4, 7), "n", "3")], ["x = f(n=3)"]),
    ],
)
def test_lines_by_hand(text: str, edits: list[Edit], expected: list[str] | None) -> None:
    assert lines_by_hand(Source.parse(text), edits) == tuple(expected or ())
