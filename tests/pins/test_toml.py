"""Places of strings in TOML, held against what its parser says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_codemod.pins.toml import strings


@pytest.mark.parametrize("text", ["a", "a = ", '[a\nb = "c"', 'a = "b', "a = 1\na = 2", "[a]]"])
def test_no_toml(text: str) -> None:
    with pytest.raises(ValueError):
        strings(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("a = 1\nb = [1979-05-27 07:32:00, true, 1e3]  # 'c'\n", []),
        ('a = "b"', [(("a",), "b")]),
        ("'a.b'.\"c d\" . e = '#x'\r\n", [(("a.b", "c d", "e"), "#x")]),
        ('[a.b]\nc = ["x", # "y"\n "z",\n]',
         [(("a", "b", "c", 0), "x"), (("a", "b", "c", 1), "z")]),
        ("[[a]]\nb='1'\n[[a]]\n[a.c]\nd='2'", [(("a", 0, "b"), "1"), (("a", 1, "c", "d"), "2")]),
        ("a = {b = '1', c = {d = ['2', {e = '3'}]}}",
         [(("a", "b"), "1"), (("a", "c", "d", 0), "2"), (("a", "c", "d", 1, "e"), "3")]),
        ('a = """b"""\nc = \'\'\'d\'\'\'', [(("a",), "b"), (("c",), "d")]),
        ('a = """b""c"""\nd = ""', [(("a",), 'b""c'), (("d",), "")]),
    ],
)  # fmt: skip
def test_places(text: str, expected: list[tuple[tuple[str | int, ...], str]]) -> None:
    found = strings(text)
    assert [(string.path, string.value) for string in found] == expected
    for string in found:
        assert string.plain
        assert text[string.start : string.end] == string.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'a = "fl\u0061x"', "flax"),
        ('a = """\nflax"""', "flax"),
        ('a = "\\"x\\""', '"x"'),
        ('a = """x\\\n  y"""', "xy"),
        ('a = """x\r\ny"""', "x\ny"),
    ],
)
def test_escapes_are_no_places(text: str, value: str) -> None:
    (string,) = strings(text)
    assert string.value == value
    assert not string.plain


words = st.text("ab.-\"'#[]{}=, \t\u00e9\U0001f600", max_size=6)
keys = st.sampled_from(["a", "b-c", '"d.e"', "'f g'"])


def literals(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    items = st.lists(inner, max_size=3)
    pairs = st.dictionaries(keys, inner, max_size=3)
    return items.map(lambda each: "[\n" + ", # '\n".join(each) + "\n]") | pairs.map(
        lambda each: "{" + ", ".join(f"{key} = {value}" for key, value in each.items()) + "}"
    )


basic = words.map(lambda text: '"' + text.replace('"', '\\"') + '"')
literal = words.filter(lambda text: "'" not in text).map("'{}'".format)
values = st.recursive(basic | literal | st.sampled_from(["1", "true", "1.5e3"]), literals)


@given(st.dictionaries(keys, values), st.dictionaries(keys, values))
def test_every_string_is_found_where_it_is(first: dict[str, str], second: dict[str, str]) -> None:
    lines = [f"{key} = {value}" for key, value in first.items()]
    lines += ["[table.'x y']", *(f"{key}={value}  # '" for key, value in second.items())]
    text = "\n".join(lines)
    for string in strings(text):
        if string.plain:
            assert text[string.start : string.end] == string.value
