"""The comparison of two recorded runs: what it must not let pass, then what it must."""

from __future__ import annotations

import importlib
from types import ModuleType

import numpy as np
import pytest

ONE = np.float32(1)


@pytest.fixture
def compare(scripts: None) -> ModuleType:
    return importlib.import_module("compare")


def compared(compare, folder, before, after):
    for name, record in (("before.npz", before), ("after.npz", after)):
        np.savez(folder / name, **record)
    return compare.compare(folder / "before.npz", folder / "after.npz")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({}, {}, "nothing was recorded"),
        ({"a/params": ONE}, {}, "only before"),
        ({"a/params": ONE}, {"a/params": ONE, "b/params": ONE}, "only after"),
        ({"LSTMCell_0": ONE}, {"LSTMCell_1": ONE}, "only"),
        ({"a": np.ones((2, 3))}, {"a": np.ones((3, 2))}, "shape (2, 3) before, (3, 2) after"),
        ({"a": np.float32(1)}, {"a": np.float64(1)}, "dtype float32 before, float64 after"),
        ({"a": np.array([1, 2])}, {"a": np.array([1, 3])}, "values differ"),
        ({"a": np.array([1.0, 2.0])}, {"a": np.array([1.0, np.nan])}, "not finite"),
        ({"a/params": ONE}, {"a/params": ONE + 2e-6}, "differs by 2.03e-06"),
        ({"a/output": 9 * ONE}, {"a/output": 9.001 * ONE}, "differs by"),
    ],
)
def test_a_difference_is_named(compare, tmp_path, before, after, words):
    comparison = compared(compare, tmp_path, before, after)
    assert not comparison.agree
    assert "DIFFERENT" in str(comparison)
    assert words in str(comparison)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"a": ONE}, {"a": ONE}, "agree: 1 arrays, all bit for bit"),
        (
            {"a/output": np.ones(2, "float32"), "b": ONE},
            {"a/output": np.ones(2, "float32") + np.float32(1e-6), "b": ONE},
            "agree: 2 arrays, 1 bit for bit, the others within",
        ),
    ],
)
def test_agreement_says_how_close(compare, tmp_path, before, after, words):
    comparison = compared(compare, tmp_path, before, after)
    assert comparison.agree
    assert str(comparison).startswith(words)
