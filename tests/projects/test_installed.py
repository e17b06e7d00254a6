"""Bases in installed packages: read where a class leads there, and never written."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rnn_codemod import Mode, Options, migrate_paths
from rnn_codemod.packages import site_packages

CELLS = "import flax.linen as nn\n\n\nclass ScaledCell(nn.GRUCell):\n    scale: float = 0.5\n"
MODEL = """import flax.linen as nn
from cellkit import ScaledCell


class Mine(ScaledCell):
    pass


def step(carry, x):
    carry, x = Mine()(carry, x)
    return ScaledCell(scale=0.1)(carry, x)
"""
MIGRATED = MODEL.replace("Mine()", "Mine(features=carry.shape[-1])").replace(
    "ScaledCell(scale", "ScaledCell(features=carry.shape[-1], scale"
)


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    home = tmp_path / "site-packages"
    (home / "cellkit").mkdir(parents=True)
    (home / "cellkit" / "__init__.py").write_text("from ._cells import ScaledCell\n")
    (home / "cellkit" / "_cells.py").write_text(CELLS)
    return home


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    file = tmp_path / "project" / "model.py"
    file.write_text(MODEL)
    return file


def _after(model: Path, packages: Path | None, **more) -> str:
    options = Options(site_packages=() if packages is None else (str(packages),))
    (result,) = migrate_paths([str(model.parent)], options, Mode.DIFF, **more)
    return (result.after or result.before or model.read_bytes()).decode()


OTHERS = {
    "a carry of its own": CELLS + "    @staticmethod\n    def initialize_carry(rng, b, n): ...\n",
    "any cell": CELLS.replace("GRUCell", "RNNCellBase"),
    "no cell": CELLS.replace("GRUCell", "Module"),
    "nothing of flax": "class ScaledCell: ...\n",
    "cannot be parsed": "import flax\nclass ScaledCell(\n",
}


@pytest.mark.parametrize("case", OTHERS)
def test_left_alone(case: str, packages: Path, model: Path) -> None:
    (packages / "cellkit" / "_cells.py").write_text(OTHERS[case])
    assert _after(model, packages) == MODEL


def test_nothing_is_read_unless_the_folder_is_given(packages: Path, model: Path) -> None:
    assert _after(model, None) == MODEL


def test_a_module_of_the_project_comes_first(packages: Path, model: Path) -> None:
    model.with_name("cellkit.py").write_text("class ScaledCell: ...\n")
    options = Options(site_packages=(str(packages),))
    results = list(migrate_paths([str(model.parent)], options, Mode.DIFF))
    assert not any(result.after for result in results)


def test_the_base_is_found(packages: Path, model: Path) -> None:
    before = {path: path.read_bytes() for path in packages.rglob("*.py")}
    assert _after(model, packages) == MIGRATED
    assert {path: path.read_bytes() for path in packages.rglob("*.py")} == before


def test_a_package_may_have_the_class_from_another(packages: Path, model: Path) -> None:
    (packages / "elsewhere.py").write_text(CELLS)
    (packages / "cellkit" / "_cells.py").write_text(
        "import flax\nfrom elsewhere import ScaledCell\n"
    )
    assert _after(model, packages) == MIGRATED


def test_any_executor_gives_the_same(packages: Path, model: Path) -> None:
    with ThreadPoolExecutor(2) as executor:
        assert _after(model, packages, executor=executor) == MIGRATED


def test_a_kept_result_is_for_the_packages_that_were_read(
    packages: Path, model: Path, tmp_path: Path
) -> None:
    kept = str(tmp_path / "cache")
    assert _after(model, packages, cache=kept) == MIGRATED
    assert _after(model, packages, cache=kept) == MIGRATED
    (packages / "cellkit" / "_cells.py").write_text(OTHERS["no cell"])
    assert _after(model, packages, cache=kept) == MODEL
    assert _after(model, None, cache=kept) == MODEL


def test_the_active_environment_comes_first(tmp_path: Path, monkeypatch) -> None:
    home = tmp_path / "lib" / "python3.11" / "site-packages"
    home.mkdir(parents=True)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    assert site_packages() == (str(home),)
    monkeypatch.delenv("VIRTUAL_ENV")
    assert all(Path(folder).is_dir() for folder in site_packages())
