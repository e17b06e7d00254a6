"""``make packages`` on a wheel made here, without a registry and without running the package."""

from __future__ import annotations

import importlib
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

DEMO = Path(__file__).parents[2] / "fixtures" / "demo"


@pytest.fixture
def run(scripts: None) -> ModuleType:
    return importlib.import_module("run")


@pytest.fixture
def weather(run: ModuleType, tmp_path: Path):
    """A package whose wheel lies in the cache already, as after a first run."""
    folder = tmp_path / "cache" / "weather-1.0"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "weather-1.0-py3-none-any.whl", "w") as wheel:
        for file in sorted(DEMO.rglob("*.py")):
            wheel.write(file, file.relative_to(DEMO).as_posix())
        wheel.writestr("weather/late.py", CANNOT_BE_PROVED)
        wheel.writestr("weather/old.py", "print 'flax.linen.LSTMCell'\n")
    return run.Package("weather", "1.0")


CANNOT_BE_PROVED = """\
from flax import linen as nn


def build(module, name, key):
    cell = getattr(nn, name)()
    return cell.initialize_carry(key, (2,), 3), nn.LSTMCell(**module.options)
"""


def test_every_site_of_a_package_is_accounted_for(run, weather, tmp_path):
    wheel = run.fetch(weather, tmp_path / "cache")
    outcome = run.examine(weather, wheel, tmp_path / "scratch", "")
    assert outcome.failures == ()
    assert outcome.row.startswith(
        "| weather 1.0 | 6 | 10 | 8 | 2 | 2 | 3 | yes | not run | not run |"
    )
    page = run.page([outcome], "another flax")
    assert outcome.row in page.splitlines()
    assert "Before: another flax." in page
    assert "- weather 1.0, `weather/late.py:5` dynamic_name: " in page
    assert "- weather 1.0, `weather/old.py`: cannot be parsed" in page


def test_what_is_not_sound_is_told(run, weather, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "parses", lambda source: False)
    wheel = run.fetch(weather, tmp_path / "cache")
    outcome = run.examine(weather, wheel, tmp_path / "scratch", "")
    assert "weather/forecast.py does not parse" in outcome.failures


def test_a_package_that_cannot_be_had_is_an_error(run, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    registry = importlib.import_module("registry")
    with pytest.raises(registry.RegistryError, match=r"weather 2\.0"):
        registry.fetch(run.Package("weather", "2.0"), tmp_path / "cache")
