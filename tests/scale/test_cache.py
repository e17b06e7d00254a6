"""A result that was kept is the result of a run without any kept."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rnn_codemod import FileResult, Mode, Options, migrate_paths
from rnn_codemod.cache import entries as cache
from rnn_codemod.cache import shelf, whole
from rnn_codemod.cache.traced import CHANGED, Traced, digest
from rnn_codemod.treat import the_rules
from rnn_codemod.tree import Disk

ROOT = Path(__file__).parents[2]


@pytest.fixture
def kept(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("kept"))


def run(
    kept: str | None, options: Options | None = None, mode: Mode = Mode.DIFF, processes: int = 0
) -> list[FileResult]:
    options = options or Options()
    return list(migrate_paths(["."], options, mode, processes=processes, cache=kept))


def entries(kept: str) -> list[Path]:
    return sorted(Path(kept).rglob("*.json"))


@pytest.fixture
def treated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were worked out, as they are."""
    seen: list[str] = []
    original = cache._traced

    def traced(work, tree, job):  # type: ignore[no-untyped-def]
        seen.append(job.path)
        return original(work, tree, job)

    monkeypatch.setattr(cache, "_traced", traced)
    return seen


def without_broken(treated: list[str]) -> set[str]:
    """What failed is tried again each time."""
    return set(treated) - {"broken.py"}


def test_nothing_is_worked_out_twice(
    project: Path, monkeypatch: pytest.MonkeyPatch, kept: str, treated: list[str]
) -> None:
    monkeypatch.chdir(project)
    before = sorted(project.rglob("*"))
    expected = run(None)
    assert not treated
    assert run(kept) == expected
    assert {"cells/leaky.py", "train_0.py", "guide.md"} <= set(treated)
    treated.clear()
    assert run(kept) == expected
    assert not without_broken(treated)
    assert sorted(project.rglob("*")) == before


def test_every_kind_of_result_survives(
    project: Path, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    monkeypatch.chdir(project)
    (project / "latin.py").write_bytes(
        b"# coding: latin-1\n# \xe9\r\n"
        b"from flax import linen as nn\r\nx = nn.RNN(nn.GRUCell(), 4)\r\n"
    )
    (project / os.fsdecode(b"odd\xff.py")).write_text(
        "from flax import linen as nn\ncell = nn.LSTMCell()\n"
    )
    (project / "warned.py").write_text(
        "from flax import linen as nn\n\nx = 1  # rnn-codemod: ignore\nc = nn.GRUCell()\n"
    )
    expected = run(None)
    assert any(result.warnings for result in expected)
    assert any(result.refused and result.refused[0].recipe for result in expected)
    run(kept)
    assert run(kept) == expected


def shadow(project: Path) -> None:
    (project / "cells/sizes.py").write_text("WIDTH = 3\n")
    (project / "sizes").mkdir()
    (project / "sizes/__init__.py").write_text("WIDTH = int(input())\n")


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file that it imports": lambda it: (it / "cells/leaky.py").write_text(
        "class Leaky:\n    pass\n"
    ),
    "a user of its cells": lambda it: (it / "train_1.py").write_text(
        "from cells import Leaky\nregistry = [Leaky]\n"
    ),
    "one user less": lambda it: (it / "hold.py").unlink(),
    "one user more": lambda it: (it / "new.py").write_text(
        "from cells import Leaky\nx = [Leaky]\n"
    ),
    "no file that it imports": lambda it: (it / "sizes.py").unlink(),
    "a package in front of a module": shadow,
    "another way to the cell": lambda it: (it / "cells/__init__.py").write_text(
        "from cells.held import Held as Leaky\n"
    ),
    "the file itself": lambda it: (it / "train_2.py").write_text(
        "from flax import linen as nn\n\nlayer = nn.RNN(nn.LSTMCell(), 5)\n"
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_it_depends_on_has_changed(
    project: Path, monkeypatch: pytest.MonkeyPatch, kept: str, change: Callable[[Path], object]
) -> None:
    monkeypatch.chdir(project)
    before = run(kept)
    change(project)
    expected = run(None)
    assert expected != before
    assert run(kept) == expected


OPTIONS = [
    Options(target="runtime"),
    Options(unsafe=True, annotate=True),
    Options(style="idiomatic"),
    Options(ignore=frozenset({"static_carry", "custom_cell"})),
    Options(select=frozenset({"migrated", "rnn_size"})),
]


def test_other_options(project: Path, monkeypatch: pytest.MonkeyPatch, kept: str) -> None:
    monkeypatch.chdir(project)
    run(kept)
    for options in OPTIONS:
        assert run(kept, options) == run(None, options)


def test_another_version(
    project: Path, monkeypatch: pytest.MonkeyPatch, kept: str, treated: list[str]
) -> None:
    monkeypatch.chdir(project)
    run(kept)
    for name, other in (("_code", lambda: "other"), ("sys", type("Other", (), {"version": "4"}))):
        treated.clear()
        with monkeypatch.context() as changed:
            changed.setattr(cache, name, other)
            run(kept)
        assert "train_0.py" in treated


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "a bit": lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
    "no text": lambda data: b"\xff\x00" * 40,
    "foreign": lambda data: signed(b"[]"),
    "nested": lambda data: signed(b'{"key": 1, "trace": [], "result": []}'),
    "of another kind": lambda data: signed(
        json.dumps({"key": last_line(data)["key"], "trace": 5}).encode()
    ),
    "no result": lambda data: signed(
        json.dumps({**last_line(data), "result": {"path": 1, "before": 2}}).encode()
    ),
}


def last_line(data: bytes) -> dict[str, object]:
    found: dict[str, object] = json.loads(data.split(b"\n")[-2])
    return found


def signed(body: bytes) -> bytes:
    return body + b"\n" + digest(body).encode()


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damaged_entries(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    kept: str,
    treated: list[str],
    damage: Callable[[bytes], bytes],
) -> None:
    monkeypatch.chdir(project)
    expected = run(kept)
    for entry in entries(kept):
        entry.write_bytes(damage(entry.read_bytes()))
    assert run(kept) == expected
    treated.clear()
    assert run(kept) == expected
    assert not without_broken(treated)


def test_entries_in_each_others_place(
    project: Path, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    monkeypatch.chdir(project)
    expected = run(kept)
    data = [entry.read_bytes() for entry in entries(kept)]
    for entry, other in zip(entries(kept), data[1:] + data[:1], strict=True):
        entry.write_bytes(other)
    assert run(kept) == expected


@pytest.fixture
def worked(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The work that a run asks of single entries; a whole run that is recalled asks none."""
    monkeypatch.chdir(project)
    asked: list[str] = []
    original = cache.Cache._load

    def load(self, key):  # type: ignore[no-untyped-def]
        asked.append(json.loads(key)["path"])
        return original(self, key)

    monkeypatch.setattr(cache.Cache, "_load", load)
    return asked


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_whole_run_is_not_recalled_after_a_change(
    project: Path, worked: list[str], kept: str, change: Callable[[Path], object]
) -> None:
    run(kept)
    change(project)
    worked.clear()
    assert run(kept) == run(None)
    assert set(worked) > {"broken.py"}
    worked.clear()
    assert run(kept) == run(None)
    assert worked == ["broken.py"]


def test_a_whole_run_is_recalled(project: Path, worked: list[str], kept: str) -> None:
    expected = run(None)
    assert run(kept) == expected
    worked.clear()
    assert run(kept) == run(kept, mode=Mode.CHECK) == expected
    assert worked == ["broken.py"] * 2  # What failed is tried again.
    assert run(kept, Options(unsafe=True)) == run(None, Options(unsafe=True))


def test_a_whole_run_that_would_write_is_decided_anew(
    project: Path, worked: list[str], kept: str
) -> None:
    run(kept)
    worked.clear()
    expected = {it.path: it.after for it in run(None) if it.after}
    run(kept, mode=Mode.WRITE)
    assert "train_0.py" in worked
    assert {path: Path(path).read_bytes() for path in expected} == expected


def test_a_file_that_changes_during_the_run(
    project: Path, worked: list[str], kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First its bytes are looked at, then it is treated; in between someone saves it."""
    path = project / "train_0.py"
    before = path.read_bytes()
    after = before.replace(b"WIDTH)", b"7)")
    looked = whole.Whole.recalled

    def change(self):  # type: ignore[no-untyped-def]
        path.write_bytes(after)
        return looked(self)

    with monkeypatch.context() as changed:
        changed.setattr(whole.Whole, "recalled", change)
        run(kept)
    for data in (before, after):
        path.write_bytes(data)
        worked.clear()
        assert run(kept) == run(None)
        assert "train_0.py" in worked


def test_two_answers_to_one_question_never_hold(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    tree = Traced(Disk(), {})
    for text in ("one", "two", "one"):
        path.write_text(text)
        tree.read(str(path))
    assert tree.trace == {("read", str(path)): CHANGED}


def test_no_place_to_keep_anything(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    expected = run(None)
    assert run(str(project / "sizes.py")) == expected
    assert run(str(project / "sizes.py" / "below")) == expected


def test_random_edits(project: Path, monkeypatch: pytest.MonkeyPatch, kept: str) -> None:
    monkeypatch.chdir(project)
    chance = random.Random(5)
    texts = {path: path.read_bytes() for path in sorted(project.rglob("*.py"))}
    for _ in range(60):
        path = chance.choice(list(texts))
        match chance.randrange(5):
            case 0:
                path.unlink(missing_ok=True)
            case 1:
                path.write_bytes(chance.choice(list(texts.values())))
            case 2:
                data = texts[path]
                at = chance.randrange(len(data) + 1)
                path.write_bytes(data[:at] + chance.choice([b"", b"#", b"\n", b" "]) + data[at:])
            case 3:
                path.write_bytes(texts[path].replace(b"WIDTH", b"OTHER"))
            case _:
                path.write_bytes(texts[path])
        assert run(kept) == run(None)


def test_processes_keep_and_find_the_same(
    project: Path, monkeypatch: pytest.MonkeyPatch, kept: str, treated: list[str]
) -> None:
    monkeypatch.chdir(project)
    expected = run(None)
    assert run(kept, processes=2) == expected
    assert run(kept, processes=2) == expected
    treated.clear()
    assert run(kept, processes=1) == expected
    assert not without_broken(treated)


def test_what_was_written_is_treated_anew(
    project: Path, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    monkeypatch.chdir(project)
    planned = {result.path: result.after for result in run(kept) if result.after}
    run(kept, mode=Mode.WRITE)
    for path, after in planned.items():
        assert Path(path).read_bytes() == after
    assert run(kept) == run(None)


def test_an_engine_that_stands_in_keeps_nothing(
    project: Path, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    monkeypatch.chdir(project)
    list(migrate_paths(["."], Options(), Mode.CHECK, cache=kept, engine=the_rules()))
    assert not entries(kept)


def test_old_entries_go(
    project: Path, monkeypatch: pytest.MonkeyPatch, kept: str, treated: list[str]
) -> None:
    monkeypatch.chdir(project)
    run(kept)
    old, young, *_ = entries(kept)
    foreign = Path(kept, "notes.txt")
    foreign.write_text("mine")
    long_ago = time.time() - (shelf.KEPT_DAYS + 1) * shelf.DAY
    os.utime(old, (long_ago, long_ago))
    marker = Path(kept, shelf.PRUNED)
    marker.unlink()
    shelf.Shelf(kept).prune()
    assert not old.exists()
    assert young.exists()
    assert foreign.exists()
    monkeypatch.setattr(shelf, "KEPT_BYTES", young.stat().st_size)
    shelf.Shelf(kept).prune()
    assert len(entries(kept)) > 1  # not yet, for today it is done
    marker.unlink()
    shelf.Shelf(kept).prune()
    assert len(entries(kept)) <= 1


def test_the_command_line(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home")
    ours = home / ".cache/rnn-codemod/results"

    def check(*words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "rnn_codemod", "check", *words, "."],
            cwd=project,
            capture_output=True,
            env={
                "PATH": "/usr/bin:/bin",
                "PYTHONPATH": str(ROOT),
                "HOME": str(home),
                **environment,
            },
        )

    plain = check("--no-cache")
    assert not ours.exists()
    assert check().stdout == check().stdout == plain.stdout != b""
    assert entries(str(ours))
    check(XDG_CACHE_HOME=str(home / "other"))
    assert entries(str(home / "other/rnn-codemod/results"))
    check("--cache-dir", str(home / "named"))
    assert entries(str(home / "named"))
    assert check("--no-cache", "--cache-dir", "x").returncode == 2
