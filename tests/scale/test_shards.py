"""A run in parts is the whole run, whatever the parts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rnn_codemod import FileResult, Mode, Options, Shard, migrate_paths

COUNTS = [1, 2, 3, 7]
WHOLE = Shard(1, 1)
FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
CASES = [*sorted(FIXTURES.glob("projects/*/before")), *sorted(FIXTURES.glob("idiomatic/*/before"))]


def run(shard: Shard = WHOLE, mode: Mode = Mode.DIFF) -> list[FileResult]:
    return list(migrate_paths(["."], Options(), mode, shard=shard))


@pytest.mark.parametrize("count", COUNTS)
def test_the_parts_make_the_whole(
    project: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.chdir(project)
    (project / "dangling.py").symlink_to("nowhere.py")
    whole = run()
    parts = [run(Shard(number, count)) for number in range(1, count + 1)]
    together = [result for part in parts for result in part]
    assert sorted(together, key=by_path) == sorted(whole, key=by_path)
    for part in parts:
        paths = [result.path for result in part]
        assert paths == [result.path for result in whole if result.path in paths]
    changed = {result.path for result in whole if result.before != result.after}
    assert {"cells/leaky.py", "train_0.py", "guide.md", "done/pyproject.toml"} <= changed
    assert "cells/held.py" not in changed
    assert any(result.path == "requirements.txt" and result.refused for result in whole)


def by_path(result: FileResult) -> str:
    return result.path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.parent.name)
def test_the_parts_of_every_project(case: Path) -> None:
    options = Options(style="idiomatic" if case.parent.parent.name == "idiomatic" else "minimal")

    def results(shard: Shard) -> list[FileResult]:
        return list(migrate_paths([str(case)], options, Mode.DIFF, shard=shard))

    whole = sorted(results(WHOLE), key=by_path)
    for count in (2, 3, 7):
        parts = [result for n in range(1, count + 1) for result in results(Shard(n, count))]
        assert sorted(parts, key=by_path) == whole


def test_written_in_parts_from_the_same_files(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = []
    for number in (1, 2, 3):
        copy = tmp_path_factory.mktemp("copy") / "project"
        shutil.copytree(project, copy)
        monkeypatch.chdir(copy)
        run(Shard(number, 3), Mode.WRITE)
        copies.append(contents(copy))
    before = contents(project)
    monkeypatch.chdir(project)
    run(mode=Mode.WRITE)
    for name, text in contents(project).items():
        changed = [copy[name] for copy in copies if copy[name] != before[name]]
        assert changed == ([text] if text != before[name] else [])


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_part_does_not_depend_on_how_a_file_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    shard = Shard(2, 3)
    for path in ("train_1.py", "./train_1.py", "cells/../train_1.py", str(project / "train_1.py")):
        assert shard.holds(path) == shard.holds("train_1.py")


def test_parts_are_of_one_size() -> None:
    names = [f"package_{n // 40}/module_{n}.py" for n in range(4000)]
    sizes = [sum(map(Shard(number, 8).holds, names)) for number in range(1, 9)]
    assert sum(sizes) == len(names)
    assert min(sizes) > 400


def test_a_file_stays_in_its_part() -> None:
    """Recipes in CI compare runs of different days and machines."""
    assert [next(n for n in range(1, 6) if Shard(n, 5).holds(f"{name}.py")) for name in "abcd"] == [
        4, 2, 4, 4,
    ]  # fmt: skip


@pytest.mark.parametrize("written", ["", "1", "0/2", "3/2", "-1/2", "1/0", "1/2/3", "a/b", "1.0/2"])
def test_no_shard(cli, tmp_path: Path, written: str) -> None:  # type: ignore[no-untyped-def]
    for command in ("check", "migrate"):
        outcome = cli(command, "--shard", written, tmp_path)
        assert outcome.returncode == 2
        assert outcome.stdout == b""
        assert b"Error: Invalid value for '--shard': " in outcome.stderr.splitlines()[-1]


def test_what_has_no_parts(cli) -> None:  # type: ignore[no-untyped-def]
    for words, said in (
        (["check", "-"], b"--shard needs files, not -"),
        (["migrate", "--verify", "."], b"--verify needs all files, not a shard"),
    ):
        outcome = cli(*words, "--shard", "1/2")
        assert outcome.returncode == 2
        assert said in outcome.stderr


def test_on_the_command_line(cli, project: Path) -> None:  # type: ignore[no-untyped-def]
    whole = cli("check", ".", folder=project)
    parts = [cli("check", ".", "--shard", f"{n}/3", folder=project) for n in (1, 2, 3)]
    lines = sorted(line for part in parts for line in part.stdout.splitlines())
    assert lines == sorted(whole.stdout.splitlines())
    assert max(part.returncode for part in parts) == whole.returncode == 3
    looked = [int(part.stderr.split(b" files looked at")[0].split()[-1]) for part in parts]
    assert sum(looked) == int(whole.stderr.split(b" files looked at")[0].split()[-1])
