"""The scripts of ``benchmarks/packages`` import one another by name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = Path(__file__).parents[2] / "benchmarks" / "packages"
    monkeypatch.syspath_prepend(str(folder))
    yield
    for script in folder.glob("*.py"):
        sys.modules.pop(script.stem, None)
