"""One warning for each legacy name, however often it is used."""

from __future__ import annotations

import warnings

_told: set[str] = set()


def warn_once(name: str, replacement: str) -> None:
    """Names the replacement of a legacy class, at the first use in this process."""
    if name in _told:
        return
    _told.add(name)
    warnings.warn(
        f"{name} with the recurrent API of flax 0.6 is deprecated; use {replacement}",
        DeprecationWarning,
        stacklevel=4,
    )
