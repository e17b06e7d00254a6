"""A run over files: what is written, what is told, and that nothing stops it."""

from __future__ import annotations

import errno
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from rnn_codemod.files import write
from rnn_codemod.findings import Options
from rnn_codemod.results import FileResult, Totals
from rnn_codemod.run import Mode, migrate_bytes, migrate_paths
from rnn_codemod.treat import Engine

SITE = b"import flax.linen as nn\r\nc = nn.LSTMCell()"
DONE = SITE.replace(b"()", b"(3)")
OTHER = b"import haiku as hk\nhk.LSTMCell()\n"

FAILING = {
    "syntax": (b"# flax\nnn.LSTMCell(", 2, "cannot be parsed: '(' was never closed (read as "),
    "python2": (b"# flax\nprint 'LSTM'", 2, "(this looks like Python 2)"),
    "nulls": (b"# flax LSTM\n\0", 2, "holds null bytes"),
    "bytes": (b"# flax LSTM \xe9", 1, "is not valid utf-8"),
    "recursion": (SITE + b"# raise-recursion", 0, "is nested too deeply"),
    "memory": (SITE + b"# raise-memory", 0, "needs more memory"),
    "value": (SITE + b"# raise-value", 0, "cannot be treated: the round trip is not exact"),
    "bug": (SITE + b"# raise-bug", 0, "internal error, please report it: KeyError: 'oops'"),
    "character": (
        b"# coding: ascii\n" + SITE + b"\n# raise-character",
        0,
        "its encoding has no character",
    ),
}
KILLING = {"signal": (SITE + b"# raise-signal", 0, "was ended by SIGKILL")}


def run(
    folder: Path, engine: Engine, mode: Mode = Mode.WRITE, processes: int | None = 0
) -> dict[str, FileResult]:
    results = migrate_paths([str(folder)], Options(), mode, processes=processes, engine=engine)
    return {os.path.relpath(result.path, folder): result for result in results}


@pytest.mark.parametrize("mode", list(Mode))
def test_others_are_left_alone(tmp_path: Path, engine: Engine, mode: Mode) -> None:
    (tmp_path / "a.py").write_bytes(OTHER)
    (tmp_path / "b.py").write_bytes(b"\0 not even Python \xff")
    before = {path: path.stat() for path in tmp_path.iterdir()}
    results = run(tmp_path, engine, mode)
    assert [replace(result, path="") for result in results.values()] == [FileResult("")] * 2
    assert {path: path.stat() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("mode", [Mode.CHECK, Mode.DIFF])
def test_no_write_unless_asked(tmp_path: Path, engine: Engine, mode: Mode) -> None:
    (tmp_path / "a.py").write_bytes(SITE)
    before = (tmp_path / "a.py").stat()
    result = run(tmp_path, engine, mode)["a.py"]
    assert (result.before, result.after, len(result.rewritten)) == (SITE, DONE, 1)
    assert (tmp_path / "a.py").stat() == before
    assert os.listdir(tmp_path) == ["a.py"]


def test_nothing_to_change_is_no_write(tmp_path: Path, engine: Engine) -> None:
    (tmp_path / "a.py").write_bytes(DONE)
    before = (tmp_path / "a.py").stat()
    run(tmp_path, engine)
    assert (tmp_path / "a.py").stat() == before


@pytest.mark.parametrize("processes", [0, 1, 3, None])
def test_one_bad_file_never_ends_the_run(
    tmp_path: Path, engine: Engine, processes: int | None
) -> None:
    failing = FAILING if processes == 0 else {**FAILING, **KILLING}
    for name, (data, _, _) in failing.items():
        (tmp_path / f"{name}.py").write_bytes(data)
    for name in ("a_first.py", "z_last.py"):
        (tmp_path / name).write_bytes(SITE)
    results = run(tmp_path, engine, processes=processes)
    assert list(results) == sorted(results)
    for name, (data, line, cause) in failing.items():
        problem = results[f"{name}.py"].problem
        assert problem is not None
        assert cause in problem.cause
        assert problem.line == line
        assert (tmp_path / f"{name}.py").read_bytes() == data
    for name in ("a_first.py", "z_last.py"):
        assert (tmp_path / name).read_bytes() == DONE


def test_any_number_of_processes_gives_the_same(tmp_path: Path, engine: Engine) -> None:
    for number in range(30):
        (tmp_path / f"{number}.py").write_bytes(SITE * (number % 3) + b"\nx = getattr" * number)
    one, *others = (run(tmp_path, engine, Mode.CHECK, n) for n in (0, 1, 2, 4))
    assert all(other == one for other in others)
    assert list(one) == sorted(one)


def test_files_are_written_in_order(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abcd":
        (tmp_path / f"{name}.py").write_bytes(SITE)
    results = migrate_paths([str(tmp_path)], Options(), Mode.WRITE, processes=2, engine=engine)
    next(results), next(results)
    results.close()
    assert [(tmp_path / f"{n}.py").read_bytes() for n in "abcd"] == [DONE, DONE, SITE, SITE]


@pytest.mark.parametrize("where", ["read", "written"])
def test_trouble_with_the_disk(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    for name in ("a.py", "bad.py", "z.py"):
        (tmp_path / name).write_bytes(SITE)
    real_open, real_replace = open, write.replace

    def failing_open(path, *arguments, **keywords):  # type: ignore[no-untyped-def]
        if str(path).endswith("bad.py"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real_open(path, *arguments, **keywords)

    def failing_replace(path: str, old: bytes, new: bytes) -> tuple[str, ...]:
        if path.endswith("bad.py"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real_replace(path, old, new)

    if where == "read":
        monkeypatch.setattr("builtins.open", failing_open)
    else:
        monkeypatch.setattr(write, "replace", failing_replace)
    results = run(tmp_path, engine)
    monkeypatch.undo()
    problem = results["bad.py"].problem
    assert problem is not None
    assert (
        problem.cause
        == {
            "read": "cannot be read: permission denied",
            "written": "cannot be written: no space left on device",
        }[where]
    )
    assert results["bad.py"].rewritten == ()
    assert [(tmp_path / name).read_bytes() for name in ("a.py", "bad.py", "z.py")] == [
        DONE, SITE, DONE,
    ]  # fmt: skip


def test_read_only(tmp_path: Path, engine: Engine) -> None:
    (tmp_path / "a.py").write_bytes(SITE)
    (tmp_path / "a.py").chmod(0o444)
    problem = run(tmp_path, engine)["a.py"].problem
    assert problem is not None
    assert problem.cause == "is read-only"
    assert (tmp_path / "a.py").read_bytes() == SITE
    assert run(tmp_path, engine, Mode.DIFF)["a.py"].problem is None


@pytest.mark.parametrize("processes", [0, 2])
@pytest.mark.parametrize(
    ("other", "used"),
    [
        (b"import m", ("used: MyCell in 1",)),
        (b"MyCells", ("used: MyCell in 1",)),
        (b"m.MyCell()", ("used: MyCell in 2",)),
        (b"# MyCell \xff\0", ("used: MyCell in 2",)),
    ],
)
def test_cells_that_other_files_mention(
    tmp_path: Path, engine: Engine, other: bytes, used: tuple[str, ...], processes: int
) -> None:
    (tmp_path / "m.py").write_bytes(b"import flax\nclass MyCell(nn.RNNCellBase): MyCell\n")
    (tmp_path / "o.py").write_bytes(other)
    results = run(tmp_path, engine, Mode.CHECK, processes)
    assert results["m.py"].warnings == used
    [alone] = migrate_paths([str(tmp_path / "m.py")], Options(), Mode.CHECK, engine=engine)
    assert alone.warnings == ()


def test_a_killer_among_those_that_define_cells(tmp_path: Path, engine: Engine) -> None:
    def deadly(text: str, _around: object) -> frozenset[str]:
        os.kill(os.getpid(), signal.SIGKILL)
        return frozenset()

    for name in ("a.py", "b.py"):
        (tmp_path / name).write_bytes(SITE + b"\nclass A(nn.RNNCellBase): x = 1\n")
    results = run(tmp_path, replace(engine, exported_cells=deadly), processes=1)
    assert all(len(result.rewritten) == 1 for result in results.values())


def test_bytes_from_elsewhere(engine: Engine) -> None:
    for processes in (0, None):
        done = migrate_bytes(SITE, "name", Options(), processes=processes, engine=engine)
        assert (done.path, done.after) == ("name", DONE)
    assert migrate_bytes(OTHER, "name", Options(), engine=engine) == FileResult("name")
    data, _, cause = FAILING["syntax"]
    failed = migrate_bytes(data, "name", Options(), engine=engine)
    assert failed.problem is not None
    assert cause in failed.problem.cause


def test_totals(tmp_path: Path, engine: Engine) -> None:
    for name, data in {"a": SITE + b"\n" + SITE, "b": OTHER, "c": FAILING["nulls"][0]}.items():
        (tmp_path / f"{name}.py").write_bytes(data)
    (tmp_path / "d.py").write_bytes(b"import flax.linen as nn\ngetattr(nn, x)")
    totals = Totals()
    for result in run(tmp_path, engine).values():
        totals = totals.plus(result)
    assert totals == Totals(4, 1, 2, 1, 0, 1)


def test_an_unreadable_file(tmp_path: Path, engine: Engine) -> None:
    for name in ("a.py", "secret.py", "z.py"):
        (tmp_path / name).write_bytes(SITE)
    (tmp_path / "secret.py").chmod(0)
    for parent in [tmp_path, *list(tmp_path.parents)[:-2]]:
        parent.chmod(parent.stat().st_mode | 0o111)
    child = os.fork()
    if child == 0:
        told = []
        if os.getuid() == 0:  # who may read everything
            os.setgid(65534)
            os.setuid(65534)
        paths = [str(tmp_path / name) for name in ("a.py", "secret.py", "z.py")]
        for result in migrate_paths(paths, Options(), Mode.CHECK, engine=engine):
            told.append(result.problem.cause if result.problem else len(result.rewritten))
        os._exit(told != [1, "cannot be read: permission denied", 1])
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("processes", [0, 1, 2])
def test_no_file_is_written_before_all_are_treated(tmp_path: Path, processes: int) -> None:
    (tmp_path / "cells.py").write_text(
        "import jax\nfrom flax import linen as nn\n\n\nclass MyCell(nn.RNNCellBase):\n"
        "    @nn.compact\n    def __call__(self, carry, x):\n        return carry, carry\n\n"
        "    @staticmethod\n    def initialize_carry(rng, batch_dims, size, init_fn=None):\n"
        "        return jax.numpy.zeros((*batch_dims, size))\n"
    )
    for name in ("a.py", "users.py", "z.py"):
        (tmp_path / name).write_text(
            "from cells import MyCell\ncarry = MyCell.initialize_carry(None, (2,), 3)\n"
        )
    results = migrate_paths([str(tmp_path)], Options(), Mode.WRITE, processes=processes)
    assert [len(result.rewritten) for result in results] == [1, 1, 1, 1]
