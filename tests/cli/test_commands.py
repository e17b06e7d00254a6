"""The commands: what they print, what they write, how they end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import rnn_codemod
from rnn_codemod.rules import RULES

NONE = b"import flax.linen as nn\nd = nn.Dense(3)\n"

SITE = b"""import flax.linen as nn

class M(nn.Module):
    @nn.compact
    def __call__(self, carry, x):
        return nn.GRUCell()(carry, x)
"""

DONE = SITE.replace(b"GRUCell()", b"GRUCell(features=carry.shape[-1])")

REFUSED = b"""import flax.linen as nn

def make():
    return nn.GRUCell()
"""

BAD = b"# flax LSTM\nx = (\n"


def write(folder: Path, **files: bytes) -> None:
    for name, data in files.items():
        (folder / f"{name}.py").write_bytes(data)


@pytest.mark.parametrize(
    ("files", "check", "diff", "migrate"),
    [
        ({}, 0, 0, 0),
        ({"a": NONE}, 0, 0, 0),
        ({"a": DONE}, 0, 0, 0),
        ({"a": SITE}, 1, 1, 0),
        ({"a": REFUSED}, 1, 1, 1),
        ({"a": SITE, "b": REFUSED}, 1, 1, 1),
        ({"a": BAD}, 3, 3, 3),
        ({"a": BAD, "b": SITE}, 3, 3, 3),
        ({"a": BAD, "b": REFUSED}, 3, 3, 3),
    ],
)
def test_exit_codes(tmp_path: Path, cli, files, check, diff, migrate) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path, **files)
    assert cli("check", tmp_path).returncode == check
    assert cli("migrate", "--diff", tmp_path).returncode == diff
    assert {name: (tmp_path / f"{name}.py").read_bytes() for name in files} == files
    assert cli("migrate", tmp_path).returncode == migrate


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Usage:"),
        (["migrate"], "Missing argument 'PATH...'"),
        (["check"], "Missing argument 'PATH...'"),
        (["fix", "."], "No such command 'fix'"),
        (["check", "--target", "torch", "."], "'torch' is not one of"),
        (["check", "--select", "static_cary", "."], "did you mean static_carry?"),
        (["check", "--select", "migratd", "."], "did you mean migrated?"),
        (["migrate", "--ignore", "static_carry,nonsense", "."], "'nonsense'; the rules are"),
        (["check", "--diff", "."], "No such option"),
        (["migrate", "-", "a.py"], "goes with no other path"),
        (["rule", "static_cary"], "did you mean static_carry?"),
    ],
)  # fmt: skip
def test_wrong_usage(cli, arguments: list[str], said: str) -> None:  # type: ignore[no-untyped-def]
    outcome = cli(*arguments)
    assert outcome.returncode == 2
    assert said in outcome.stderr.decode()
    assert outcome.stdout == b""


@pytest.mark.parametrize("name", ["nowhere.py", "nowhere"])
def test_a_missing_path_is_no_wrong_usage(tmp_path: Path, cli, name: str) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path, a=SITE)
    outcome = cli("migrate", name, "a.py", folder=tmp_path)
    assert outcome.returncode == 3
    assert f"{name}: error: cannot be read: no such file or directory" in outcome.stderr.decode()
    assert (tmp_path / "a.py").read_bytes() == DONE


def test_check(tmp_path: Path, cli) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path, a=SITE, b=REFUSED, c=NONE)
    outcome = cli("check", ".", folder=tmp_path)
    first, second = outcome.stdout.decode().splitlines()
    assert first.startswith("a.py:6:16 missing_features ")
    assert second.startswith("b.py:4:12 missing_features ")
    assert outcome.stderr.decode().startswith(
        "3 files looked at, 1 site to migrate, 1 refused, 0 left alone; "
    )


def test_migrate(tmp_path: Path, cli) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path, a=SITE, b=REFUSED)
    outcome = cli("migrate", ".", folder=tmp_path)
    lines = outcome.stdout.decode().splitlines()
    assert lines[0] == "a.py: 1 site migrated"
    assert lines[1].startswith("b.py:4:12 missing_features ")
    assert lines[2].startswith("    not rewritten: ")
    assert lines[3] == "    by hand:"
    assert lines[4].startswith("        ")
    assert outcome.stderr.decode().startswith(
        "2 files looked at, 1 site migrated, 1 refused, 0 left alone; "
    )
    assert (tmp_path / "a.py").read_bytes() == DONE
    assert (tmp_path / "b.py").read_bytes() == REFUSED


@pytest.mark.parametrize(
    "before",
    [
        SITE,
        SITE.rstrip(b"\n"),
        SITE.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + SITE,
        b"# coding: latin-1\n# \xe9\n" + SITE,
        SITE + b"x = 1\n" * 20 + SITE,
        SITE.replace(b"\n\n", b"\n\x0c\n"),
    ],
)
def test_the_diff_makes_what_migrate_makes(tmp_path: Path, cli, before: bytes) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "sub").mkdir()
    write(tmp_path / "sub", a=before)
    diff = cli("migrate", "--diff", "sub", folder=tmp_path)
    assert b"GRUCell()" in diff.stdout
    assert (tmp_path / "sub/a.py").read_bytes() == before
    apply = ["git", "apply", "--whitespace=nowarn", "-"]
    subprocess.run(apply, cwd=tmp_path, input=diff.stdout, check=True)
    assert (tmp_path / "sub/a.py").read_bytes() == before.replace(
        b"GRUCell()", b"GRUCell(features=carry.shape[-1])"
    )


def test_the_diff_is_all_of_stdout(tmp_path: Path, cli) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path, a=REFUSED)
    outcome = cli("migrate", "--diff", tmp_path)
    assert outcome.stdout == b""
    assert b"    by hand:" in outcome.stderr


@pytest.mark.parametrize(
    ("source", "code", "result"),
    [
        (b"", 0, b""),
        (NONE, 0, NONE),
        (SITE, 0, DONE),
        (SITE.replace(b"\n", b"\r\n"), 0, DONE.replace(b"\n", b"\r\n")),
        (b"# coding: latin-1\n# \xe9\n" + SITE, 0, b"# coding: latin-1\n# \xe9\n" + DONE),
        (REFUSED, 1, REFUSED),
        (BAD, 3, BAD),
        (b"\0 flax LSTM", 3, b"\0 flax LSTM"),
    ],
)
def test_stdin(cli, source: bytes, code: int, result: bytes) -> None:  # type: ignore[no-untyped-def]
    outcome = cli("migrate", "-", stdin=source)
    assert (outcome.returncode, outcome.stdout) == (code, result)


def test_stdin_to_check_and_diff(cli) -> None:  # type: ignore[no-untyped-def]
    outcome = cli("check", "-", stdin=SITE)
    assert outcome.stdout.startswith(b"<stdin>:6:16 missing_features ")
    assert outcome.returncode == 1
    outcome = cli("migrate", "--diff", "-", stdin=SITE)
    assert outcome.stdout.startswith(b"--- a/<stdin>\n+++ b/<stdin>\n")
    assert outcome.returncode == 1


def test_select_and_ignore(tmp_path: Path, cli) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path, a=SITE)
    for choice in (["--ignore", "missing_features"], ["--select", "static_carry, init_fn"]):
        assert cli("migrate", *choice, tmp_path).returncode == 0
        assert (tmp_path / "a.py").read_bytes() == SITE
    choice = ["--select", "static_carry", "--select", "missing_features"]
    assert cli("migrate", *choice, tmp_path).returncode == 0
    assert (tmp_path / "a.py").read_bytes() == DONE


@pytest.mark.parametrize("name", ["a\nb.py", "\udcff.py", "é.py", "a b.py", "\x1b[31m.py"])
def test_any_file_name_is_told_on_one_line(tmp_path: Path, cli, name: str) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / name).write_bytes(SITE)
    for extra in ({}, {"PYTHONIOENCODING": "ascii"}):
        outcome = cli("check", ".", folder=tmp_path, **extra)
        assert outcome.returncode == 1
        [line] = outcome.stdout.splitlines()
        assert b":6:16 missing_features" in line
        assert b"\x1b" not in line


def test_rules_are_listed(cli) -> None:  # type: ignore[no-untyped-def]
    lines = cli("rule").stdout.decode().splitlines()
    assert [line.split()[0] for line in lines] == sorted(RULES)


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_rule_is_explained(cli, name: str) -> None:  # type: ignore[no-untyped-def]
    rule = RULES[name]
    told = cli("rule", name).stdout.decode()
    assert told.startswith(f"{name}: {rule.summary}\n")
    for part in (rule.explanation, rule.before, rule.after):
        for line in part.splitlines():
            assert line.strip() in told


def test_version(cli) -> None:  # type: ignore[no-untyped-def]
    assert cli("--version").stdout.decode().split()[-1] == rnn_codemod.__version__


HEAVY = ("flax", "jax", "libcst", "numpy", "pathspec", "rich", "multiprocessing")
OURS = ("rnn_codemod.reading", "rnn_codemod.rules", "rnn_codemod.editing", "rnn_codemod.migration")


def loaded_by(*arguments: str) -> set[str]:
    code = (
        "import sys\nfrom rnn_codemod.__main__ import main\n"
        f"try: main({list(arguments)!r})\n"
        "except SystemExit as end: print(end.code, *sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code]
    outcome = subprocess.run(command, capture_output=True, text=True, check=True)
    code, *modules = outcome.stderr.splitlines()[-1].split()
    assert code == "0"
    return set(modules)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["migrate", "--help"], ["--version"], ["check", "."]]
)
def test_what_is_not_needed_is_not_imported(  # type: ignore[no-untyped-def]
    tmp_path: Path, arguments: list[str]
) -> None:
    write(tmp_path, a=NONE, b=b"import jax\n")
    loaded = loaded_by(*(str(tmp_path) if argument == "." else argument for argument in arguments))
    assert "click" in loaded
    assert not loaded & {*HEAVY, *OURS}


def test_the_package_itself_imports_nothing_of_it() -> None:
    code = (
        "import sys; import rnn_codemod; print([m for m in sys.modules if m.startswith('rnn_')]);"
        "print(all(getattr(rnn_codemod, name) for name in rnn_codemod.__all__))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == ["['rnn_codemod']", "True"]
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        rnn_codemod.nonsense  # noqa: B018


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interrupt(tmp_path: Path, name: str) -> None:
    """A signal when one file is treated and the next is being treated: nothing is written."""
    write(tmp_path, a=SITE, b=SITE + b"b = 1\n")
    code = f"""
import os, signal, time
import rnn_codemod.run as run
import rnn_codemod.treat as treat
from rnn_codemod.cli import main

signal.signal(signal.SIGINT, signal.default_int_handler)  # may be ignored where the tests run
rules = treat.the_rules()

def migrate(text, options, used):
    if "b = 1" in text:
        os.kill(os.getppid(), signal.{name})
        time.sleep(600)
    return rules.migrate(text, options, used)

run.the_rules = lambda: treat.Engine(migrate, rules.exported_cells)
main(["migrate", {str(tmp_path)!r}])
"""
    outcome = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300
    )
    assert outcome.returncode == 130
    assert "Traceback" not in outcome.stderr
    assert "interrupted: " in outcome.stderr
    assert (tmp_path / "a.py").read_bytes() == SITE
    assert (tmp_path / "b.py").read_bytes() == SITE + b"b = 1\n"


def test_a_reader_that_goes_away(tmp_path: Path, cli) -> None:  # type: ignore[no-untyped-def]
    for number in range(200):
        (tmp_path / f"{number}{'x' * 200}.py").write_bytes(SITE * 3)
    command = [sys.executable, "-m", "rnn_codemod", "check", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr is not None
        told = running.stderr.read()
    assert b"Traceback" not in told
