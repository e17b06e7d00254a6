"""Correct migrations: none is accused."""

from __future__ import annotations

import pytest
from workplace import FIXTURES, Verified, Workplace

QUICK = (
    "static_carry/scanned_gru",
    "rnn_size/bidirectional",
    "lifted_class/remat_and_vmap",
    "custom_cell/pair_carry_in_rnn",
    "conv_lstm/one_cell",
    "init_fn/of_the_user",
    "instance_carry/half_precision_parameters",
)
STEP_BECOMES_SEQUENCE = (
    "idiomatic/carry_inside_call",
    "idiomatic/carry_inside_call_of_a_layer",
    "idiomatic/line_separators",
)
"""Here a layer that was called at every step is called once: its calls cannot be compared."""

DRIVER = "from importlib import import_module\nfor name in {}:\n    import_module(name).probe()\n"
PROJECTS_DRIVER = """\
import subprocess, sys
for name in {}:
    code = "import probe; probe.probe()"
    subprocess.run([sys.executable, "-c", code], cwd=name, check=True)
"""


def all_cases() -> list[str]:
    """Those of one file, and of flax 0.6.11: nothing stands in for another flax."""
    found = sorted(file.parent for file in FIXTURES.glob("*/*/after.py"))
    found = [it for it in found if (it / "golden.npz").exists()]
    names = [f"{it.parent.name}/{it.name}" for it in found if not (it / "flax.txt").exists()]
    return [name for name in names if name not in STEP_BECOMES_SEQUENCE]


def all_projects() -> list[str]:
    """Those whose probe was recorded on flax 0.6.11."""
    found = sorted(file.parent for file in FIXTURES.glob("projects/*/golden.npz"))
    return [it.name for it in found if not (it / "flax.txt").exists()]


def verify_projects(place: Workplace, *words: str) -> None:
    """Verifies the projects in one run, each in a process of its own; none may be accused."""
    names = all_projects()
    for name in names:
        place.project(name)
    driver = PROJECTS_DRIVER.format(names)
    place.write(driver, driver, "driver.py")
    result = none_accused(place, *words)
    print(f"{len(names)} projects,", result.out.splitlines()[-1])


def verify_together(place: Workplace, cases: list[str], *words: str) -> set[str]:
    """Verifies the cases in one run; none may be accused. Returns the outcomes."""
    names = [case.replace("/", "__") for case in cases]
    for case, name in zip(cases, names, strict=True):
        place.fixture(case, f"{name}.py")
    driver = DRIVER.format(names)
    place.write(driver, driver, "driver.py")
    result = none_accused(place, *words)
    print(f"{len(cases)} cases,", result.out.splitlines()[-1])
    return {verdict["outcome"] for verdict in result.verdicts().values()}


def none_accused(place: Workplace, *words: str) -> Verified:
    result = place.verify(*words, "--", "driver.py")
    assert result.disagreeing() == {}
    assert result.code == 0, result.out + result.err
    return result


def test_a_few_fixtures(place: Workplace):
    assert verify_together(place, list(QUICK)) == {"identical"}


@pytest.mark.slow
def test_all_fixtures(place: Workplace):
    verify_together(place, all_cases())


@pytest.mark.slow
def test_all_fixtures_against_real_flax_06(place: Workplace, legacy: tuple[str, str]):
    # Without optimizations two releases of jax draw orthogonal kernels that are 3e-6 apart.
    del place.environment["JAX_DISABLE_MOST_OPTIMIZATIONS"]
    verify_together(place, all_cases(), *legacy)


@pytest.mark.slow
def test_all_projects(place: Workplace):
    verify_projects(place)


@pytest.mark.slow
def test_all_projects_against_real_flax_06(place: Workplace, legacy: tuple[str, str]):
    del place.environment["JAX_DISABLE_MOST_OPTIMIZATIONS"]
    verify_projects(place, *legacy)


def test_migrated_in_a_scratch_copy(place: Workplace):
    place.fixture("static_carry/scanned_gru")
    text = (place.folder / "before" / "model.py").read_text()
    result = place.verify(folder="before", before="")
    assert result.code == 0, result.out + result.err
    assert "the tree, migrated in a scratch copy" in result.out
    assert "ScannedMemory/GRUCell_0" in result.verdicts()
    assert result.data["not_exercised"] == []
    assert (place.folder / "before" / "model.py").read_text() == text
    assert place.left_behind() == []
    assert [path.name for path in (place.folder / "before").iterdir()] == ["model.py"]
