"""Runs the user's command so that it ends, says little, and leaves no process behind."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

KEPT = 64 * 1024
"""So many bytes of a run's output are kept, the last ones."""

GRACE = 3.0
"""Seconds between asking a process to end and making it."""

MARK = "RNN_CODEMOD_RUN"
"""Environment variable by which the processes of a run know each other."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: ``code`` is negative for a signal, ``None`` where time ran out."""

    code: int | None
    seconds: float
    output: str

    @property
    def well(self) -> bool:
        return self.code == 0

    def __str__(self) -> str:
        if self.code is None:
            return f"did not end within {self.seconds:.0f} s and was stopped"
        if self.code < 0:
            return f"was killed by {signal.Signals(-self.code).name}"
        return f"ended with exit code {self.code}"


class CannotRun(Exception):
    """A command that could not even be started."""


def run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    timeout: float,
    tick: Callable[[float], None] = lambda seconds: None,
) -> Ended:
    """Runs ``command`` in ``folder`` for at most ``timeout`` seconds.

    ``tick`` is called about ten times a second with the seconds so far. However this ends, by an
    exception too, no process of the command is left. Raises CannotRun.
    """
    with _orphans_come_here():
        return _run(command, folder, environment, timeout, tick)


def _run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    timeout: float,
    tick: Callable[[float], None],
) -> Ended:
    mark = uuid.uuid4().hex
    started = time.monotonic()
    others = frozenset(_children())
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_the_parent if sys.platform == "linux" else None,
        )
    except OSError as error:
        raise CannotRun(f"{command[0]}: {error.strerror}") from error
    assert process.stdout is not None
    tail = _Tail(process.stdout)
    try:
        code = _wait(process, started, timeout, tick)
    finally:
        _end_all(process, mark, others)
        tail.join()
    return Ended(code, time.monotonic() - started, tail.text())


def _wait(
    process: subprocess.Popen[bytes],
    started: float,
    timeout: float,
    tick: Callable[[float], None],
) -> int | None:
    while time.monotonic() - started < timeout:
        try:
            return process.wait(0.1)
        except subprocess.TimeoutExpired:
            tick(time.monotonic() - started)
    return None


def _end_all(process: subprocess.Popen[bytes], mark: str, others: frozenset[int]) -> None:
    """Ends the command and whatever it started, those that left its group too.

    ``others`` are children of this process that are none of the command's.
    """
    try:
        if process.poll() is None:
            _signal_group(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(GRACE)
    finally:  # Who asks a second time to end has no patience left, and no process either.
        _signal_group(process.pid, signal.SIGKILL)
        process.wait()
        while escaped := {*_marked(mark), *_children()} - others:
            for pid in escaped:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
                with suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            time.sleep(0.02)


def _die_with_the_parent() -> None:
    """For a verification that is killed itself: nobody else would end its command."""
    _PRCTL(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


_PRCTL: Any = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER, _PR_GET_CHILD_SUBREAPER = 36, 37


@contextmanager
def _orphans_come_here() -> Iterator[None]:
    """Has processes whose parent has ended become children of this one, where Linux does that.

    A daemon that cleared its environment would not be found otherwise.
    """
    if sys.platform != "linux":
        yield
        return
    before = ctypes.c_int()
    _PRCTL(_PR_GET_CHILD_SUBREAPER, ctypes.byref(before), 0, 0, 0)
    _PRCTL(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        _PRCTL(_PR_SET_CHILD_SUBREAPER, before.value, 0, 0, 0)


def _children() -> list[int]:
    """The processes whose parent is this one, those that ended and were not waited for too."""
    parent = str(os.getpid()).encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            if (entry / "stat").read_bytes().rpartition(b")")[2].split()[1] == parent:
                found.append(int(entry.name))
    return found


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _marked(mark: str) -> list[int]:
    """The living processes that have the mark in their environment, where /proc tells it."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            dead = (entry / "stat").read_bytes().rpartition(b")")[2].split()[0] in b"ZX"
            if not dead and wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue  # another user's, or gone since
    return found


class _Tail:
    """Reads a stream to its end and keeps the last of it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.kept, self.lost = stream, bytearray(), 0
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        while chunk := os.read(self.stream.fileno(), 1 << 16):
            self.kept += chunk
            if len(self.kept) > KEPT:
                self.lost += len(self.kept) - KEPT
                del self.kept[:-KEPT]

    def join(self) -> None:
        self.thread.join()
        self.stream.close()

    def text(self) -> str:
        lost = f"[{self.lost} bytes before this are not kept]\n" if self.lost else ""
        return lost + self.kept.decode(errors="backslashreplace")
