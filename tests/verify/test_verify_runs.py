"""Commands that misbehave: a clear word, no process and no file left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rnn_codemod.verify.process import GRACE, KEPT, CannotRun, Ended, _children, run


def run_code(code: str, folder: Path, timeout: float = 60.0) -> Ended:
    return run([sys.executable, "-c", code], folder, environment(folder), timeout)


def environment(folder: Path) -> dict[str, str]:
    """Tells a test's own processes from those of the tests that run beside it."""
    return {**os.environ, "TEST_FOLDER": str(folder)}


def processes_of(folder: Path) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"TEST_FOLDER={folder}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                state = (entry / "stat").read_bytes().rpartition(b")")[2].split()[0]
                found += [entry.name] * (state not in (b"Z", b"X"))
        except OSError:
            continue
    return found


def children() -> list[int]:
    return [pid for pid in _children() if Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"]


def test_a_good_command(tmp_path: Path):
    ended = run_code("print('here')", tmp_path)
    assert (ended.code, ended.output, ended.well) == (0, "here\n", True)


def test_no_such_command(tmp_path: Path):
    with pytest.raises(CannotRun, match="No such file"):
        run(["no-such-program"], tmp_path, {}, 1)


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("import sys; sys.exit(7)", "ended with exit code 7"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL"),
        ("import os; os.abort()", "was killed by SIGABRT"),
    ],
)
def test_a_command_that_dies(tmp_path: Path, code: str, word: str):
    ended = run_code(code, tmp_path)
    assert not ended.well
    assert str(ended) == word


def test_a_command_that_hangs_and_will_not_end(tmp_path: Path):
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    ended = run_code(code, tmp_path, timeout=1.0)
    assert ended.code is None
    assert "did not end within" in str(ended)
    assert processes_of(tmp_path) == []


def test_megabytes_of_output(tmp_path: Path):
    ended = run_code("import sys\nfor _ in range(3000): sys.stdout.write('x' * 10000)", tmp_path)
    assert ended.well
    assert KEPT <= len(ended.output) < KEPT + 100
    assert ended.output.startswith("[29")


@pytest.mark.parametrize("session", ["", "os.setsid(); "], ids=["in the group", "in its own"])
def test_processes_left_running_are_ended(tmp_path: Path, session: str):
    code = f"import os, time\nif os.fork() == 0:\n    {session}time.sleep(600)\n"
    started = time.monotonic()
    assert run_code(code, tmp_path).code == 0
    assert time.monotonic() - started < 300
    assert processes_of(tmp_path) == []


def test_a_daemon_with_a_cleared_environment_is_ended(tmp_path: Path):
    # It holds the output open, too: to wait for that would take as long as it lives.
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        import sys\n"
        "        os.execve(sys.executable, ['python', '-c', 'import time; time.sleep(600)'], {})\n"
        "    os._exit(0)\n"
        "os.wait()\n"
    )
    others = children()
    started = time.monotonic()
    ended = run_code(code, tmp_path)
    assert ended.well
    assert time.monotonic() - started < 300
    assert set(children()) <= set(others)


def test_a_second_request_to_end_leaves_no_process_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def interrupt(*asked: object) -> None:
        raise KeyboardInterrupt

    def wait(process: subprocess.Popen[bytes], seconds: float | None = None) -> int:
        if seconds == GRACE:
            interrupt()
        return real(process, seconds)

    real = subprocess.Popen.wait
    monkeypatch.setattr(subprocess.Popen, "wait", wait)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    with pytest.raises(KeyboardInterrupt):
        run([sys.executable, "-c", code], tmp_path, environment(tmp_path), 60, interrupt)
    assert processes_of(tmp_path) == []


def test_other_children_of_the_caller_live_on(tmp_path: Path):
    mine = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        assert run_code("print(1)", tmp_path).well
        assert mine.poll() is None
    finally:
        mine.kill()
        mine.wait()


def test_an_exception_of_the_caller_ends_the_command(tmp_path: Path):
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(
            [sys.executable, "-c", "import time; time.sleep(600)"],
            tmp_path,
            environment(tmp_path),
            60,
            interrupt,
        )
    assert processes_of(tmp_path) == []
