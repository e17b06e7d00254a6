"""A verification that is killed itself: what it leaves, and who clears it away."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from workplace import ROOT

from rnn_codemod.verify.scratch import PREFIX, YOUNG, scratch_folder


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def left(temporary: Path, name: str, age: float) -> Path:
    folder = temporary / name
    (folder / "before").mkdir(parents=True)
    os.utime(folder, (time.time() - age,) * 2)
    return folder


def test_what_is_in_use_or_young_or_of_others_stays(temporary: Path):
    in_use = left(temporary, f"{PREFIX}used", 2 * YOUNG)
    stay = [in_use, left(temporary, f"{PREFIX}young", 0), left(temporary, "other", 2 * YOUNG)]
    (temporary / f"{PREFIX}link").symlink_to(stay[2])
    lock = os.open(in_use, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with scratch_folder():
        pass
    os.close(lock)
    assert all((folder / "before").is_dir() for folder in stay)


def test_what_a_killed_verification_left_goes(temporary: Path):
    folder = left(temporary, f"{PREFIX}dead", 2 * YOUNG)
    with scratch_folder() as mine:
        assert not folder.exists()
        assert mine.is_dir()
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
def test_the_command_of_a_killed_verification_ends(tmp_path: Path):
    started = tmp_path / "started"
    command = f"import time; open({str(started)!r}, 'w').close(); time.sleep(600)"
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from rnn_codemod.verify.process import run\n"
        f"run([sys.executable, '-c', {command!r}], Path('/'), dict(os.environ), 600)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    mine = subprocess.Popen([sys.executable, "-c", code], env=environment)
    while not started.exists():
        time.sleep(0.05)
    pid = Path(f"/proc/{mine.pid}/task/{mine.pid}/children").read_text().split()[0]
    mine.kill()
    mine.wait()
    while Path(f"/proc/{pid}").exists() and "Z" not in state(pid):
        time.sleep(0.05)


def state(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    except OSError:
        return "Z"
