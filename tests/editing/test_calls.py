"""The arguments of one call change; every other character stays."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_codemod.editing.calls import RoundTripError, edit_call
from rnn_codemod.editing.edits import AddArgument, DropArgument, NameArgument

AT = (0, 0)


@pytest.mark.parametrize("text", ["f(", "f", "f(a) + 1", "f(a); g(b)", "", "x = f()"])
def test_what_is_not_one_call_is_refused(text: str) -> None:
    with pytest.raises(RoundTripError):
        edit_call(text, [AddArgument(AT, "features", "4", first=True)], "\n")


@pytest.mark.parametrize("text", ["f()", "f ( a , b )", "f(\n    a,  # one\n\n    b\n)", "f(a,)"])
def test_no_edit_no_change(text: str) -> None:
    assert edit_call(text, [], "\n") == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f()", "f(features=4)"),
        ("f(b=1)", "f(features=4, b=1)"),
        ("f(b=1,)", "f(features=4, b=1,)"),
        ("f(**kw)", "f(features=4, **kw)"),
        ("f(\n    b=1,  # kept\n)", "f(\n    features=4,\n    b=1,  # kept\n)"),
        ("f(\n    # why\n    b=1,\n)", "f(\n    features=4,\n    # why\n    b=1,\n)"),
        ("f(\n    b=1, c=2,\n    d=3)", "f(\n    features=4, b=1, c=2,\n    d=3)"),
    ],
)
def test_first_argument(before: str, after: str) -> None:
    assert edit_call(before, [AddArgument(AT, "features", "4", first=True)], "\n") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f()", "f(n=1)"),
        ("f(a)", "f(a, n=1)"),
        ("f(a, )", "f(a, n=1, )"),
        ("f(\n    a,\n    b,\n)", "f(\n    a,\n    b,\n    n=1,\n)"),
        ("f(\n    a,\n    b\n)", "f(\n    a,\n    b,\n    n=1\n)"),
    ],
)
def test_last_argument(before: str, after: str) -> None:
    assert edit_call(before, [AddArgument(AT, "n", "1")], "\n") == after


@pytest.mark.parametrize(
    ("before", "index", "after"),
    [
        ("f(a, b)", 1, "f(a)"),
        ("f(a, b,)", 1, "f(a,)"),
        ("f(a, b, c)", 1, "f(a, c)"),
        ("f(a, b, c)", 0, "f(b, c)"),
        ("f(\n    a,  # one\n    b,  # two\n)", 1, "f(\n    a,  # one\n    # two\n)"),
        ("f(\n    a,  # one\n    b\n)", 1, "f(\n    a  # one\n)"),
        ("f(\n    a,\n    # about b\n    b,\n    c,\n)", 1, "f(\n    a,\n    # about b\n    c,\n)"),
    ],
)
def test_drop(before: str, index: int, after: str) -> None:
    assert edit_call(before, [DropArgument(AT, index)], "\n") == after


def test_names_are_given_by_position() -> None:
    edits = [NameArgument(AT, 0, "gate_fn"), AddArgument(AT, "features", "4", first=True)]
    assert edit_call("f( nn.tanh)", edits, "\n") == "f(features=4,  nn.tanh)".replace(
        ",  nn.tanh", ", gate_fn=nn.tanh"
    ).replace("f(features", "f( features")


SPACE = st.sampled_from(["", " ", "\n    ", "  # note\n    ", "\n\n    # note\n    "])


@given(
    st.lists(st.tuples(SPACE, st.sampled_from(["a", "b.c", "g(1)", "[1, 2]"]), SPACE), min_size=2),
    st.data(),
)
def test_dropping_keeps_every_comment_and_every_other_argument(
    parts: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    text = "f(" + ",".join(f"{left}{value}{right}" for left, value, right in parts) + "\n)"
    index = data.draw(st.integers(1, len(parts) - 1))
    try:
        after = edit_call(text, [DropArgument(AT, index)], "\n")
    except RoundTripError:
        assert "#" in text
        return
    call = ast.parse(after, mode="eval").body
    assert isinstance(call, ast.Call)
    kept = [value for at, (_, value, _) in enumerate(parts) if at != index]
    assert [ast.unparse(argument) for argument in call.args] == kept
    assert after.count("#") == text.count("#")
