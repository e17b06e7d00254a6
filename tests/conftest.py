"""The command line, run as users run it, and projects that tests write."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
Run = Callable[..., subprocess.CompletedProcess[bytes]]
Write = Callable[[Path, Mapping[str, str]], Path]


@pytest.fixture(scope="session")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Run:
    cache = tmp_path_factory.mktemp("cache")

    def run(
        *arguments: str | Path, folder: Path = ROOT, stdin: bytes = b"", **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "rnn_codemod", *map(str, arguments)],
            cwd=folder,
            input=stdin,
            capture_output=True,
            env={
                "PATH": "/usr/bin:/bin",
                "PYTHONPATH": str(ROOT),
                "XDG_CACHE_HOME": str(cache),
                **environment,
            },
        )

    return run


@pytest.fixture
def written() -> Write:
    def write(folder: Path, texts: Mapping[str, str]) -> Path:
        for name, text in texts.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return folder

    return write
