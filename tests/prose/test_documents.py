"""Whole documents: text in, text out, places refused, and the same numbers."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from rnn_codemod.files.documents import reader
from rnn_codemod.files.magics import UNKNOWN
from rnn_codemod.findings import Options
from rnn_codemod.results import FileResult
from rnn_codemod.run import migrate_bytes

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
ROOMS = ("notebooks", "prose")


def cases(stem: str) -> list:
    found = sorted(path for room in ROOMS for path in FIXTURES.glob(f"{room}/*/{stem}.*"))
    return [
        pytest.param(path, id=f"{path.parent.name}{path.suffix}")
        for path in found
        if path.suffix != ".txt"
    ]


def treated(path: Path) -> FileResult:
    return migrate_bytes(path.read_bytes(), path.name, Options())


def places(path: Path, result: FileResult) -> list[str]:
    cell = "(cell" if path.suffix == ".ipynb" else "\0"
    return [
        f"{it.line}:{it.column} {it.rule} {''.join(it.message.partition(cell)[1:])}".rstrip()
        for it in sorted(result.refused, key=lambda it: (it.line, it.column))
    ]


def expected(path: Path) -> list[str]:
    note = path.parent / "refused.txt"
    return note.read_text().splitlines() if note.exists() else []


@pytest.mark.parametrize("path", cases("unchanged"))
def test_nothing_happens(path: Path) -> None:
    result = treated(path)
    assert result.problem is None
    assert (result.rewritten, result.refused, result.after) == ((), (), b"")


@pytest.mark.parametrize("path", cases("refused"))
def test_refused_as_it_stands(path: Path) -> None:
    result = treated(path)
    assert (result.rewritten, result.after) == ((), b"")
    assert places(path, result) == expected(path)


@pytest.mark.parametrize("path", cases("before"))
def test_rewritten(path: Path) -> None:
    result = treated(path)
    assert result.problem is None
    assert result.after == path.with_stem("after").read_bytes()
    assert places(path, result) == expected(path)


@pytest.mark.parametrize("path", cases("after"))
def test_second_run_changes_nothing(path: Path) -> None:
    result = treated(path)
    assert (result.rewritten, result.after) == ((), b"")
    assert len(result.refused) == len(expected(path))


def test_quiet_cases_are_at_least_as_many() -> None:
    assert len(cases("unchanged") + cases("refused")) >= len(cases("before"))


def code(path: Path) -> str:
    """All code of the document; what magics give is nothing here."""
    main = reader(path.name)(path.read_text(encoding="utf-8"))[0]
    return "\n".join([f"{UNKNOWN} = None", main.prelude, *(block.code for block in main.blocks)])


def running() -> list:
    return [case for case in cases("before") if "def probe" in code(case.values[0])]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("path", running())
def test_same_numbers(path: Path) -> None:
    reason = "numbers need the extra `runtime`"
    np = pytest.importorskip("numpy", reason=reason)
    deprecated = pytest.importorskip("rnn_runtime.deprecated", reason=reason)
    spec = importlib.util.spec_from_file_location("fixtures_record", FIXTURES / "record.py")
    record = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(record)
    with deprecated.legacy_names():
        before = record.run_probe(code(path), path)
    after_path = path.with_stem("after")
    after = record.run_probe(code(after_path), after_path)
    assert list(after) == list(before)
    for name, array in before.items():
        assert after[name].dtype == array.dtype, name
        np.testing.assert_array_equal(after[name], array, err_msg=name)
