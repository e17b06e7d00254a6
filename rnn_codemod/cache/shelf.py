"""A folder of entries on the disk: each whole or not there, and none for ever."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

from rnn_codemod.cache.traced import digest

DAY = 24 * 60 * 60
KEPT_DAYS = 30
KEPT_BYTES = 256 * 2**20
"""Entries that nobody used for so long go, and then the oldest until the rest is no larger."""

PRUNED = ".gitignore"
"""Written when entries were last removed, and keeps a cache inside a tree out of it."""


class Shelf:
    """The entries below ``folder``: by a key, some lines."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def take(self, key: str) -> list[bytes]:
        """The lines under a key. Raises OSError or ValueError where there are none to believe."""
        place = self._place(key)
        with open(place, "rb") as file:
            body, _, told = file.read().rpartition(b"\n")
        if told.decode() != digest(body):
            raise ValueError(f"{place} is damaged")
        with suppress(OSError):
            os.utime(place)
        return body.split(b"\n")

    def put(self, key: str, lines: Iterable[bytes]) -> None:
        """Keeps lines as they come, all or none. Without a place to write to, it does without."""
        place = self._place(key)
        with suppress(OSError):
            os.makedirs(os.path.dirname(place), exist_ok=True)
            descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(place))
            try:
                sum_ = hashlib.blake2b(digest_size=20)
                between = b""
                with open(descriptor, "wb") as file:
                    for line in lines:
                        sum_.update(between + line)
                        file.write(between + line)
                        between = b"\n"
                    file.write(b"\n" + sum_.hexdigest().encode())
                os.replace(temporary, place)
            except BaseException:
                os.unlink(temporary)
                raise

    def _place(self, key: str) -> str:
        name = digest(key.encode())
        return os.path.join(self._folder, name[:2], f"{name[2:]}.json")

    def prune(self) -> None:
        """Once a day, removes what is old or too much."""
        marker = os.path.join(self._folder, PRUNED)
        now = time.time()
        with suppress(OSError):
            with suppress(FileNotFoundError):
                if now - os.stat(marker).st_mtime < DAY:
                    return
            with open(marker, "w", encoding="ascii") as file:
                file.write("*\n")
            entries = sorted(_entries(self._folder), reverse=True)
            size = 0
            for used, bytes_, path in entries:
                size += bytes_
                if size > KEPT_BYTES or now - used > KEPT_DAYS * DAY:
                    os.unlink(path)


def _entries(folder: str) -> Iterator[tuple[float, int, str]]:
    """When each entry was last used, its size and its path. No other file is touched."""
    for shelf in os.scandir(folder):
        if len(shelf.name) == 2 and shelf.is_dir(follow_symlinks=False):
            for entry in os.scandir(shelf.path):
                told = entry.stat(follow_symlinks=False)
                yield told.st_mtime, told.st_size, entry.path
