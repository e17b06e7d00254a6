"""`# rnn-codemod: ignore`: what is left alone, what is not, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnn_codemod import Mode, Options, migrate_paths, migrate_source
from rnn_codemod.files.documents import migrate_text
from rnn_codemod.findings import MIGRATED

HEADER = (
    "import jax\nimport jax.numpy as jnp\nfrom flax import linen as nn\n"
    "key = jax.random.PRNGKey(0)\n"
)
STEP = "def step(carry, x):\n    return nn.GRUCell()(carry, x)"
LAYER = "rnn = nn.RNN(\n    nn.GRUCell(),{inner}\n    8,{size}\n){end}\n"
UNUSED = "nothing is found here that the comment could ignore"
STRANGE = "the comment is not # rnn-codemod: ignore or ignore[RULE, RULE]"


@pytest.mark.parametrize(
    "text",
    [
        f"{STEP}  # rnn-codemod: ignored\n",
        f"{STEP}  # rnn-codemod: missing_features: not known\n",
        f"{STEP}  # codemod: ignore\n",
        f"# a comment\n{STEP}  # noqa\n",
        f'text = "# rnn-codemod: ignore"\n{STEP}\n',
        'def step(carry, x):\n    return nn.GRUCell()(carry, x), "# rnn-codemod: ignore"\n',
    ],
)
def test_other_text_is_no_such_comment(text: str) -> None:
    migration = migrate_source(HEADER + text)
    assert [finding.rule for finding in migration.rewritten] == ["missing_features"]
    assert not migration.remarks


@pytest.mark.parametrize(
    "text",
    [
        f"{STEP}  # rnn-codemod: ignore\n",
        f"{STEP}  #rnn-codemod:ignore\n",
        f"{STEP}  # rnn-codemod: ignore[missing_features]\n",
        f"{STEP}  # rnn-codemod: ignore[static_carry, missing_features]\n",
        f"{STEP}  # rnn-codemod: ignore[missing_features] the old flax is vendored\n",
        f"{STEP}  # noqa: E501 # rnn-codemod: ignore\n",
        f"{STEP}  # rnn-codemod: ignore  # noqa\n",
        f"# rnn-codemod: ignore-file\n{STEP}\n",
        f"{STEP}\n# rnn-codemod: ignore-file[missing_features]\n",
        "def step(carry, x):\n    return nn.GRUCell()(\n        carry, x\n"
        "    )  # rnn-codemod: ignore\n",
        LAYER.format(inner="  # rnn-codemod: ignore", size="", end=""),
        LAYER.format(inner="", size="", end="  # rnn-codemod: ignore[rnn_size]"),
        "cell = nn.GRUCell()  # rnn-codemod: ignore\n",
        "cell = getattr(nn, config.cell)()  # rnn-codemod: ignore[dynamic_name]\n",
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_what_a_comment_covers_is_left_alone(text: str, newline: str) -> None:
    before = (HEADER + text).replace("\n", newline)
    migration = migrate_source(before)
    assert migration.text == before
    assert not migration.rewritten
    assert not migration.refused
    assert not migration.remarks
    assert migration.left_alone == 1


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        (f"{STEP}  # rnn-codemod: ignore[static_carry]\n", UNUSED),
        (f"x = 1  # rnn-codemod: ignore\n{STEP}\n", UNUSED),
        (f"# rnn-codemod: ignore\n{STEP}\n", UNUSED),
        (f"{STEP}\n# rnn-codemod: ignore-file[static_carry]\n", UNUSED),
        (f"{STEP}  # rnn-codemod: ignore[nonsense]\n", "there is no rule 'nonsense' to ignore"),
        (f"{STEP}  # rnn-codemod: ignore[]\n", STRANGE),
        (f"{STEP}  # rnn-codemod: ignore[missing_features\n", STRANGE),
        (f"{STEP}  # rnn-codemod: ignore-line\n", STRANGE),
    ],
)
def test_a_comment_that_covers_nothing_is_told(text: str, remark: str) -> None:
    migration = migrate_source(HEADER + text)
    assert [finding.rule for finding in migration.rewritten] == ["missing_features"]
    (told,) = migration.remarks
    assert told.message == remark
    assert "rnn-codemod" in (HEADER + text).splitlines()[told.line - 1]


FAULT = "def step(carry, x):\n    return nn.GRUCell(x.shape[-1])(carry, x)  # rnn-codemod: ignore\n"


@pytest.mark.parametrize("select", [set(), {MIGRATED}, {"static_carry"}])
def test_a_comment_for_a_rule_that_is_off_is_used_all_the_same(select: set[str]) -> None:
    migration = migrate_source(HEADER + FAULT, Options(select=frozenset(select)))
    assert migration.text == HEADER + FAULT
    assert not migration.refused
    assert not migration.remarks


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        (
            "def run(x):\n"
            "    carry = nn.GRUCell.initialize_carry(key, x.shape[:-1], 8)  # rnn-codemod: ignore\n"
            "    return nn.GRUCell()(carry, x)\n",
            {"missing_features": "it belongs to a site that a comment leaves alone"},
        ),
        (
            "def run(x):\n"
            "    carry = nn.GRUCell.initialize_carry(key, x.shape[:-1], 8)\n"
            "    return nn.GRUCell()(carry, x)  # rnn-codemod: ignore[missing_features]\n",
            {"static_carry": "it belongs to a site that a comment leaves alone"},
        ),
        (
            "cell = nn.GRUCell()  # rnn-codemod: ignore\n"
            "carry = cell.initialize_carry(key, (2,), 8)\n",
            {"instance_carry": "a comment leaves its cell alone"},
        ),
        (
            "cell = nn.GRUCell()  # rnn-codemod: ignore[missing_features, rnn_size]\n"
            "rnn = nn.RNN(cell, 8)\n",
            {},
        ),
    ],
)
def test_no_half_of_a_pair_is_rewritten(text: str, refused: dict[str, str]) -> None:
    migration = migrate_source(HEADER + text)
    assert migration.text == HEADER + text
    assert not migration.rewritten
    assert {finding.rule: finding.reason for finding in migration.refused} == refused
    assert all(finding.recipe for finding in migration.refused)


def test_another_site_in_the_line_below_is_rewritten() -> None:
    lines = "a = nn.RNN(nn.GRUCell(), 8)  # rnn-codemod: ignore\nb = nn.RNN(nn.GRUCell(), 8)\n"
    migration = migrate_source(HEADER + lines)
    assert migration.text == HEADER + lines.replace("b = nn.RNN(nn.GRUCell(), 8)", (
        "b = nn.RNN(nn.GRUCell(features=8))"
    ))  # fmt: skip


def test_rnn_runtime_stays_out_of_a_file_with_such_a_site() -> None:
    text = HEADER + "a = nn.RNN(nn.GRUCell(), 8)  # rnn-codemod: ignore\n" + STEP + "\n"
    migration = migrate_source(text, Options(target="runtime"))
    assert "rnn_runtime" not in migration.text
    assert len(migration.rewritten) == 1
    assert migration.warnings


CELL = HEADER + (
    "\n\nclass Leaky(nn.RNNCellBase):\n"
    "    @nn.compact\n"
    "    def __call__(self, carry, x):\n"
    "        carry = 0.5 * carry + nn.Dense(carry.shape[-1])(x)\n"
    "        return carry, carry\n\n"
    "    @staticmethod{mark}\n"
    "    def initialize_carry(rng, batch_dims, size, init_fn=jax.nn.initializers.zeros):\n"
    "        return init_fn(rng, batch_dims + (size,))\n"
)
USE = HEADER + (
    "from cells import Leaky\n\n\ndef start(b, n):\n"
    "    return Leaky.initialize_carry(key, (b,), n){mark}\n"
)
MARK = "  # rnn-codemod: ignore"


@pytest.mark.parametrize(("here", "there"), [("", MARK), (MARK, "")])
def test_a_custom_cell_changes_in_all_files_or_in_none(
    tmp_path: Path, here: str, there: str
) -> None:
    files = {"cells.py": CELL.format(mark=here), "use.py": USE.format(mark=there)}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    list(migrate_paths([str(tmp_path)], Options(), Mode.WRITE))
    assert {name: (tmp_path / name).read_text() for name in files} == files


def test_without_a_comment_it_changes_in_all(tmp_path: Path) -> None:
    (tmp_path / "cells.py").write_text(CELL.format(mark=""))
    (tmp_path / "use.py").write_text(USE.format(mark=""))
    list(migrate_paths([str(tmp_path)], Options(), Mode.WRITE))
    assert "features: int" in (tmp_path / "cells.py").read_text()
    assert "Leaky(features=n" in (tmp_path / "use.py").read_text()


PAGE = """# Title

```python
from flax import linen as nn
rnn = nn.RNN(nn.GRUCell(), 8)  # rnn-codemod: ignore
```

and

```python
width = 3  # rnn-codemod: ignore
```
"""


def test_in_a_page_the_lines_are_those_of_the_page() -> None:
    treated = migrate_text("a.md", PAGE, migrate_source, Options(), None)
    assert treated.migration.text == PAGE
    assert not treated.migration.refused
    (remark,) = treated.migration.remarks
    assert (remark.line, remark.message) == (11, UNUSED)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("requirements.txt", "flax<0.7  # rnn-codemod: ignore\njax\n"),
        ("requirements.txt", "flax<0.7  # rnn-codemod: ignore[flax_pin]\njax\n"),
        (
            "pyproject.toml",
            '[project]\ndependencies = [\n  "flax<0.7",  # rnn-codemod: ignore\n]\n',
        ),
    ],
)
def test_a_pin_may_be_left_alone(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "a.py").write_text(HEADER + STEP + "\n")
    (tmp_path / name).write_text(text)
    results = list(migrate_paths([str(tmp_path)], Options(), Mode.WRITE))
    assert (tmp_path / name).read_text() == text
    assert not any(result.refused for result in results)


def test_a_run_tells_of_an_unused_comment_and_ends_well(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(HEADER + STEP + MARK + "\nx = 1  # rnn-codemod: ignore\n")
    (result,) = migrate_paths([str(tmp_path)], Options(), Mode.CHECK)
    assert not result.rewritten
    assert not result.refused
    assert result.left_alone == 1
    assert result.warnings == (f"line 7: {UNUSED}",)
