"""Puts a new text in the place of a file: whole or not at all, whatever happens on the way."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile

TEMPORARY = ".rnn-codemod-"
"""How the names of unfinished files begin."""


class CannotWrite(Exception):
    """The file keeps its old bytes, for the given cause."""


def replace(path: str, old: bytes, new: bytes) -> tuple[str, ...]:
    """Replaces the content of ``path``, which was ``old`` when it was read, by ``new``.

    The new text is on the disk, with the old mode, owner and attributes, before it takes the
    name, so a reader or a crash finds one text or the other. A link is followed.

    Returns:
        What the user should know about the write.

    Raises:
        CannotWrite: the file is read-only, or somebody has changed it meanwhile.
        OSError: the operating system refused.
    """
    real = os.path.realpath(path)
    before = os.stat(real)
    check(real)
    folder = os.path.dirname(real)
    descriptor, temporary = tempfile.mkstemp(prefix=TEMPORARY, dir=folder)
    try:
        with open(descriptor, "wb") as file:
            file.write(new)
            file.flush()
            _inherit(temporary, real, before)
            os.fsync(descriptor)
        with open(real, "rb") as current:
            if current.read() != old:
                raise CannotWrite("was changed by somebody else meanwhile")
        os.replace(temporary, real)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _flush_folder(folder)
    if before.st_nlink > 1:
        return (f"had {before.st_nlink} hard links; its other names keep the old text",)
    return ()


def check(path: str) -> None:
    """Raises CannotWrite or OSError where the file could not be replaced now."""
    # Renaming asks nothing of the file itself, so a read-only file has to be asked for.
    if not os.stat(path).st_mode & 0o222 or not os.access(path, os.W_OK):
        raise CannotWrite("is read-only")


def _inherit(temporary: str, real: str, before: os.stat_result) -> None:
    # The group may be kept where the owner may not; Windows knows neither.
    for owner in ((-1, before.st_gid), (before.st_uid, -1)):
        with contextlib.suppress(OSError, AttributeError):
            os.chown(temporary, *owner)
    shutil.copystat(real, temporary)
    os.utime(temporary)
    if stat.S_IMODE(os.stat(temporary).st_mode) != stat.S_IMODE(before.st_mode):
        raise CannotWrite("its mode cannot be kept")


def _flush_folder(folder: str) -> None:
    # Some file systems, and Windows, have no way to flush a folder; the file itself is safe.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
