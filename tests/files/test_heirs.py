"""Which files may derive a class from one of another: by their words, and by their imports."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnn_codemod.heirs import heirs_of
from rnn_codemod.imports import Imports
from rnn_codemod.tree import Disk

BASE = "class Base:\n    pass\n"
NONE = {
    "no class derives": {"heir.py": "from base import Base\n\nmodel = Base()\n"},
    "it is not imported": {"heir.py": "class Wide(Base):\n    pass\n"},
    "another class derives": {"heir.py": "import base\n\n\nclass Wide(Other):\n    pass\n"},
    "in a page": {"heir.md": "from base import Base\n\nclass Wide(Base):\n"},
}
HEIRS = {
    "from": {"heir.py": "from base import Base\n\n\nclass Wide(Base):\n    pass\n"},
    "as": {
        "heir.py": "from base import (\n    Base as Root,\n)\n\n\nclass Wide(Root):\n    pass\n"
    },
    "an attribute": {
        "heir.py": "import base\n\n\nclass Wide(\n    base.Base, object\n):\n    pass\n"
    },
    "a star": {"heir.py": "from base import *\n\n\nclass Wide(Base):\n    pass\n"},
    "two files away": {
        "middle.py": "import base\n\nRoot = base.Base\n",
        "more.py": "from middle import Root as Shared\n",
        "heir.py": "from more import Shared\n\n\nclass Wide(Shared):\n    pass\n",
    },
}


def _heirs(folder: Path, files: dict[str, str]) -> tuple[str, ...]:
    for name, text in {"base.py": BASE, **files}.items():
        (folder / name).write_text(text)
    paths = sorted(str(path) for path in folder.iterdir())
    home = str(folder / "base.py")
    found = heirs_of([home], paths, Imports(paths, Disk()))
    return tuple(Path(path).name for path in found.get(home, ()))


@pytest.mark.parametrize("case", NONE)
def test_none(case: str, tmp_path: Path) -> None:
    assert _heirs(tmp_path, NONE[case]) == ()


@pytest.mark.parametrize("case", HEIRS)
def test_an_heir(case: str, tmp_path: Path) -> None:
    assert "heir.py" in _heirs(tmp_path, HEIRS[case])
