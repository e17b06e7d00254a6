"""A workplace for each test of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from workplace import LEGACY_PYTHON, Workplace

pytest.importorskip("jax", reason="verify needs the extra `runtime`")
pytest.importorskip("flax", reason="verify needs the extra `runtime`")


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


@pytest.fixture
def legacy() -> tuple[str, str]:
    """The words that ask for real flax 0.6.11 before."""
    if not LEGACY_PYTHON.exists():
        pytest.skip("needs an environment with flax 0.6.11: make goldens")
    return ("--before-python", str(LEGACY_PYTHON))
