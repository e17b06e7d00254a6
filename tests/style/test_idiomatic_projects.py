"""Wrappers over several files: they change in all of them, or keep their signature in all."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from rnn_codemod import Mode, Options, migrate_paths
from rnn_codemod.results import FileResult

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
CASES = sorted(folder.parent for folder in FIXTURES.glob("idiomatic/*/before"))
KEPT = [case for case in CASES if (case / "kept.txt").exists()]
CHANGED = [case for case in CASES if (case / "after").exists()]
IDIOMATIC = Options(style="idiomatic")


def _texts(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.py")}


def _copied(case: Path, part: str, into: Path) -> Path:
    return Path(shutil.copytree(case / part, into / part))


def _migrate(paths: list[Path], options: Options, processes: int = 0) -> list[FileResult]:
    names = [str(path) for path in paths]
    return list(migrate_paths(names, options, Mode.WRITE, processes=processes))


def _named(cases: list[Path]) -> list:
    return [pytest.param(case, id=case.name) for case in cases]


@pytest.mark.parametrize("case", _named(KEPT))
def test_all_keep_the_form_of_the_default_style_and_one_says_why(case: Path, tmp_path: Path):
    folder = _copied(case, "before", tmp_path / "idiomatic")
    other = _copied(case, "before", tmp_path / "minimal")
    results = _migrate([folder], IDIOMATIC)
    _migrate([other], Options())
    assert _texts(folder) == _texts(other) != _texts(case / "before")
    told = [
        f"{Path(os.path.relpath(result.path, folder)).as_posix()}: {warning}"
        for result in results
        for warning in result.warnings
    ]
    assert told == (case / "kept.txt").read_text().splitlines()


@pytest.mark.parametrize("case", _named(CHANGED))
@pytest.mark.parametrize("processes", [0, 2])
@pytest.mark.parametrize("order", ["folder", "forwards", "backwards"])
def test_all_change_together(case: Path, processes: int, order: str, tmp_path: Path):
    folder = _copied(case, "before", tmp_path)
    files = sorted(folder.rglob("*.py"), reverse=order == "backwards")
    results = _migrate([folder] if order == "folder" else files, IDIOMATIC, processes)
    assert _texts(folder) == _texts(case / "after")
    assert not any(result.warnings or result.refused for result in results)


@pytest.mark.parametrize("case", _named(CHANGED))
def test_a_second_run_changes_nothing(case: Path, tmp_path: Path):
    folder = _copied(case, "after", tmp_path)
    results = _migrate([folder], IDIOMATIC)
    assert _texts(folder) == _texts(case / "after")
    assert not any(result.rewritten for result in results)


@pytest.mark.parametrize("case", _named(CHANGED))
def test_same_numbers(case: Path):
    pytest.importorskip("flax", reason="numbers need the extra `runtime`")
    file = FIXTURES / "record.py"
    spec = importlib.util.spec_from_file_location("fixtures_record", file)
    assert spec is not None and spec.loader is not None
    record = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(record)
    actual = record.run_project(case / "after")
    with np.load(case / "golden.npz") as golden:
        assert sorted(actual) == sorted(golden.files)
        for path in golden.files:
            assert actual[path].shape == golden[path].shape, path
            assert actual[path].dtype == golden[path].dtype, path
            np.testing.assert_allclose(
                actual[path], golden[path], rtol=1e-6, atol=1e-6, err_msg=path
            )


def test_cases_in_which_the_signature_is_kept_are_at_least_as_many():
    kept = list(FIXTURES.glob("idiomatic/*/kept.txt"))
    changed = list(FIXTURES.glob("idiomatic/*/golden.npz"))
    assert len(kept) >= len(changed) > 0
