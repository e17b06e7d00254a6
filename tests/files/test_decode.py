"""Bytes to text and back."""

from __future__ import annotations

import io
import tokenize

import pytest

from rnn_codemod.files.decode import CannotDecode, decode


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        (b"", "utf-8", ""),
        (b"x = 1", "utf-8", "x = 1"),
        (b"a\r\nb\rc\n\x0c\td", "utf-8", "a\r\nb\rc\n\x0c\td"),
        ("é = '\u2028'\n".encode(), "utf-8", "é = '\u2028'\n"),
        (b"\xef\xbb\xbfx\n", "utf-8", "x\n"),
        (b"\xef\xbb\xbf# coding: utf-8\nx", "utf-8", "# coding: utf-8\nx"),
        (b"# coding: latin-1\ny = '\xe9'\n", "iso8859-1", "# coding: latin-1\ny = 'é'\n"),
        (b"#!/bin/x\n# vim: fileencoding=cp1252 :\n'\x80'", "cp1252", None),
        (b"\x0c\n\t# -*- coding: koi8-r -*-\r\n'\xc1'", "koi8-r", None),
        (b"# a\r# coding: latin-1\r'\xe9'", "iso8859-1", None),
        (b"x = 1\n# coding: latin-1\n", "utf-8", None),
        (b"\n\n# coding: latin-1\n", "utf-8", None),
        (b"x = '# coding: latin-1'\n", "utf-8", None),
    ],
)
def test_there_and_back(data: bytes, encoding: str, text: str | None) -> None:
    source = decode(data)
    assert source.encoding == encoding
    assert source.encode(source.text) == data
    if text is not None:
        assert source.text == text


@pytest.mark.parametrize(
    ("data", "line", "cause"),
    [
        (b"x = 1\ny = '\0'\n", 2, "null bytes"),
        ("x = 1\n".encode("utf-16"), 1, "null bytes"),
        (b"x = 1\r\r\ny = '\xe9'\n", 3, "is not valid utf-8"),
        (b"# coding: utf-8\n# \xe9\n", 2, "is not valid utf-8"),
        (b"# coding: ascii\n# \xc3\xa9\n", 2, "is not valid ascii"),
        (b"# coding: klingon\n", 1, "names no encoding: klingon"),
        (b"\n# coding: rot13\n", 2, "names no encoding: rot13"),
        (b"\xef\xbb\xbf# coding: latin-1\n", 1, "byte order mark"),
        (b"# coding: utf-7\n# +AGE-\n", 0, "would not come back"),
    ],
)
def test_refused(data: bytes, line: int, cause: str) -> None:
    with pytest.raises(CannotDecode, match=cause) as caught:
        decode(data)
    assert caught.value.line == line


def test_an_encoding_without_the_character() -> None:
    with pytest.raises(UnicodeEncodeError):
        decode(b"# coding: latin-1\n").encode("\u2713")


@pytest.mark.parametrize("first", ["", "#!/x\n", "x = 1\n", "\x0c \n", "'''\n", "# y\\\n"])
@pytest.mark.parametrize(
    "second", ["# coding: latin-1\n", "  #encoding=latin-1", "# coding : latin-1", "#coding:\tl1\n"]
)
def test_the_cookie_is_where_python_sees_it(first: str, second: str) -> None:
    data = (first + second).encode()
    python, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    assert decode(data + b"\n'\xe9'" * (python != "utf-8")).encoding in (
        {"utf-8"} if python == "utf-8" else {"iso8859-1"}
    )
