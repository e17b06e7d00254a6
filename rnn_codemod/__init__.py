"""Rewrites code bases from the recurrent API of Flax <= 0.6 to the refactored one.

As a library: ``migrate_source`` for one text, ``migrate_paths`` for files and folders.
Both give data.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "Applicability",
    "FileResult",
    "Finding",
    "Migration",
    "Mode",
    "Options",
    "Problem",
    "Shard",
    "migrate_paths",
    "migrate_source",
]

if TYPE_CHECKING:
    from rnn_codemod.files.problem import Problem
    from rnn_codemod.findings import Applicability, Finding, Migration, Options
    from rnn_codemod.migration import migrate_source
    from rnn_codemod.results import FileResult
    from rnn_codemod.run import Mode, migrate_paths
    from rnn_codemod.shard import Shard

_HOMES = {
    "Applicability": "findings",
    "FileResult": "results",
    "Finding": "findings",
    "Migration": "findings",
    "Mode": "run",
    "Options": "findings",
    "Problem": "files.problem",
    "Shard": "shard",
    "migrate_paths": "run",
    "migrate_source": "migration",
}


def __getattr__(name: str) -> object:
    """Loads a part of the API when it is first used: the package itself costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
