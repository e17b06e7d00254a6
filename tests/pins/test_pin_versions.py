"""Which releases a specifier lets in: by example, and against the packaging library."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from rnn_codemod.pins.dialects import Dialect, raised, understood

FLOOR = (0, 7)


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("", "PEP 440"),
        ("*", "PEP 440"),
        ("0.6.11", "PEP 440"),
        ("=0.6.11", "PEP 440"),
        ("^0.6", "PEP 440"),
        ("==0.7.0rc1", "PEP 440"),
        ("==0.6.11.post1", "PEP 440"),
        ("==0.6.11+cpu", "PEP 440"),
        ("==1!0.6", "PEP 440"),
        (">=0.6.*", "PEP 440"),
        ("~=1", "PEP 440"),
        ("<0.7,", "PEP 440"),
        ("<0.7 || >0.8", "PEP 440"),
        ("===0.6.11", "poetry"),
        ("0.5 - 0.6", "poetry"),
        ("^0.6", "conda"),
        ("0.6*", "conda"),
    ],
)
def test_not_understood(text: str, dialect: str) -> None:
    assert understood(text, Dialect(dialect)) is None


@pytest.mark.parametrize(
    ("text", "dialect", "new", "old"),
    [
        (">=0.7", "PEP 440", True, False),
        (">=0.5", "PEP 440", True, True),
        ("!=0.6.4", "PEP 440", True, True),
        (">=0.5,<0.8", "PEP 440", True, True),
        ("<=0.7", "PEP 440", True, True),
        ("<=0.7.0", "PEP 440", True, True),
        ("==0.7.*", "PEP 440", True, False),
        ("==0.12.8", "PEP 440", True, False),
        ("~=0.6", "PEP 440", True, True),
        (">0.6.11", "PEP 440", True, True),
        ("<0.7", "PEP 440", False, True),
        ("<0.7.0", "PEP 440", False, True),
        ("<=0.6.11", "PEP 440", False, True),
        ("==0.6.*", "PEP 440", False, True),
        ("===0.6.11", "PEP 440", False, True),
        ("~=0.6.3", "PEP 440", False, True),
        (">=0.5,<0.7", "PEP 440", False, True),
        (">=0.5,!=0.7.*,<0.8", "PEP 440", False, True),
        ("==0.6.11,>=0.7", "PEP 440", False, False),
        ("*", "poetry", True, True),
        ("^0.7", "poetry", True, False),
        ("^0", "poetry", True, True),
        ("~0", "poetry", True, True),
        ("^0.6", "poetry", False, True),
        ("^0.6.3", "poetry", False, True),
        ("~0.6.3", "poetry", False, True),
        ("~0.6", "poetry", False, True),
        ("0.6.11", "poetry", False, True),
        ("0.6.*", "poetry", False, True),
        (">=0.5 <0.7", "poetry", False, True),
        ("^0.5 || ^0.6", "poetry", False, True),
        ("^0.6 || ^0.7", "poetry", True, True),
        ("=0.6.11", "conda", False, True),
        ("=0.6", "conda", False, True),
        ("=0", "conda", True, True),
        ("0.6.11", "conda", False, True),
        ("0.5.*|0.6.*", "conda", False, True),
    ],
)
def test_what_passes(text: str, dialect: str, new: bool, old: bool) -> None:
    meaning = understood(text, Dialect(dialect))
    assert meaning is not None
    assert meaning.lets_in_some_from(FLOOR) is new
    assert meaning.lets_in_some_below(FLOOR) is old


@pytest.mark.parametrize(
    ("text", "dialect", "after"),
    [
        ("==0.6.11,==0.8.*,==0.9.*", "PEP 440", None),
        ("==0.6.*,==0.12.1,<0.10", "PEP 440", None),
        ("<0.7", "PEP 440", ">=0.7"),
        ("< 0.7", "PEP 440", ">= 0.7"),
        (">= 0.5, < 0.7", "PEP 440", ">= 0.7"),
        ("==0.6.11", "PEP 440", ">=0.7"),
        ("~=0.6.3", "PEP 440", ">=0.7"),
        ("==0.6.*", "PEP 440", ">=0.7"),
        ("<0.7,<1.0", "PEP 440", ">=0.7,<1.0"),
        (">=0.5, !=0.7.1, <0.7", "PEP 440", ">=0.7, !=0.7.1"),
        (">=0.5,!=0.6.4,<0.7", "PEP 440", ">=0.7"),
        ("^0.6", "poetry", ">=0.7"),
        ("0.6.11", "poetry", ">=0.7"),
        (">=0.5 <0.7", "poetry", ">=0.7"),
        ("^0.5 || ^0.6", "poetry", ">=0.7"),
        ("=0.6.11", "conda", ">=0.7"),
    ],
)
def test_raised(text: str, dialect: str, after: str | None) -> None:
    assert raised(text, Dialect(dialect), FLOOR) == after


numbers = st.lists(st.integers(0, 9), min_size=1, max_size=4).map(
    lambda parts: ".".join(map(str, parts))
)
near = st.sampled_from(["0", "0.5", "0.6", "0.6.0", "0.6.11", "0.7", "0.7.0", "0.7.1", "0.12.8"])
version = near | numbers
clause = (
    st.tuples(st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), version).map("".join)
    | st.tuples(st.sampled_from(["==", "!="]), version, st.just(".*")).map("".join)
    | version.filter(lambda text: "." in text).map("~={}".format)
)
sets = st.lists(clause, min_size=1, max_size=4).map(",".join)


def after_each(text: str) -> set[str]:
    """Releases about a specifier's bounds, found without the code that is tested."""
    bounds = {part.lstrip("=!<>~").removesuffix(".*") for part in text.split(",")} | {"0.7", "0"}
    found = set()
    for bound in bounds:
        parts = bound.split(".")
        for end in range(1, len(parts) + 1):
            head = parts[:end]
            for last in (int(head[-1]), int(head[-1]) + 1, int(head[-1]) + 2):
                stem = ".".join([*head[:-1], str(last)])
                found |= {stem, f"{stem}.1", f"{stem}.0.0.0.1", f"{stem}.99999"}
        if parts[-1] != "0":
            found.add(".".join([*parts[:-1], str(int(parts[-1]) - 1), "99999"]))
    return found | {"99999", "0.0.0.0.1"}


@given(sets, version)
def test_one_release_passes_as_packaging_says(text: str, release: str) -> None:
    meaning = understood(text, Dialect.PEP440)
    assert meaning is not None
    numbers = tuple(map(int, release.split(".")))
    assert meaning.lets_in(numbers) is SpecifierSet(text).contains(release)


@given(sets)
def test_some_release_passes_as_packaging_says(text: str) -> None:
    meaning = understood(text, Dialect.PEP440)
    assert meaning is not None
    passing = [Version(v) for v in after_each(text) if SpecifierSet(text).contains(v)]
    floor = Version("0.7")
    assert meaning.lets_in_some_from(FLOOR) is any(v >= floor for v in passing)
    assert meaning.lets_in_some_below(FLOOR) is any(v < floor for v in passing)


@given(sets)
def test_a_raised_set_lets_in_new_releases_alone_and_keeps_what_was_said_of_them(text: str) -> None:
    meaning = understood(text, Dialect.PEP440)
    assert meaning is not None
    if meaning.lets_in_some_from(FLOOR):
        return
    after = raised(text, Dialect.PEP440, FLOOR)
    if after is None:
        return
    passing = [Version(v) for v in after_each(f"{text},{after}") if SpecifierSet(after).contains(v)]
    assert passing
    assert all(v >= Version("0.7") for v in passing)
    for one in text.split(","):
        if understood(one, Dialect.PEP440).lets_in_some_from(FLOOR):  # type: ignore[union-attr]
            assert all(SpecifierSet(one).contains(v) for v in passing)
