"""Projects of several files: one meaning, whatever the order of the files or the processes."""

from __future__ import annotations

import ast
import os
import shutil
from pathlib import Path

import pytest

from rnn_codemod import Mode, Options, migrate_paths
from rnn_codemod.results import FileResult

PROJECTS = Path(__file__).resolve().parents[2] / "fixtures" / "projects"
CASES = sorted(folder.parent for folder in PROJECTS.glob("*/before"))
QUIET = [case for case in CASES if not (case / "after").exists()]
REWRITTEN = [case for case in CASES if (case / "after").exists()]


def _texts(folder: Path) -> dict[str, bytes]:
    """Every Python file below ``folder``, by its path there."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.py")}


def _expected(case: Path) -> dict[str, bytes]:
    after = case / "after"
    return _texts(after if after.exists() else case / "before")


def _refusals(case: Path) -> list[str]:
    note = case / "refused.txt"
    return note.read_text().splitlines() if note.exists() else []


def _migrate(paths: list[Path], processes: int = 0) -> list[FileResult]:
    names = [str(path) for path in paths]
    return list(migrate_paths(names, Options(), Mode.WRITE, processes=processes))


def _told(results: list[FileResult], folder: Path) -> list[str]:
    found = sorted(
        (os.path.relpath(result.path, folder), refusal.line, refusal.column, refusal.rule)
        for result in results
        for refusal in result.refused
    )
    return [f"{Path(path).as_posix()}:{line}:{column} {rule}" for path, line, column, rule in found]


@pytest.fixture
def copied(tmp_path: Path):
    def copy(case: Path, part: str = "before") -> Path:
        return Path(shutil.copytree(case / part, tmp_path / case.name))

    return copy


def _named(cases: list[Path]) -> list:
    return [pytest.param(case, id=case.name) for case in cases]


@pytest.mark.parametrize("case", _named(QUIET))
def test_nothing_is_rewritten(case: Path, copied):
    folder = copied(case)
    results = _migrate([folder])
    assert _texts(folder) == _expected(case)
    assert not any(result.rewritten for result in results)
    assert _told(results, folder) == _refusals(case)


@pytest.mark.parametrize("case", _named(REWRITTEN))
def test_rewritten(case: Path, copied):
    folder = copied(case)
    results = _migrate([folder])
    assert _texts(folder) == _expected(case)
    assert any(result.rewritten for result in results)
    assert _told(results, folder) == _refusals(case)


@pytest.mark.parametrize("case", _named(REWRITTEN))
def test_second_run_changes_nothing(case: Path, copied):
    folder = copied(case, "after")
    results = _migrate([folder])
    assert _texts(folder) == _expected(case)
    assert not any(result.rewritten for result in results)


@pytest.mark.parametrize("case", _named(CASES))
@pytest.mark.parametrize("backwards", [False, True])
def test_any_order_of_the_files_gives_the_same(case: Path, backwards: bool, copied):
    folder = copied(case)
    files = sorted(folder.rglob("*.py"), reverse=backwards)
    results = _migrate(files)
    assert _texts(folder) == _expected(case)
    assert _told(results, folder) == _refusals(case)


@pytest.mark.parametrize("case", _named(CASES))
@pytest.mark.parametrize("processes", [1, 3])
def test_any_number_of_processes_gives_the_same(case: Path, processes: int, copied):
    folder = copied(case)
    results = _migrate([folder], processes)
    assert _texts(folder) == _expected(case)
    assert _told(results, folder) == _refusals(case)


@pytest.mark.parametrize("case", _named(REWRITTEN))
def test_results_are_python(case: Path):
    for text in _expected(case).values():
        ast.parse(text)


def test_a_file_that_cannot_be_read_is_told_of(copied):
    folder = copied(PROJECTS / "syntax_error_beside_a_cell")
    broken = [result.path for result in _migrate([folder]) if result.problem]
    assert broken == [str(folder / "pkg" / "broken.py")]


def test_projects_in_which_nothing_is_rewritten_are_at_least_as_many():
    assert len(QUIET) >= len(REWRITTEN) > 0


def test_transforms_are_known_where_flax_itself_is_among_the_files(tmp_path: Path) -> None:
    linen = tmp_path / "flax" / "linen"
    linen.mkdir(parents=True)
    (tmp_path / "flax" / "__init__.py").write_text("")
    (linen / "__init__.py").write_text("from .transforms import scan\n")
    (linen / "transforms.py").write_text("def scan(target, **options):\n    return target\n")
    model = tmp_path / "model.py"
    model.write_text(
        "import flax.linen as nn\n\n\n"
        "def run(carry, xs):\n"
        '    Cell = nn.scan(nn.GRUCell, variable_broadcast="params")\n'
        "    return Cell()(carry, xs)\n"
    )
    _migrate([tmp_path])
    assert "Cell(features=carry.shape[-1])(carry, xs)" in model.read_text()
