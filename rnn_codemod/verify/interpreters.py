"""What an interpreter has installed, without importing it here."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from rnn_codemod.verify.problem import VerifyError

SECONDS = 60
"""So long an interpreter may take to say what it has."""

_ASK = """
import json, sys
try:
    from importlib.metadata import version, PackageNotFoundError
except ImportError:
    sys.exit("Python 3.8 or later is needed")
found = {"python": sys.version.split()[0]}
for name in ("jax", "flax", "numpy"):
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter and the versions that matter; ``python`` is its path."""

    path: Path
    python: str
    jax: str
    flax: str

    @property
    def is_legacy(self) -> bool:
        """Whether its flax has the recurrent API of flax 0.6."""
        return _numbers(self.flax) < (0, 7)

    def __str__(self) -> str:
        return f"Python {self.python}, jax {self.jax}, flax {self.flax}"


def interpreter(name: str) -> Interpreter:
    """Asks the interpreter ``name``, a path or a command, what it has. Raises VerifyError."""
    found = shutil.which(name)
    if found is None:
        raise VerifyError(f"no interpreter {name!r}")
    command = [found, "-c", _ASK]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except OSError as error:
        raise VerifyError(f"{name}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise VerifyError(f"{name}: says nothing within {SECONDS} s") from error
    if done.returncode:
        last = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
        raise VerifyError(f"{name}: {last}")
    try:
        # Start-up files may print too.
        versions = dict(json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, TypeError, ValueError) as error:
        raise VerifyError(f"{name}: is no interpreter of Python") from error
    for needed in ("jax", "flax"):
        if needed not in versions:
            raise VerifyError(f"{name}: {needed} is not installed there")
    return Interpreter(
        Path(found).absolute(), versions["python"], versions["jax"], versions["flax"]
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
