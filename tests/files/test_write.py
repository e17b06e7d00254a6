"""Writes: whole or not at all."""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rnn_codemod.files import write
from rnn_codemod.files.write import CannotWrite, replace

OLD, NEW = b"old\r\n" * 100, b"new\n" * 1000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "x.py"
    path.write_bytes(OLD)
    return path


def alone(file: Path) -> bool:
    return os.listdir(file.parent) == [file.name]


def in_child(work: Callable[[], None]) -> int:
    """Runs ``work`` in a forked process; what ``os.waitpid`` says of its end."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]


def test_replaces(file: Path) -> None:
    assert replace(str(file), OLD, NEW) == ()
    assert file.read_bytes() == NEW
    assert alone(file)


@pytest.mark.parametrize("mode", [0o644, 0o755, 0o600, 0o620, 0o4755])
def test_keeps_the_mode_and_renews_the_time(file: Path, mode: int) -> None:
    file.chmod(mode)
    os.utime(file, (1, 1))
    replace(str(file), OLD, NEW)
    after = file.stat()
    assert stat.S_IMODE(after.st_mode) == mode
    assert after.st_mtime > 1


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give files away")
def test_keeps_the_owner(file: Path) -> None:
    os.chown(file, 1234, 4321)
    replace(str(file), OLD, NEW)
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 4321)


def test_keeps_attributes(file: Path) -> None:
    try:
        os.setxattr(file, "user.note", b"kept")
    except OSError:
        pytest.skip("the file system of the temporary folder has no attributes")
    replace(str(file), OLD, NEW)
    assert os.getxattr(file, "user.note") == b"kept"


def test_follows_links(tmp_path: Path, file: Path) -> None:
    folder = tmp_path / "links"
    folder.mkdir()
    (folder / "b.py").symlink_to("../x.py")
    (folder / "a.py").symlink_to("b.py")
    replace(str(folder / "a.py"), OLD, NEW)
    assert os.readlink(folder / "a.py") == "b.py"
    assert file.read_bytes() == NEW
    assert sorted(os.listdir(folder)) == ["a.py", "b.py"]


def test_tells_of_hard_links(tmp_path: Path, file: Path) -> None:
    os.link(file, tmp_path / "other.py")
    [note] = replace(str(file), OLD, NEW)
    assert "2 hard links" in note
    assert (file.read_bytes(), (tmp_path / "other.py").read_bytes()) == (NEW, OLD)


@pytest.mark.parametrize("name", ["x" * 252 + ".py", "é\udcff.py", "a b\n.py", "-.py"])
def test_any_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(OLD)
    replace(str(path), OLD, NEW)
    assert path.read_bytes() == NEW


@pytest.mark.parametrize("mode", [0o444, 0o555, 0o400])
def test_read_only(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(CannotWrite, match="read-only"):
        replace(str(file), OLD, NEW)
    assert file.read_bytes() == OLD
    assert alone(file)


def test_changed_meanwhile(file: Path) -> None:
    file.write_bytes(b"theirs")
    with pytest.raises(CannotWrite, match="changed by somebody else"):
        replace(str(file), OLD, NEW)
    assert file.read_bytes() == b"theirs"
    assert alone(file)


def test_gone_meanwhile(file: Path) -> None:
    file.unlink()
    with pytest.raises(FileNotFoundError):
        replace(str(file), OLD, NEW)


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user")
@pytest.mark.parametrize(("folder", "file_mode"), [(0o755, 0o666), (0o777, 0o644)])
def test_without_permission(file: Path, folder: int, file_mode: int) -> None:
    for parent in list(file.parents)[1:-1]:
        parent.chmod(parent.stat().st_mode | 0o111)
    file.parent.chmod(folder)
    file.chmod(file_mode)

    def work() -> None:
        os.setgid(65534)
        os.setuid(65534)
        with pytest.raises((PermissionError, CannotWrite)):
            replace(str(file), OLD, NEW)

    assert in_child(work) == 0
    assert file.read_bytes() == OLD
    assert alone(file)


@pytest.mark.parametrize("name", ["fsync", "replace", "utime"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_a_failing_call(file: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: int) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, name, fail)
    with pytest.raises(OSError, match=os.strerror(code)):
        replace(str(file), OLD, NEW)
    assert file.read_bytes() == OLD
    assert alone(file)


def test_a_full_disk(file: Path) -> None:
    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        with pytest.raises(OSError, match="File too large"):
            replace(str(file), OLD, NEW)

    assert in_child(work) == 0
    assert file.read_bytes() == OLD
    assert alone(file)


def test_an_interrupt_leaves_nothing_behind(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        replace(str(file), OLD, NEW)
    assert file.read_bytes() == OLD
    assert alone(file)


def killed_at(file: Path, moment: int) -> bool:
    """Replaces in a child that is killed at its ``moment``-th call of the system or the library."""

    def work() -> None:
        calls = 0

        def count(_frame: object, event: str, _argument: object) -> None:
            nonlocal calls
            if event in ("c_call", "c_return"):
                calls += 1
                if calls == moment:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(count)
        replace(str(file), OLD, NEW)

    status = in_child(work)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def test_a_kill_at_any_moment(file: Path) -> None:
    moment, seen = 0, []
    killed = True
    while killed:
        moment += 1
        file.write_bytes(OLD)
        killed = killed_at(file, moment)
        content = file.read_bytes()
        assert content in (OLD, NEW), f"killed at call {moment}"
        seen.append(content)
        for left in set(os.listdir(file.parent)) - {file.name}:
            assert left.startswith(write.TEMPORARY)
            assert not left.endswith(".py")
            (file.parent / left).unlink()
    assert moment > 50
    # Old up to the rename, new ever after.
    assert seen == sorted(seen, reverse=True)
    assert set(seen) == {OLD, NEW}


def test_the_text_is_on_the_disk_before_the_name(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, rename = os.fsync, os.replace

    def note_fsync(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        size = os.fstat(descriptor).st_size
        steps.append(kind if kind == "folder" else f"file of {size}")
        fsync(descriptor)

    def note_rename(source: str, target: str) -> None:
        steps.append("rename")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", note_rename)
    replace(str(file), OLD, NEW)
    assert steps == [f"file of {len(NEW)}", "rename", "folder"]
