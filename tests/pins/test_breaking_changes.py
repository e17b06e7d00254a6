"""The table of breaking changes names rules that exist, and speaks the truth of today's flax."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from rnn_codemod.findings import LEGACY, Options
from rnn_codemod.migration import migrate_source
from rnn_codemod.pins.dialects import Dialect, raised
from rnn_codemod.rules import RULES

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "breaking-changes.md").read_text(encoding="utf-8")
TABLE, GUIDE = PAGE.split("## The upgrade guide")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in TABLE.splitlines()
    if re.match(r"\| \d", line)
]
REFUSING = {"pre_linen", "dynamic_name", "handed_class"}


def rules_in(text: str) -> set[str]:
    return {name for name in re.findall(r"`(\w+)`", text) if name in RULES}


def first_rule(cell: str) -> str:
    match = re.match(r"`(\w+)`", cell)
    return match[1] if match else ""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1][:40]}")
def test_every_change_has_its_rule_or_its_reason(row: list[str]) -> None:
    _, change, answer, here = row
    assert change and here
    if answer in ("out of scope", "nothing to do"):
        assert not rules_in(here)
    elif answer == "refused":
        assert first_rule(here) in REFUSING
    else:
        assert answer in ("rewritten", "rewritten or refused")
        assert first_rule(here) in RULES.keys() - REFUSING


def test_every_rule_answers_a_change() -> None:
    assert set().union(*(rules_in(row[3]) for row in ROWS)) == {
        name for name, rule in RULES.items() if rule.group == LEGACY
    }


def test_the_guide_names_rules() -> None:
    cells = [line.strip("| ").split(" | ")[1] for line in GUIDE.splitlines() if "`, `" in line]
    assert any(first_rule(cell) for cell in cells)
    for cell in cells:
        assert rules_in(cell) or "`" not in cell


@pytest.mark.parametrize("name", sorted(REFUSING))
def test_what_is_called_refused_is_never_rewritten(name: str) -> None:
    text = f"from flax import linen as nn\n{RULES[name].before}"
    assert migrate_source(text, Options(unsafe=True)).text == text


def test_rows_are_in_the_order_of_the_releases() -> None:
    releases = [tuple(map(int, row[0].split("."))) for row in ROWS]
    assert releases == sorted(releases)


def test_todays_flax_is_as_the_table_says() -> None:
    nn = pytest.importorskip("flax.linen", reason="flax is not installed")
    from flax.linen import recurrent

    for cell in (nn.LSTMCell, nn.OptimizedLSTMCell, nn.GRUCell, nn.MGUCell, nn.SimpleCell):
        fields = dataclasses.fields(cell)
        assert fields[0].name == "features"
        assert fields[0].default is dataclasses.MISSING
        assert "carry_init" in {field.name for field in fields}
    assert [field.name for field in dataclasses.fields(nn.RNN)][:2] == ["cell", "time_major"]
    assert isinstance(nn.RNNCellBase.num_feature_axes, property)
    assert not hasattr(nn, "ConvLSTM")
    assert not hasattr(recurrent, "Shape")
    assert "reset_gate" in {field.name for field in dataclasses.fields(nn.MGUCell)}


def test_the_page_on_pins_shows_what_is_written() -> None:
    page = (DOCS / "pins.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`flax[^|]*) \| (`flax[^|]*) \|$", page, re.MULTILINE)
    assert len(rows) == 4
    for before, after in rows:
        old, new = re.findall(r"`([^`]*)`", before), re.findall(r"`([^`]*)`", after)
        for number, text in enumerate(old):
            specifier = re.search(r"[<>=!~][^;)]*[\d*]", text.split(";")[0])
            assert specifier is not None
            written = raised(specifier[0], Dialect.PEP440, (0, 7))
            assert written is not None
            shown = new[min(number, len(new) - 1)]
            assert text.replace(specifier[0], written) == shown
