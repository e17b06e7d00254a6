"""One part of the files of a run, the same whatever else there is."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from hashlib import blake2b

_WRITTEN = re.compile(r"([0-9]{1,9})/([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Shard:
    """The ``number``-th, from 1, of ``count`` parts. A file belongs to exactly one of them.

    Raises:
        ValueError: there is no such part.
    """

    number: int
    count: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.count:
            raise ValueError(f"{self.number}/{self.count} is no shard: K/N needs 1 <= K <= N")

    @staticmethod
    def parse(text: str) -> Shard:
        """Reads ``K/N``. Raises ValueError."""
        written = _WRITTEN.fullmatch(text)
        if written is None:
            raise ValueError(f"{text!r} is no shard: write K/N, such as 1/4")
        return Shard(int(written[1]), int(written[2]))

    def holds(self, path: str) -> bool:
        """Whether a file belongs to it, by its path from the working folder."""
        if self.count == 1:
            return True
        try:
            relative = os.path.relpath(path)
        except (ValueError, OSError):  # another drive, or no working folder any more
            relative = os.path.normpath(path)
        name = os.fsencode(relative.replace(os.sep, "/"))
        return int.from_bytes(blake2b(name, digest_size=8).digest(), "big") % self.count == (
            self.number - 1
        )


WHOLE = Shard(1, 1)
