"""Which names the star imports of a project may give, told without reading its modules."""

from pathlib import Path

import pytest

from rnn_codemod.reading.reading import Reading
from rnn_codemod.reading.value import CellClass
from rnn_codemod.reading.world import World

CELL = "from flax.linen import GRUCell as Cell\n"


@pytest.mark.parametrize(
    ("files", "read"),
    [
        ({"parts.py": "Other = 1\n"}, []),
        ({"parts.py": "from more import *\n", "more.py": "Other = 1\n"}, []),
        ({"parts.py": "from more import *\n", "more.py": "from parts import *\n"}, []),
        ({"parts.py": "# a Cell\n"}, ["parts.py"]),
        ({"parts.py": CELL}, ["parts.py"]),
        ({"parts.py": "from more import *\n", "more.py": CELL}, ["more.py", "parts.py"]),
        ({"parts.py": "from more \\\n import *\n", "more.py": CELL}, ["more.py", "parts.py"]),
        ({"parts.py": CELL.replace("Cell\n", "\uff23ell\n")}, ["parts.py"]),
        ({"parts.py": "from elsewhere import *\n"}, ["parts.py"]),
        ({"parts.py": "def __getattr__(name):\n    return 1\n"}, ["parts.py"]),
    ],
)
def test_only_modules_that_may_have_the_name_are_read(
    tmp_path: Path, files: dict[str, str], read: list[str]
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    loaded: list[str] = []

    def load(path: str) -> str:
        loaded.append(Path(path).name)
        return Path(path).read_text(encoding="utf-8")

    main = str(tmp_path / "main.py")
    reading = Reading.of("from parts import *\nCell\n", main, World(load))
    found = reading.values.of(reading.source.tree.body[1].value)
    assert sorted(loaded) == read
    assert any(isinstance(it, CellClass) for it in found) is any(
        "GRUCell" in text for text in files.values()
    )
