"""Small projects before and after: pins raised, refused or left alone, and not a byte more."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from rnn_codemod.findings import Finding, Options
from rnn_codemod.results import FileResult
from rnn_codemod.run import Mode, migrate_paths

CASES = sorted(path.parent for path in Path(__file__).parents[2].glob("fixtures/flax_pin/*/before"))


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def run(folder: Path, mode: Mode) -> list[FileResult]:
    return list(migrate_paths([str(folder)], Options(), mode))


def places(folder: Path, results: list[FileResult], kind: str) -> list[str]:
    def place(path: str, finding: Finding) -> str:
        name = os.path.relpath(path, folder).replace(os.sep, "/")
        return f"{name}:{finding.line}:{finding.column} {finding.rule}"

    found = [place(r.path, finding) for r in results for finding in getattr(r, kind)]
    return sorted(line for line in found if line.endswith(" flax_pin"))


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(request.param / "before", tmp_path / "project"))


def cases() -> pytest.MarkDecorator:
    values = [pytest.param(case, case, id=case.name) for case in CASES]
    return pytest.mark.parametrize("project, case", values, indirect=["project"])


@cases()
def test_migrate(project: Path, case: Path) -> None:
    results = run(project, Mode.WRITE)
    expected = case / "after" if (case / "after").exists() else case / "before"
    assert tree(project) == tree(expected)
    assert places(project, results, "refused") == (case / "told.txt").read_text().splitlines()
    assert not [result.problem for result in results if result.problem]
    for result in results:
        assert all(finding.reason for finding in result.refused)


@cases()
def test_check_and_diff_tell_what_migrate_does_and_write_nothing(project: Path, case: Path) -> None:
    checked = [run(project, mode) for mode in (Mode.CHECK, Mode.DIFF)]
    assert tree(project) == tree(case / "before")
    migrated = run(project, Mode.WRITE)
    for results in checked:
        for kind in ("rewritten", "refused"):
            assert places(project, results, kind) == places(project, migrated, kind)
        changed = [(r.path, r.after) for r in results if r.after]
        assert changed == [(r.path, r.after) for r in migrated if r.after]


@cases()
def test_a_second_run_changes_nothing(project: Path, case: Path) -> None:
    run(project, Mode.WRITE)
    before = tree(project)
    results = run(project, Mode.WRITE)
    assert tree(project) == before
    assert places(project, results, "rewritten") == []
    assert places(project, results, "refused") == (case / "told.txt").read_text().splitlines()


def pins_of(case: Path) -> bool:
    """Whether a file that is no Python, or a setup.py, changes in the case."""
    if not (case / "after").exists():
        return False
    before, after = tree(case / "before"), tree(case / "after")
    return any(
        before[name] != after[name]
        for name in before
        if not name.endswith(".py") or name.endswith("setup.py")
    )


def test_quiet_cases_are_many() -> None:
    quiet = [case for case in CASES if not pins_of(case)]
    assert 2 * len(quiet) >= len(CASES)
