"""A workplace for each test of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from workplace import Workplace

pytest.importorskip("jax", reason="verify needs the extra `runtime`")
pytest.importorskip("flax", reason="verify needs the extra `runtime`")


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)
