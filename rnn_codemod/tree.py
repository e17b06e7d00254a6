"""The files as a run sees them: what it may ask of the disk, and who answers."""

from __future__ import annotations

import os
from typing import Protocol


class Tree(Protocol):
    """Answers every question about files that are not given as text."""

    def absolute(self, path: str) -> str:
        """``path`` from the root of the file system, without ``..``."""

    def read(self, path: str) -> bytes:
        """All bytes of a file. Raises OSError where it cannot be read."""

    def is_file(self, path: str) -> bool:
        """Whether it is a file, or a link to one."""

    def is_folder(self, path: str) -> bool:
        """Whether it is a folder, or a link to one."""


def read(path: str) -> bytes:
    """All bytes of a file. Raises OSError where it cannot be read."""
    with open(path, "rb", buffering=0) as file:
        return file.readall()


class Disk:
    """The disk itself. What is a file stays one as long as this object lives."""

    def __init__(self) -> None:
        self._files: dict[str, bool] = {}
        self._folders: dict[str, bool] = {}

    def __reduce__(self) -> tuple[type[Disk], tuple[()]]:
        return Disk, ()  # What it remembers is of this machine.

    def absolute(self, path: str) -> str:
        return os.path.abspath(path)

    def read(self, path: str) -> bytes:
        return read(path)

    def is_file(self, path: str) -> bool:
        if path not in self._files:
            self._files[path] = os.path.isfile(path)
        return self._files[path]

    def is_folder(self, path: str) -> bool:
        if path not in self._folders:
            self._folders[path] = os.path.isdir(path)
        return self._folders[path]
