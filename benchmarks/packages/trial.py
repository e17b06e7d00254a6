"""Runs one probe on the code as it was and on the code as it became."""

from __future__ import annotations

import os
import subprocess
import sys
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


def codemod(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """``rnn-codemod`` as a user starts it, in ``folder``."""
    command = [sys.executable, "-m", "rnn_codemod", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
