"""Any executor gives what this machine alone gives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from rnn_codemod import FileResult, Mode, Options, executors, migrate_paths
from rnn_codemod.around import Around
from rnn_codemod.findings import Migration
from rnn_codemod.treat import Engine


def run(executor: Executor | None, mode: Mode = Mode.DIFF, **others: Any) -> list[FileResult]:
    # In a process of its own, as an executor may be: how deep one may recurse is the same.
    processes = 1 if executor is None else 0
    others = {"processes": processes, "executor": executor, **others}
    return list(migrate_paths(["."], Options(), mode, **others))


class Immediate(Executor):
    """Does the work when it is asked to, in another folder, and keeps what it was sent."""

    def __init__(self, elsewhere: Path) -> None:
        self.elsewhere = elsewhere
        self.sent = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        import pickle

        fn, args = pickle.loads(pickle.dumps((fn, args)))
        self.sent += 1
        future: Future[Any] = Future()
        here = os.getcwd()
        os.chdir(self.elsewhere)
        try:
            future.set_result(fn(*args))
        finally:
            os.chdir(here)
        return future


@contextmanager
def threads() -> Iterator[Executor]:
    with ThreadPoolExecutor(3) as pool:
        yield pool


@contextmanager
def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        yield pool


@pytest.mark.parametrize("kind", [threads, processes])
def test_the_same_as_here(
    project: Path, monkeypatch: pytest.MonkeyPatch, kind: Callable[[], Any]
) -> None:
    monkeypatch.chdir(project)
    here = run(None)
    assert sum(result.before != result.after for result in here) >= 8
    with kind() as executor:
        assert run(executor) == here
        assert run(executor, Mode.WRITE) == here
        assert run(executor, Mode.WRITE) == run(None)
    for result in here:
        if result.before != result.after:
            assert Path(result.path).read_bytes() == result.after


def test_workers_need_none_of_the_files(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is asked of the disk behind their back would fail."""
    monkeypatch.chdir(project)
    here = run(None)
    executor = Immediate(tmp_path_factory.mktemp("elsewhere"))

    def nothing(*arguments: object) -> None:
        raise AssertionError("the disk was asked")

    real = executors._attempt

    def apart(*arguments: Any) -> Any:
        with monkeypatch.context() as there:
            for name in ("isfile", "isdir", "exists"):
                there.setattr(os.path, name, nothing)
            there.setattr("builtins.open", nothing)
            return real(*arguments)

    monkeypatch.setattr(executors, "_attempt", apart)
    apart.__module__, apart.__qualname__ = executors.__name__, "_attempt"
    assert run(executor) == here


def test_questions_that_were_not_foreseen(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    executor = Immediate(tmp_path_factory.mktemp("elsewhere"))
    here = run(None)
    assert run(executor) == here
    foreseen = executor.sent
    monkeypatch.setattr(executors, "gather", lambda tree, job: None)
    assert run(executor) == here
    assert executor.sent > 2 * foreseen


def killed(text: str, options: Options, around: Around | None) -> Migration:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def no_cells(text: str, _around: object) -> frozenset[str]:
    return frozenset()


def test_an_executor_that_dies(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    before = {path: path.read_bytes() for path in project.rglob("*.py")}
    with processes() as executor:
        results = run(executor, Mode.WRITE, engine=Engine(killed, no_cells))
    failed = {result.path: result.problem for result in results if result.problem}
    here = {result.path for result in run(None) if result.rewritten or result.refused}
    assert {path for path in here if not path.endswith(("toml", "txt"))} <= set(failed)
    for problem in failed.values():
        assert problem is not None
        assert problem.cause.startswith("the executor failed: BrokenProcessPool: ")
    assert {path: path.read_bytes() for path in project.rglob("*.py")} == before


def test_an_executor_that_is_shut_down(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    with threads() as executor:
        pass
    problems = [result.problem for result in run(executor) if result.problem]
    assert len(problems) > 8
    assert {problem.cause for problem in problems} == {
        "the executor failed: RuntimeError: cannot schedule new futures after shutdown"
    }


def test_workers_of_another_version(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setattr(executors, "ME", "rnn_codemod 9.9 on Python 3.99")
    with processes() as executor:
        problems = [result.problem for result in run(executor) if result.problem]
    assert len(problems) > 8
    for problem in problems:
        assert "was sent a file by rnn_codemod 9.9 on Python 3.99" in problem.cause


def test_whoever_stops_early_leaves_nothing_waiting(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    with threads() as executor:
        results = migrate_paths(["."], Options(), Mode.DIFF, executor=executor)
        next(results)
        results.close()


CLUSTER = """
import sys
from distributed import Client, LocalCluster
from rnn_codemod import Mode, Options, migrate_paths

if __name__ == "__main__":
    with LocalCluster(
        n_workers=3, threads_per_worker=1, processes=True, host="127.0.0.1",
        dashboard_address=None, local_directory=sys.argv[1],
    ) as cluster, Client(cluster) as client:
        workers = client.run(lambda: __import__("os").getpid())
        assert len(set(workers.values())) == 3, workers
        there = list(migrate_paths(["."], Options(), Mode.DIFF, executor=client.get_executor()))
    here = list(migrate_paths(["."], Options(), Mode.DIFF, processes=1))
    assert there == here
    print(sum(result.before != result.after for result in there), "changed")
"""


def test_a_cluster_of_dask(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    pytest.importorskip("distributed", reason="the cluster is part of the extra `dev`")
    folder = tmp_path_factory.mktemp("cluster")
    script = folder / "cluster.py"
    script.write_text(CLUSTER)
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, str(script), str(folder)],
        cwd=project,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[0]) >= 8
