"""What lies outside an edit: not a byte of it changes."""

from __future__ import annotations

import codecs
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn_codemod.editing.apply import apply_edits
from rnn_codemod.editing.edits import Edit, Replace
from rnn_codemod.findings import Options
from rnn_codemod.run import migrate_bytes

HEAD = "from flax import linen as nn"
SITES = {
    "layer = nn.RNN(nn.GRUCell(), 8)": "layer = nn.RNN(nn.GRUCell(features=8))",
    "x = [ nn.RNN( nn.LSTMCell(),3 ) ]  # 3": "x = [ nn.RNN( nn.LSTMCell(features=3) ) ]  # 3",
    "first = nn.LSTMCell.initialize_carry(key, (2, 3), 5)": (
        "first = nn.LSTMCell(features=5).initialize_carry(key, (2, 3, 5))"
    ),
}
OTHERS = [
    "",
    "   ",
    "\f",
    "y = 1 ;z=2  ",
    "s = 'nn.RNN(nn.GRUCell(), 8)'",
    "def f( a,b ): return a  # tab\there",
    "# \u00a0 caf\u00e9 \u2028 \x0b no line ends",
    "z = (  1,)\t",
]
MEANT = re.compile("coding|x64|rnn-codemod", re.IGNORECASE)
"""Comments that mean something."""
COMMENTS = (
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=12)
    .map("# {}".format)
    .filter(lambda comment: MEANT.search(comment) is None)
)
LINES = st.one_of(st.sampled_from(OTHERS), COMMENTS, st.sampled_from(list(SITES)))


@pytest.mark.parametrize("line", SITES)
def test_the_sites_are_rewritten(line: str) -> None:
    result = migrate_bytes(f"{HEAD}\n{line}\n".encode(), "a.py", Options())
    assert result.after.decode() == f"{HEAD}\n{SITES[line]}\n"


@given(
    st.lists(LINES, max_size=8),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([b"", codecs.BOM_UTF8]),
    st.booleans(),
)
@settings(deadline=None)
def test_lines_beside_the_sites(lines: list[str], newline: str, mark: bytes, ended: bool) -> None:
    def data(written: list[str]) -> bytes:
        end = newline if ended else ""
        return mark + (newline.join([HEAD, *written]) + end).encode()

    result = migrate_bytes(data(lines), "a.py", Options())
    assert result.problem is None
    assert (result.after or data(lines)) == data([SITES.get(line, line) for line in lines])


@given(st.text(max_size=30), st.data())
def test_texts_beside_the_edits(text: str, data: st.DataObject) -> None:
    ends = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    edits: list[Edit] = []
    expected, at = "", 0
    for start, end in zip(ends[::2], ends[1::2], strict=False):
        new = data.draw(st.text("ab\u00e9\n", max_size=5))
        edits.append(Replace((start, end), new))
        expected += text[at:start] + new
        at = end
    assert apply_edits(text, data.draw(st.permutations(edits)), "\n") == expected + text[at:]
