"""What `rule NAME` shows is what the rule does."""

from __future__ import annotations

import ast

import pytest

from rnn_codemod.findings import LEGACY, MIGRATED, Options
from rnn_codemod.migration import migrate_source
from rnn_codemod.rules import RULES

HEADER = (
    "import jax\nimport jax.numpy as jnp\nfrom flax import linen as nn\n"
    "key = jax.random.PRNGKey(0)\n"
)
NOT_ALONE = {"cell_factory", "custom_cell", "flax_pin"}
"""Rules whose example takes other files, or the rule beside it in one file."""
REFUSING = {"pre_linen", "dynamic_name", "handed_class", "undefined_name"}


def all_of_group(name: str) -> Options:
    """The group of a rule alone, with all that it can write."""
    style = "idiomatic" if name == "idiomatic" else "minimal"
    group = RULES[name].group
    return Options(select=frozenset({group}), unsafe=group == MIGRATED, style=style)


def in_context(name: str, example: str) -> str:
    return example if name == "pre_linen" else HEADER + example


@pytest.mark.parametrize("name", sorted(REFUSING))
def test_refusing_rule_changes_nothing(name: str) -> None:
    text = in_context(name, RULES[name].before)
    migration = migrate_source(text, all_of_group(name))
    assert migration.text == text
    assert [finding.rule for finding in migration.refused] == [name]
    assert migration.refused[0].reason
    assert migration.refused[0].recipe


@pytest.mark.parametrize("name", sorted(RULES.keys() - {"custom_cell"}))
def test_after_is_left_alone(name: str) -> None:
    text = in_context(name, RULES[name].after)
    migration = migrate_source(text, all_of_group(name))
    assert migration.text == text
    assert not migration.rewritten


@pytest.mark.parametrize("name", sorted(RULES.keys() - REFUSING - NOT_ALONE))
def test_before_becomes_after(name: str) -> None:
    migration = migrate_source(in_context(name, RULES[name].before), all_of_group(name))
    assert migration.text == in_context(name, RULES[name].after)
    assert name in {finding.rule for finding in migration.rewritten}
    assert not migration.refused


def test_a_custom_cell_grows_behind_its_last_line() -> None:
    rule = RULES["custom_cell"]
    comment = "  # as ever\u2028 zeros"
    use = "\n\n\ndef start(b, n):\n    return Leaky.initialize_carry(key, (b,), n)\n"
    after = migrate_source(HEADER + rule.before.rstrip("\n") + comment + use).text
    assert f"{comment}\n\n    @property\n    def num_feature_axes(self) -> int:\n" in after


def test_a_custom_cell_and_its_use_change_together() -> None:
    use = "\n\ndef start(b, n):\n    return Leaky.initialize_carry(key, (b,), n)\n"
    after = (
        "\n\ndef start(b, n):\n"
        "    return Leaky(features=n, parent=None).initialize_carry(key, (b, n))\n"
    )
    rule = RULES["custom_cell"]
    assert migrate_source(HEADER + rule.before + use).text == HEADER + rule.after + after


@pytest.mark.parametrize("name", sorted(RULES))
def test_examples_parse_and_are_explained(name: str) -> None:
    rule = RULES[name]
    ast.parse(rule.before)
    ast.parse(rule.after)
    assert rule.name == name
    assert rule.summary
    assert rule.explanation.endswith(".")


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        ({"static_carry"}, set(), {"static_carry"}),
        (set(), {"static_carry"}, {"missing_features"}),
        ({"rnn_size"}, set(), set()),
        ({"static_carry"}, {"static_carry"}, set()),
    ],
)
def test_selection(select: set[str], ignore: set[str], expected: set[str]) -> None:
    text = HEADER + (
        "def f(x):\n"
        "    carry = nn.GRUCell.initialize_carry(key, (x.shape[0],), 4)\n"
        "    return nn.GRUCell()(carry, x)\n"
    )
    options = Options(select=frozenset(select), ignore=frozenset(ignore))
    migration = migrate_source(text, options)
    assert {finding.rule for finding in migration.rewritten} == expected
    ast.parse(migration.text)


def test_a_pair_is_split_when_one_of_its_rules_is_off() -> None:
    text = HEADER + (
        "def f(x):\n"
        "    carry = nn.GRUCell.initialize_carry(key, (x.shape[0],), 4)\n"
        "    return nn.GRUCell()(carry, x)\n"
    )
    only = migrate_source(text, Options(select=frozenset({"static_carry"}))).text
    assert "nn.GRUCell(features=4, parent=None).initialize_carry(key, x.shape)" in only
    assert "return nn.GRUCell()(carry, x)" in only


def test_unsafe_applies_what_is_only_plausible() -> None:
    text = HEADER + "def f(cell: nn.RNNCellBase):\n    return cell.initialize_carry(key, (2,), 4)\n"
    assert migrate_source(text).text == text
    unsafe = migrate_source(text, Options(unsafe=True))
    assert "cell.initialize_carry(key, (2, 4))" in unsafe.text


class TestRuntimeTarget:
    def test_a_character_that_ends_lines_elsewhere_ends_none_here(self) -> None:
        star = "from flax.linen import *  # cells\u2028 and all\n"
        after = migrate_source(f"{star}carry, y = GRUCell()(carry, x)\n", Options(target="runtime"))
        assert after.text == (
            f"{star}from rnn_runtime import GRUCell\n"
            "carry, y = GRUCell(features=carry.shape[-1])(carry, x)\n"
        )

    def test_names_come_from_rnn_runtime(self) -> None:
        text = HEADER + "carry, y = nn.GRUCell()(carry, x)\nz = nn.relu(y)\n"
        after = migrate_source(text, Options(target="runtime")).text
        assert "import rnn_runtime\n" in after
        assert "rnn_runtime.GRUCell(features=carry.shape[-1])(carry, x)" in after
        assert "nn.relu(y)" in after

    def test_only_the_cells_leave_an_import(self) -> None:
        text = (
            "from flax.linen import (\n    Dense,  # output\n    GRUCell as G,\n    Module,\n)\n"
            "carry, y = G()(carry, x)\n"
        )
        after = migrate_source(text, Options(target="runtime")).text
        assert after == (
            "from rnn_runtime import GRUCell as G\n"
            "from flax.linen import (\n    Dense,  # output\n    Module,\n)\n"
            "carry, y = G(features=carry.shape[-1])(carry, x)\n"
        )

    def test_a_sample_is_given_as_it_is(self) -> None:
        text = HEADER + (
            "def f(x):\n"
            "    carry = nn.GRUCell.initialize_carry(key, (x.shape[0],), 4)\n"
            "    return nn.GRUCell()(carry, x)\n"
        )
        after = migrate_source(text, Options(target="runtime")).text
        assert "    cell = rnn_runtime.GRUCell(features=4)\n" in after
        assert "cell.initialize_carry(key, x)\n" in after

    def test_a_file_with_a_refusal_stays_on_flax(self) -> None:
        text = HEADER + "a = nn.GRUCell()\ncarry, y = nn.LSTMCell()(carry, x)\n"
        migration = migrate_source(text, Options(target="runtime"))
        assert "rnn_runtime" not in migration.text
        assert migration.warnings

    def test_a_second_run_changes_nothing(self) -> None:
        text = HEADER + "carry, y = nn.GRUCell()(carry, x)\n"
        once = migrate_source(text, Options(target="runtime")).text
        assert migrate_source(once, Options(target="runtime")).text == once


class TestAnnotate:
    TEXT = (
        HEADER + "def f():\n    if True:\n        cell = getattr(nn, cfg.cell)()\n    return cell\n"
    )

    def test_a_refusal_is_left_as_a_comment(self) -> None:
        after = migrate_source(self.TEXT, Options(annotate=True)).text
        lines = after.splitlines()
        at = next(i for i, line in enumerate(lines) if "getattr" in line and "#" not in line)
        assert lines[at - 3].startswith("        # rnn-codemod: dynamic_name: it may be any class")
        assert [line for line in lines if "# rnn-codemod" not in line] == self.TEXT.splitlines()

    def test_not_twice(self) -> None:
        once = migrate_source(self.TEXT, Options(annotate=True)).text
        assert migrate_source(once, Options(annotate=True)).text == once


FAULTY = (
    "def step(carry, x):\n    return nn.GRUCell(features=x.shape[-1])(carry, x)\n\n\n"
    "def old(carry, x):\n    return nn.GRUCell()(carry, x)\n"
)


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        (set(), set(), {"missing_features"}),
        ({LEGACY}, set(), {"missing_features"}),
        (set(), {LEGACY}, set()),
        ({MIGRATED}, set(), {"wrong_features"}),
        ({MIGRATED}, {"wrong_features"}, set()),
        ({MIGRATED}, {MIGRATED}, set()),
        ({"wrong_features"}, set(), {"wrong_features"}),
        ({LEGACY, MIGRATED}, set(), {"missing_features", "wrong_features"}),
        ({LEGACY, "wrong_features"}, {LEGACY}, {"wrong_features"}),
    ],
)
def test_groups_are_selected_by_name(
    select: set[str], ignore: set[str], expected: set[str]
) -> None:
    options = Options(select=frozenset(select), ignore=frozenset(ignore))
    migration = migrate_source(HEADER + FAULTY, options)
    assert {finding.rule for finding in migration.rewritten} == expected
    assert not migration.refused


def test_what_renames_parameters_is_written_only_when_asked_for() -> None:
    name = "carry_only_cell"
    text = in_context(name, RULES[name].before)
    migration = migrate_source(text, Options(select=frozenset({MIGRATED})))
    assert migration.text == text
    (finding,) = migration.refused
    assert finding.rule == name
    assert finding.recipe == ("nn.GRUCell(features=n, parent=None)",)


@pytest.mark.parametrize(
    ("shape", "written"),
    [
        ("batch_dims + (size,)", True),
        ("batch_dims + size", False),  # It may be a tuple.
        ("blank(batch_dims, size)", False),
    ],
)
def test_a_cell_that_nobody_uses_is_not_proved(shape: str, written: bool) -> None:
    text = HEADER + (
        "class Leaky(nn.RNNCellBase):\n"
        "    @staticmethod\n"
        "    def initialize_carry(rng, batch_dims, size, init_fn=nn.initializers.zeros):\n"
        f"        return init_fn(rng, {shape})\n"
    )
    (finding,) = migrate_source(text).refused
    assert "not used in the given files" in finding.reason or not written
    after = migrate_source(text, Options(unsafe=True)).text
    assert (after != text) is written
    assert ("def initialize_carry(self, rng, input_shape, init_fn" in after) is written
