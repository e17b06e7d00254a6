"""Runs the probe of a program, on the deprecated cells or on today's flax."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import numpy as np

import rnn_runtime
from rnn_runtime.deprecated import legacy_names

_FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
_SPEC = importlib.util.spec_from_file_location("fixtures_record", _FIXTURES / "record.py")
assert _SPEC is not None and _SPEC.loader is not None
_RECORD = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_RECORD)

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


def _run(text: str) -> Arrays:
    with jax.disable_jit():
        return _RECORD.run_probe(text, Path("generated/program/program.py"))


def _check_width(call: Any, args: Any, kwargs: Any, context: Any) -> Any:
    module = context.module
    cells = (nn.RNNCellBase, rnn_runtime.RNNCellBase)
    if isinstance(module, cells) and context.method_name == "__call__":
        if any(base.__name__ in _DENSE for base in type(module).__mro__):
            carry = args[0] if args else kwargs["carry"]
            widths = {leaf.shape[-1] for leaf in jax.tree_util.tree_leaves(carry)}
            if widths != {module.features}:
                raise WrongFeatures(f"features={module.features}, the carry has {sorted(widths)}")
    return call(*args, **kwargs)
