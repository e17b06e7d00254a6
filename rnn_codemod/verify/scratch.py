"""The folder that a verification works in, and what is left of those that were killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "rnn-codemod-verify-"

YOUNG = 60.0
"""Seconds in which a folder may not be locked yet."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder of its own, gone at the end; whatever a killed verification left goes first."""
    _clear_away()
    with tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as folder:
        lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield Path(folder).resolve()
        finally:
            os.close(lock)


def _clear_away() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):  # In use, of another user, or gone since.
            if time.time() - folder.stat().st_mtime < YOUNG:
                continue
            lock = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
