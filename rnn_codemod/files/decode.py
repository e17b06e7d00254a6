"""From the bytes of a Python file to its text and back, with nothing changed on the way."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_COOKIE = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BLANK = re.compile(rb"[ \t\f]*(?:#.*)?$")
_LINE_END = re.compile(rb"\r\n|\r|\n")


class CannotDecode(ValueError):
    """The bytes are no Python source.

    Attributes:
        line: where, from 1; 0 where it is the file as a whole.
    """

    def __init__(self, cause: str, line: int = 0) -> None:
        super().__init__(cause)
        self.line = line


@dataclass(frozen=True, slots=True)
class Source:
    """A file's text, with its line ends as they are and without the byte order mark."""

    text: str
    encoding: str
    mark: bytes

    def encode(self, text: str) -> bytes:
        """The bytes of ``text`` in this file's encoding.

        Raises:
            UnicodeEncodeError: the encoding has no such character.
        """
        return self.mark + text.encode(self.encoding)


def decode(data: bytes, *, cookies: bool = True) -> Source:
    """Reads ``data`` as Python does: a byte order mark, else a coding cookie, else UTF-8.

    Without ``cookies`` a line that looks like one means nothing, as in a document.

    Raises:
        CannotDecode: null bytes, an unknown encoding, bytes that are not of the encoding, or an
            encoding that does not give the same bytes back.
    """
    null = data.find(b"\0")
    if null >= 0:
        raise CannotDecode("holds null bytes, so it is no Python source", _line(data, null))
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    body = data[len(mark) :]
    encoding = _encoding(body, bool(mark)) if cookies else "utf-8"
    try:
        source = Source(body.decode(encoding), encoding, mark)
        exact = source.encode(source.text) == data
    except UnicodeError as error:
        line = _line(body, error.start) if isinstance(error, UnicodeDecodeError) else 0
        raise CannotDecode(f"is not valid {encoding}: {error}", line) from None
    if not exact:
        raise CannotDecode(f"its {encoding} text would not come back as the same bytes")
    return source


def _encoding(body: bytes, marked: bool) -> str:
    for number, line in enumerate(_LINE_END.split(body, maxsplit=2)[:2], start=1):
        cookie = _COOKIE.match(line)
        if cookie is not None:
            return _known(cookie[1].decode("ascii", "backslashreplace"), marked, number)
        if not _BLANK.match(line):
            break
    return "utf-8"


def _known(name: str, marked: bool, line: int) -> str:
    try:
        codec = codecs.lookup(name)
        codec.decode(b"")
        "".encode(name)
    except (LookupError, ValueError, TypeError):
        raise CannotDecode(f"has a coding cookie that names no encoding: {name}", line) from None
    if marked and codec.name != "utf-8":
        raise CannotDecode(f"has a UTF-8 byte order mark and a cookie that says {name}", line)
    return codec.name


def _line(data: bytes, offset: int) -> int:
    return len(_LINE_END.findall(data, 0, offset)) + 1
