"""The tools that the codemod is compared with, each in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PEERS = ("ruff", "torchfix", "bump-pydantic")


def installed(name: str, folder: Path) -> tuple[str, str]:
    """The command of a peer and its version, installed below ``folder`` where it is not yet."""
    home = folder / name
    python = home / "bin" / "python"
    if not (home / "bin" / name).exists():
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", name]
        subprocess.run(pip, check=True)
    ask = f"from importlib.metadata import version; print(version({name!r}))"
    told = subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True)
    return str(home / "bin" / name), told.stdout.strip()
