"""A migrated project computes, on today's flax, what it computed on the flax it was written for."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jax", reason="numbers need the extra `runtime`")
pytest.importorskip("flax", reason="numbers need the extra `runtime`")

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
CASES = sorted(file.parent for file in FIXTURES.glob("projects/*/golden.npz"))


def _load_record():
    spec = importlib.util.spec_from_file_location("fixtures_record", FIXTURES / "record.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


RECORD = _load_record()


def test_every_complete_project_has_golden_numbers():
    pairs = {folder.parent for folder in FIXTURES.glob("projects/*/after")}
    assert {case for case in pairs if not (case / "refused.txt").exists()} == set(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_same_numbers(case: Path):
    actual = RECORD.run_project(case / "after")
    with np.load(case / "golden.npz") as golden:
        assert sorted(actual) == sorted(golden.files)
        for path in golden.files:
            expected = golden[path]
            assert actual[path].shape == expected.shape, path
            assert actual[path].dtype == expected.dtype, path
            np.testing.assert_allclose(actual[path], expected, rtol=1e-6, atol=1e-6, err_msg=path)
