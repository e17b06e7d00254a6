"""What the pages say, the project does: no page may promise what is not there."""

from __future__ import annotations

import configparser
import re
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest

import rnn_codemod
from rnn_codemod import Mode, Options, migrate_paths, migrate_source
from rnn_codemod.cli import main
from rnn_codemod.findings import MIGRATED
from rnn_codemod.rules import RULES

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def kept_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    names = [name for name in listed.stdout.split("\0") if name]
    return [ROOT / name for name in names] or [p for p in ROOT.glob("*") if p.is_file()]


def page_id(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def test_no_file_names_a_place_on_somebodys_machine():
    places = re.compile(rb"/(?:work|root|home/\w+|Users/\w+)/[\w.]+")
    for path in kept_files():
        if path.suffix != ".npz" and path.is_file():
            found = places.search(path.read_bytes())
            assert not found, f"{path.relative_to(ROOT)}: {found[0].decode()}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_to_files(page: Path):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_named_make_commands_exist(page: Path):
    targets = set(re.findall(r"^(\w+):", MAKEFILE, re.MULTILINE))
    text = page.read_text(encoding="utf-8")
    named = set(re.findall(r"`make (\w+)", text))
    for block in blocks(text, "console"):
        named |= set(re.findall(r"^make (\w+)", block, re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_named_files_exist(page: Path):
    text = page.read_text(encoding="utf-8")
    folders = "benchmarks|fixtures|rnn_codemod|rnn_runtime|tests|docs|[.]ci"
    for name in re.findall(rf"`((?:{folders})/[\w./]+)`", text):
        if not re.search("RULE|CASE", name):
            assert (ROOT / name).exists(), name


def test_ci_runs_what_the_readme_says():
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(r"^make test\b", script, re.MULTILINE)
    assert re.search(r"^make check\b", script, re.MULTILINE)
    assert "make test" in blocks(README, "console")[0].splitlines()


def test_the_readme_example_is_what_the_tool_writes():
    before, after = blocks(README, "python")[:2]
    migration = migrate_source(before)
    assert migration.text == after
    assert not migration.refused


def test_the_readme_example_of_the_runtime_runs():
    names: dict[str, Any] = {}
    exec(blocks(README, "python")[2], names)
    assert names["y"].shape == (2, 5, 4)


def test_the_readme_example_of_the_library_runs(tmp_path, monkeypatch, capsys):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text(
        "from flax import linen as nn\nnn.RNN(nn.GRUCell(), 8)\n"
    )
    monkeypatch.chdir(tmp_path)
    exec(blocks(README, "python")[3], {})
    out = capsys.readouterr().out
    assert "nn.RNN(nn.GRUCell(features=8))" in out
    assert "src/a.py 1 0 None" in out.replace("\\", "/")


def test_the_readme_names_every_command_and_option():
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert f"`rnn-codemod {name}" in README
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.opts[-1] in README


@pytest.mark.parametrize("name", [name for name in RULES if RULES[name].group == MIGRATED])
def test_the_page_on_faults_shows_what_is_written(name: str):
    page = (ROOT / "docs" / "hand-migrated.md").read_text(encoding="utf-8")
    part = page.partition(f"## {name}\n")[2].partition("\n## ")[0]
    rule = RULES[name]
    assert rule.explanation in part
    assert blocks(part, "python") == list(dict.fromkeys([rule.before, rule.after]))


@pytest.mark.parametrize("name", RULES)
def test_every_rule_has_its_page_and_its_fixtures(name: str):
    assert (ROOT / "rnn_codemod" / "rules" / f"{name}.py").is_file()
    assert list((ROOT / "fixtures" / name).glob("*/*.py"))
    assert f"| `{name}` | {RULES[name].summary} |" in README


def test_fixtures_belong_to_a_rule_or_to_the_demo():
    folders = {path.parent.parent.name for path in (ROOT / "fixtures").glob("*/*/*.py")}
    assert folders - {"demo"} <= set(RULES)


def test_the_bundled_project_is_legacy_code():
    results = migrate_paths([str(ROOT / "fixtures" / "demo")], Options(), Mode.CHECK)
    assert sum(len(result.rewritten) for result in results) == 8


def test_one_version():
    setup = configparser.RawConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert setup["metadata"]["version"] == "attr: rnn_codemod.__version__"
    version = rnn_codemod.__version__
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"rev: v{version}" in README


def test_hooks_call_commands_that_exist():
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    entries = re.findall(r"entry: rnn-codemod (\w+)", hooks)
    assert sorted(entries) == ["check", "migrate"]
    for hook in re.findall(r"- id: ([\w-]+)", hooks):
        assert f"id: {hook}" in README


def test_the_readme_quotes_measured_figures():
    measured = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    speed = README.partition("## How fast it is\n")[2].partition("\n## ")[0]
    figures = re.findall(r"\d[\d.,]*\d", speed)
    assert len(figures) == 5
    for figure in figures:
        assert re.search(rf"(?<![\d.]){re.escape(figure)}(?![\d.])", measured), figure


def test_architecture_is_one_page():
    lines = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 80
