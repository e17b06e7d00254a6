"""Trees with a before and an after, verified by the command line as a user starts it."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures"
LEGACY_PYTHON = Path(os.environ.get("LEGACY", ROOT / ".legacy")).absolute() / "bin" / "python"
"""The interpreter with flax 0.6.11 that ``make goldens`` makes."""
CHILD = ROOT / "rnn_codemod" / "verify" / "child"


@dataclass(frozen=True)
class Verified:
    """What the command line said."""

    code: int
    out: str
    err: str
    data: dict[str, Any]

    def verdicts(self) -> dict[str, dict[str, Any]]:
        return {v["path"]: v for run in self.data["runs"] for v in run["verdicts"]}

    def disagreeing(self) -> dict[str, str]:
        good = ("identical", "ulp", "tolerance")
        return {p: v["outcome"] for p, v in self.verdicts().items() if v["outcome"] not in good}


def imported(name: str) -> Any:
    """A module of those that are copied beside the user's command."""
    spec = importlib.util.spec_from_file_location(name, CHILD / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Workplace:
    """A folder of the test with ``before`` and ``after`` in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.temporary = folder / "temporary"
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(self.temporary),
            "JAX_PLATFORMS": "cpu",
            # Compiling takes most of the time; what is compared is the same on both sides.
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        }
        for name in ("before", "after", "temporary"):
            (folder / name).mkdir()

    def write(self, before: str, after: str, name: str = "model.py") -> None:
        for side, text in (("before", before), ("after", after)):
            (self.folder / side / name).write_text(text)

    def fixture(self, case: str, name: str = "model.py") -> None:
        legacy = FIXTURES / case / "legacy.py"  # Where ``before`` is a faulty migration by hand.
        before = legacy if legacy.exists() else FIXTURES / case / "before.py"
        shutil.copy(before, self.folder / "before" / name)
        shutil.copy(FIXTURES / case / "after.py", self.folder / "after" / name)

    def project(self, name: str) -> None:
        """Copies the project ``name`` of several files, each side as a folder of that name."""
        for side in ("before", "after"):
            shutil.copytree(FIXTURES / "projects" / name / side, self.folder / side / name)

    def verify(
        self,
        *words: str,
        folder: str = "after",
        before: str = "../before",
        report: str = "report.json",
    ) -> Verified:
        file = self.folder / report
        asked = ["--before", before] if before else []
        command = [sys.executable, "-m", "rnn_codemod", "verify", *asked, "--json", str(file)]
        done = subprocess.run(
            [*command, *words],
            cwd=self.folder / folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        data = json.loads(file.read_text()) if file.exists() else {}
        return Verified(done.returncode, done.stdout, done.stderr, data)

    def left_behind(self) -> list[str]:
        return sorted(path.name for path in self.temporary.iterdir())
