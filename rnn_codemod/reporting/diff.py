"""Unified diffs of bytes, such as ``git apply`` and ``patch`` read them."""

from __future__ import annotations

import difflib
from itertools import chain

CONTEXT = 3


def unified(path: str, before: bytes, after: bytes) -> bytes:
    """The diff that makes ``after`` of ``before``, in the file's own encoding and line ends."""
    name = path.encode("utf-8", "surrogateescape").lstrip(b"/")
    old, new = _lines(before), _lines(after)
    skipped = _alike_at_start(old, new)
    out = [b"--- a/" + name + b"\n", b"+++ b/" + name + b"\n"]
    matcher = difflib.SequenceMatcher(None, old[skipped:], new[skipped:])
    for group in matcher.get_grouped_opcodes(CONTEXT):
        first, last = group[0], group[-1]
        spans = (
            _span(first[1] + skipped, last[2] + skipped),
            _span(first[3] + skipped, last[4] + skipped),
        )
        out.append(b"@@ -%s +%s @@\n" % spans)
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                out += _marked(b" ", old[i1 + skipped : i2 + skipped])
                continue
            out += _marked(b"-", old[i1 + skipped : i2 + skipped])
            out += _marked(b"+", new[j1 + skipped : j2 + skipped])
    return b"".join(out)


def _alike_at_start(old: list[bytes], new: list[bytes]) -> int:
    """How many lines need no comparison and no showing."""
    same = 0
    for one, other in zip(old, new, strict=False):
        if one != other:
            break
        same += 1
    return max(0, same - CONTEXT)


def _lines(data: bytes) -> list[bytes]:
    *lines, last = data.split(b"\n")
    return [line + b"\n" for line in lines] + [last] * bool(last)


def _span(start: int, stop: int) -> bytes:
    length = stop - start
    if length == 1:
        return b"%d" % (start + 1)
    return b"%d,%d" % (start + (length > 0), length)


def _marked(mark: bytes, lines: list[bytes]) -> list[bytes]:
    return list(chain.from_iterable(_ended(mark + line) for line in lines))


def _ended(line: bytes) -> list[bytes]:
    return [line] if line.endswith(b"\n") else [line + b"\n", b"\\ No newline at end of file\n"]
