"""The page on the style shows what is written."""

from __future__ import annotations

import re
from pathlib import Path

from rnn_codemod import Options, migrate_source

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "idiomatic.md").read_text(encoding="utf-8")
HEADER = "import functools\n\nimport jax\nfrom flax import linen as nn\n\n\n"


def test_the_example_is_what_the_tool_writes():
    before, after = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    migration = migrate_source(HEADER + before, Options(style="idiomatic"))
    assert migration.text == HEADER + after
    assert not migration.warnings
