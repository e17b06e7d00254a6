"""Runs the probe of a program, on the deprecated cells or on today's flax."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import numpy as np
from mixed import either_form

import rnn_runtime
from rnn_runtime.deprecated import legacy_names

_FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
_SPEC = importlib.util.spec_from_file_location("fixtures_record", _FIXTURES / "record.py")
assert _SPEC is not None and _SPEC.loader is not None
_RECORD = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_RECORD)

PROGRAM = "generated/program/program.py"
"""The file of which the code of a program says that it is."""
Arrays = dict[str, np.ndarray]
_DENSE = {"LSTMCell", "OptimizedLSTMCell", "GRUCell"}


class WrongFeatures(Exception):
    """A cell was told another width than its carry has; it computes the same all the same."""


def run_legacy(text: str) -> Arrays:
    """What ``probe()`` gives with the cells of flax 0.6.11, by path."""
    with warnings.catch_warnings(), legacy_names():
        warnings.simplefilter("ignore", DeprecationWarning)
        return _run(text)


def run_current(text: str) -> Arrays:
    """What ``probe()`` gives on today's flax, by path.

    Raises WrongFeatures where a dense cell is applied to a carry of another width than its own.
    """
    with nn.intercept_methods(_check_width):
        return _run(text)


def run_half_migrated(text: str) -> Arrays:
    """What ``probe()`` gives where each cell may have either form; as ``run_current``."""
    with warnings.catch_warnings(), either_form(), nn.intercept_methods(_check_width):
        warnings.simplefilter("ignore", DeprecationWarning)
        return _run(text)


def project_half_migrated(folder: Path) -> Arrays:
    """What ``probe()`` of ``probe.py`` gives where each cell may have either form."""
    with warnings.catch_warnings(), either_form(), nn.intercept_methods(_check_width):
        warnings.simplefilter("ignore", DeprecationWarning)
        return _run_project(folder)


def project_legacy(folder: Path) -> Arrays:
    """What ``probe()`` of the folder's ``probe.py`` gives with the cells of flax 0.6.11."""
    with warnings.catch_warnings(), legacy_names():
        warnings.simplefilter("ignore", DeprecationWarning)
        return _run_project(folder)


def project_current(folder: Path) -> Arrays:
    """What ``probe()`` of the folder's ``probe.py`` gives on today's flax; as ``run_current``."""
    with nn.intercept_methods(_check_width):
        return _run_project(folder)


def _run_project(folder: Path) -> Arrays:
    """Imports the project afresh, and leaves none of its modules behind."""
    known = set(sys.modules)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        with jax.disable_jit():
            probe = importlib.import_module("probe").probe
            return dict(_RECORD.leaves(probe()))
    finally:
        sys.path.remove(str(folder))
        # The path of a namespace package asks for its parent: none goes before all are known.
        new = set(sys.modules) - known
        for name in [name for name in new if _is_below(sys.modules[name], folder)]:
            del sys.modules[name]


def _is_below(module: Any, folder: Path) -> bool:
    places = [getattr(module, "__file__", None) or "", *getattr(module, "__path__", [])]
    return any(Path(place).is_relative_to(folder) for place in places)


def _run(text: str) -> Arrays:
    with jax.disable_jit():
        return _RECORD.run_probe(text, Path(PROGRAM))


def _check_width(call: Any, args: Any, kwargs: Any, context: Any) -> Any:
    module = context.module
    cells = (nn.RNNCellBase, rnn_runtime.RNNCellBase)
    if isinstance(module, cells) and context.method_name == "__call__":
        told = getattr(module, "features", None)
        if callable(told):
            raise TypeError("a legacy cell was given an activation by position")
        if told is not None and any(base.__name__ in _DENSE for base in type(module).__mro__):
            carry = args[0] if args else kwargs["carry"]
            widths = {leaf.shape[-1] for leaf in jax.tree_util.tree_leaves(carry)}
            if widths != {told}:
                raise WrongFeatures(f"features={told}, the carry has {sorted(widths)}")
    return call(*args, **kwargs)
