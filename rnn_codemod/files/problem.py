"""What kept a file from being treated."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One file or folder that could not be read, understood or written; its bytes are untouched.

    ``line`` counts from 1; 0 means the file as a whole.
    """

    path: str
    cause: str
    line: int = 0


def os_cause(action: str, error: OSError) -> str:
    """``cannot be read: permission denied``, from what the operating system said."""
    said = error.strerror or str(error)
    return f"{action}: {said[:1].lower()}{said[1:]}"
