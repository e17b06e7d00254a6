"""One warning for each legacy name, however often it is used."""

from __future__ import annotations

import sys
import warnings
from types import FrameType

_told: set[str] = set()


def warn_once(name: str, replacement: str) -> None:
    """Names the replacement of a legacy class, at the first use in this process.

    The warning is given at the line of the caller outside of this package and flax: by default
    Python shows a ``DeprecationWarning`` only where the line is the user's own.
    """
    if name in _told:
        return
    _told.add(name)
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and _is_library(frame):
        level, frame = level + 1, frame.f_back
    warnings.warn(
        f"{name} with the recurrent API of flax 0.6 is deprecated; use {replacement}",
        DeprecationWarning,
        stacklevel=level,
    )


def _is_library(frame: FrameType) -> bool:
    """Whether the frame is this package's, flax's or an ``__init__`` made by ``dataclasses``."""
    package = frame.f_globals.get("__name__", "").partition(".")[0]
    made = frame.f_code.co_name == "__init__" and frame.f_code.co_filename.startswith("<")
    return made or package in ("rnn_runtime", "flax", "jax")
