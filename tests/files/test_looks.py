"""Which files are looked into: cheap where Flax is out of reach, and nothing missed where not."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnn_codemod import Mode, Options, looks, migrate_paths
from rnn_codemod.imports import Imports
from rnn_codemod.looks import Candidate, look_at, settled
from rnn_codemod.tree import Disk

KIT = "from flax.linen import GRUCell as SlowCell\n"
HANDED_ON = "from kit import *\n"
SITE = "def step(carry, x):\n    return SlowCell()(carry, x)\n"

OUT_OF_REACH = {
    "no file names Flax": {
        "kit.py": "class SlowCell: ...\n",
        "use.py": f"from kit import SlowCell\n{SITE}",
        "cells.py": "from types import CellType\nimport use\n",
    },
    "a file names it that nobody imports": {
        "kit.py": "class SlowCell: ...\n",
        "use.py": f"from kit import SlowCell\n{SITE}",
        "train.py": "import flax\n",
    },
    "the importing file has no word of cells": {
        "kit.py": KIT,
        "use.py": "import kit\n\nprint(kit)\n",
    },
}
WITHIN_REACH = {
    "under a name with Cell": {"kit.py": KIT, "use.py": f"from kit import SlowCell\n{SITE}"},
    "through another file": {
        "kit.py": KIT,
        "more.py": HANDED_ON,
        "use.py": f"from more import SlowCell\n{SITE}",
    },
    "as an attribute of the module": {
        "kit.py": KIT,
        "use.py": f"import kit\n\n\n{SITE.replace('SlowCell', 'kit.SlowCell')}",
    },
}


def _write(folder: Path, files: dict[str, str]) -> list[str]:
    for name, text in files.items():
        (folder / name).write_text(text)
    return [str(folder / name) for name in sorted(files)]


def _candidates(paths: list[str]) -> set[str]:
    seen = settled(look_at(paths, Disk()).files, Imports(paths, Disk()))
    return {Path(it.path).name for it in seen if isinstance(it, Candidate)}


@pytest.mark.parametrize("case", OUT_OF_REACH)
def test_left_alone(case: str, tmp_path: Path) -> None:
    paths = _write(tmp_path, OUT_OF_REACH[case])
    assert "use.py" not in _candidates(paths)


@pytest.mark.parametrize("case", WITHIN_REACH)
def test_a_cell_is_told_that_only_its_name_gives_away(case: str, tmp_path: Path) -> None:
    paths = _write(tmp_path, WITHIN_REACH[case])
    told = {Path(it.path).name: it for it in migrate_paths(paths, Options(), Mode.CHECK)}
    assert len(told["use.py"].rewritten) == 1
    assert not told["use.py"].refused


def test_without_flax_each_file_is_read_once_and_no_import_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    read, answer = looks.read, Disk.answer
    monkeypatch.setattr(looks, "read", lambda path: asked.append(path) or read(path))
    monkeypatch.setattr(Disk, "answer", lambda *it: asked.append(it[1]) or answer(*it))
    paths = _write(tmp_path, OUT_OF_REACH["no file names Flax"])
    assert len(list(migrate_paths([str(tmp_path)], Options(), Mode.CHECK))) == len(paths)
    assert sorted(asked) == paths


def test_what_cannot_be_read_is_told_also_without_flax(tmp_path: Path) -> None:
    paths = _write(tmp_path, OUT_OF_REACH["no file names Flax"])
    Path(paths[1]).unlink()
    seen = look_at(paths, Disk()).files
    assert [it.problem is not None for it in seen] == [False, True, False]
