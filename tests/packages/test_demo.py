"""``make demo`` without a registry: the bundled project, and a migration that is wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def demo(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "benchmarks" / "packages" / "demo.py"), "--bundled"]
    environment = os.environ | {"PYTHONPATH": str(root)}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def test_wrong_numbers_are_not_called_equal(tmp_path):
    for part in ("benchmarks", "fixtures/demo", "rnn_codemod", "rnn_runtime"):
        shutil.copytree(ROOT / part, tmp_path / part)
    broken = tmp_path / "rnn_runtime" / "deprecated" / "cells.py"
    source = broken.read_text(encoding="utf-8")
    assert "init_fn(" in source
    broken.write_text(source.replace("init_fn(", "1 + init_fn("), encoding="utf-8")
    done = demo(tmp_path)
    assert done.returncode == 1, done.stderr
    assert "DIFFERENT first at initialize_carry" in done.stdout
    assert "do not agree" in done.stdout.splitlines()[-1]


def test_the_bundled_project_is_migrated_and_its_numbers_stay():
    done = demo(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "+        carry, y = nn.GRUCell(features=carry.shape[-1])(carry, weather)" in done.stdout
    assert "4 files looked at, 8 sites migrated, 0 refused" in done.stdout
    assert "$ rnn-codemod verify --before ../before -- probes.py weather" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("the same numbers: ")
