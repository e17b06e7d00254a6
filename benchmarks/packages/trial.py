"""Runs one probe on the code as it was and on the code as it became."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

PROBES = Path(__file__).with_name("probes.py")


class ProbeError(Exception):
    """A probe did not run to its end."""


def record(python: str, probe: str, folder: Path, out: Path, *options: str) -> Path:
    """What ``probe`` computes on ``folder`` under the interpreter ``python``: the file ``out``."""
    command = [python, str(PROBES), probe, str(folder), str(out), *options]
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "2"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ProbeError(done.stderr.strip().splitlines()[-1])
    return out


def record_before(legacy_python: str, probe: str, folder: Path, out: Path) -> Path:
    """What ``probe`` computes on legacy code; see ``legacy_side`` for what it runs on."""
    if has_legacy_flax(legacy_python):
        return record(legacy_python, probe, folder, out)
    return record(sys.executable, probe, folder, out, "--deprecated")


def legacy_side(legacy_python: str) -> str:
    """In words: flax 0.6.11 where that interpreter has it, else what stands in for it."""
    if has_legacy_flax(legacy_python):
        return "flax 0.6.11"
    return "the deprecated cells of rnn_runtime over the current flax"


@cache
def has_legacy_flax(python: str) -> bool:
    """Whether ``python`` is an interpreter that has flax 0.6.11."""
    program = "import flax.version, sys; sys.exit(flax.version.__version__ != '0.6.11')"
    try:
        done = subprocess.run([python, "-c", program], stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return False
    return done.returncode == 0


def codemod(*arguments: str, folder: Path, shown: bool = False) -> subprocess.CompletedProcess[str]:
    """``rnn-codemod`` as a user starts it, in ``folder``; its output is kept, or ``shown``."""
    command = [sys.executable, "-m", "rnn_codemod", *arguments]
    environment = os.environ | {"JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "2"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=not shown, text=True, check=False
    )
