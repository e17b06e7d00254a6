"""A real flax 0.6.11 environment, made once and kept."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rnn_codemod.verify.command import this_python
from rnn_codemod.verify.problem import VerifyError

REQUIREMENTS = Path(__file__).with_name("legacy-requirements.txt")
VERSIONS = ((3, 11), (3, 10))
"""The releases of CPython that all pinned packages have wheels for."""


def ready(progress: Callable[[str], None]) -> Path:
    """The interpreter of the environment, which is made first where it is not there yet.

    About 550 MB in the user's cache folder. Raises VerifyError.
    """
    pins = pinned()
    base = _base_python()
    digest = hashlib.sha256("\n".join([*pins, str(base)]).encode()).hexdigest()[:12]
    folder = _cache() / f"legacy-{digest}"
    python, finished = folder / "bin" / "python", folder / "complete"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _alone(folder.with_suffix(".lock")):
            if not finished.exists():
                shutil.rmtree(folder, ignore_errors=True)
                _make(base, folder, pins, progress)
                finished.touch()
    except OSError as error:
        where = f"{error.filename or folder}: {error.strerror}"
        raise VerifyError(
            f"the environment of flax 0.6.11 cannot be kept: {where}; "
            "XDG_CACHE_HOME names another place"
        ) from error
    return python


def pinned() -> list[str]:
    """The pinned packages, ``name==version``."""
    lines = REQUIREMENTS.read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _make(base: Path, folder: Path, pins: list[str], progress: Callable[[str], None]) -> None:
    progress("making the environment of flax 0.6.11")
    _run(str(base), "-m", "venv", str(folder))
    for count, pin in enumerate(pins):
        done = 24 * count // len(pins)
        progress(f"flax 0.6.11 [{'#' * done}{'.' * (24 - done)}] {count}/{len(pins)} {pin}")
        pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
        _run(str(folder / "bin" / "python"), *pip, pin)


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it says nothing"]
        raise VerifyError(
            f"the environment of flax 0.6.11 cannot be made: {said[-1]} "
            "(pip needs a package registry; --before-python names an interpreter that has it)"
        )


def _base_python() -> Path:
    if sys.version_info[:2] in VERSIONS:
        return this_python()
    for major, minor in VERSIONS:
        found = shutil.which(f"python{major}.{minor}")
        if found:
            return Path(found)
    raise VerifyError(
        "flax 0.6.11 needs CPython 3.10 or 3.11 on the PATH; "
        "or name an interpreter that has it with --before-python"
    )


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(home) / "rnn-codemod"


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Lets one process at a time make the environment."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
