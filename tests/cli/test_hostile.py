"""Bad and odd input: one run over all of it, then one look at each file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest

SITE, DONE = b"nn.GRUCell()", b"nn.GRUCell(features=carry.shape[-1])"

GOOD = b"""import flax.linen as nn


class M(nn.Module):
    @nn.compact
    def __call__(self, carry, x):
        return nn.GRUCell()(carry, x)
"""

DEEP_IN_SITE = GOOD.replace(b"(carry, x)\n", b"(carry, x + " + b"+".join([b"1"] * 3000) + b")\n")

MANY_ELIFS = b"if a == -1:\n    b = -1\n" + b"".join(
    b"elif a == %d:\n    b = %d\n" % (i, i) for i in range(1500)
)

ODD = {
    "plain": GOOD,
    "bom": b"\xef\xbb\xbf" + GOOD,
    "crlf": GOOD.replace(b"\n", b"\r\n"),
    "crlf_bom": b"\xef\xbb\xbf" + GOOD.replace(b"\n", b"\r\n"),
    "mixed_ends": GOOD.replace(b"\n", b"\r\n", 3),
    "mixed_ends_late": GOOD + b"x = 1\r\ny = '''a\r\nb\n'''\r\n",
    "form_feed": GOOD.replace(b"\n\n\n", b"\n\x0c\n\n") + b"\x0c\nx = 1\n",
    "tabs": GOOD.replace(b"    ", b"\t"),
    "no_final_end": GOOD.rstrip(b"\n"),
    "trailing_space": GOOD.replace(b"\n", b"  \n"),
    "latin1": b"# coding: latin-1\n" + GOOD + b"s = '\xe9\xff'  # \xa0\n",
    "cp1252_line_2": b"#!/usr/bin/python\n# -*- coding: cp1252 -*-\n" + GOOD + b"s = '\x80'\n",
    "wide": GOOD + "s = 'é中😀\u2028\u0085'  # \N{CHECK MARK}\n".encode(),
    "wide_before": "é = '中😀'; ".encode() + GOOD,
    "continued": GOOD.replace(b"nn.GRUCell()(", b"\\\n            nn.GRUCell()("),
    "comments": GOOD.replace(b"(carry, x)\n", b"(  # one\n        carry,  # two\n\n        x)\n"),
    "parens_150": GOOD + b"p = " + b"(" * 150 + b"1" + b")" * 150 + b"\n",
    "elifs_1500": GOOD + MANY_ELIFS,
    "annotated_target": GOOD + b"(x): int = 3\n",
    "match": GOOD + b"match x:\n    case [1, *_]:\n        pass\n",
}  # fmt: skip
"""Migrated, with every other byte as it was."""

BAD = {
    "syntax": (GOOD + b"x = (\n", "8: error: cannot be parsed: '(' was never closed"),
    "indent": (GOOD + b"  x = 1\n", "8: error: cannot be parsed: "),
    "python2": (GOOD + b"print 'a'\n", "8: error: cannot be parsed: Missing parentheses"),
    "nulls": (GOOD + b"\0\n", "8: error: holds null bytes"),
    "utf16": (b"# flax LSTM\n" + GOOD.decode().encode("utf-16"), "error: holds null bytes"),
    "invalid_utf8": (GOOD + b"s = '\xe9'\n", "8: error: is not valid utf-8"),
    "wrong_cookie": (b"# coding: ascii\n" + GOOD + b"# \xe9\n", "9: error: is not valid ascii"),
    "no_encoding": (b"# coding: klingon\n" + GOOD, "1: error: has a coding cookie that names no"),
    "bom_latin1": (b"\xef\xbb\xbf# coding: latin-1\n" + GOOD, "1: error: has a UTF-8 byte order"),
    "parens_1000": (GOOD + b"p = " + b"(" * 1000 + b"1" + b")" * 1000, "8: error: cannot be "),
}
"""Left as it was, and named with place and cause."""

EITHER = {
    "cr_only": GOOD.replace(b"\n", b"\r"),
    "cr_final": GOOD + b"x = 1\r",
    "terms_3000": GOOD + b"s = " + b"+".join([b"1"] * 3000) + b"\n",
    "terms_in_site": DEEP_IN_SITE,
    "terms_99999": GOOD + b"s = " + b"+".join([b"1"] * 99_999) + b"\n",
}
"""What the interpreter or the parser of the day may or may not read."""


@dataclass(frozen=True)
class Hostile:
    folder: Path
    outcome: CompletedProcess[bytes]

    def told(self, name: str) -> str:
        lines = self.outcome.stderr.decode().splitlines()
        return "\n".join(line for line in lines if line.startswith(f"{name}.py"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, cli) -> Hostile:  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("hostile")
    for name, data in {**ODD, **EITHER, **{name: data for name, (data, _) in BAD.items()}}.items():
        (folder / f"{name}.py").write_bytes(data)
    for name in ("read_only", "executable", "hard_link"):
        (folder / f"{name}.py").write_bytes(GOOD)
    (folder / "read_only.py").chmod(0o444)
    (folder / "executable.py").chmod(0o755)
    os.link(folder / "hard_link.py", folder / "hard_link.txt")
    (folder / "folder.py").mkdir()
    (folder / "folder.py/inner.py").write_bytes(GOOD)
    (folder / "empty.py").write_bytes(b"")
    (folder / "target.txt").write_bytes(GOOD)
    (folder / "linked.py").symlink_to("target.txt")
    (folder / "dangling.py").symlink_to("nowhere")
    (folder / "circle.py").symlink_to("circle.py")
    (folder / "loop").symlink_to(".")
    os.mkfifo(folder / "pipe.py")
    return Hostile(folder, cli("migrate", ".", folder=folder))


def test_the_run_goes_on(hostile: Hostile) -> None:
    assert hostile.outcome.returncode == 3
    assert b"Traceback" not in hostile.outcome.stderr
    assert b"internal error" not in hostile.outcome.stderr
    assert hostile.outcome.stderr.splitlines()[-1].count(b"looked at") == 1


def test_nothing_is_left_behind(hostile: Hostile) -> None:
    assert not [name for name in os.listdir(hostile.folder) if name.startswith(".")]


@pytest.mark.parametrize("name", ODD)
def test_every_other_byte_is_kept(hostile: Hostile, name: str) -> None:
    assert hostile.told(name) == ""
    assert (hostile.folder / f"{name}.py").read_bytes() == ODD[name].replace(SITE, DONE)


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_treated_is_named(hostile: Hostile, name: str) -> None:
    data, cause = BAD[name]
    assert (hostile.folder / f"{name}.py").read_bytes() == data
    told = hostile.told(name)
    assert told.count("\n") == 0
    assert cause in told


@pytest.mark.parametrize("name", EITHER)
def test_whole_or_named(hostile: Hostile, name: str) -> None:
    data = (hostile.folder / f"{name}.py").read_bytes()
    if hostile.told(name):
        assert data == EITHER[name]
    else:
        assert data == EITHER[name].replace(SITE, DONE)


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("read_only", "error: is read-only"),
        ("dangling", "error: is a dangling link: nowhere does not exist"),
        ("circle", "error: cannot be read: too many levels of symbolic links"),
        ("pipe", "error: is not a regular file"),
        ("hard_link", "warning: had 2 hard links; its other names keep the old text"),
    ],
)
def test_odd_files_are_named(hostile: Hostile, name: str, cause: str) -> None:
    assert hostile.told(name) == f"{name}.py: {cause}"


def test_odd_files(hostile: Hostile) -> None:
    folder, done = hostile.folder, GOOD.replace(SITE, DONE)
    assert (folder / "read_only.py").read_bytes() == GOOD
    assert (folder / "executable.py").read_bytes() == done
    assert (folder / "executable.py").stat().st_mode & 0o777 == 0o755
    assert (folder / "hard_link.py").read_bytes() == done
    assert (folder / "hard_link.txt").read_bytes() == GOOD
    assert (folder / "folder.py/inner.py").read_bytes() == done
    assert (folder / "empty.py").read_bytes() == b""
    assert (folder / "linked.py").is_symlink()
    assert (folder / "target.txt").read_bytes() == done


def test_a_second_run_changes_nothing(hostile: Hostile, cli) -> None:  # type: ignore[no-untyped-def]
    before = {path: path.read_bytes() for path in hostile.folder.iterdir() if path.is_file()}
    again = cli("migrate", ".", folder=hostile.folder)
    assert again.stdout == b""
    assert {path: path.read_bytes() for path in before} == before


def test_a_file_of_five_megabytes(tmp_path: Path, cli) -> None:  # type: ignore[no-untyped-def]
    """Mostly one long literal, as in generated data files, so that the test takes seconds."""
    data = GOOD + b"DATA = '''\n" + b"0123456789 abcdef\n" * 300_000 + b"'''\n"
    assert len(data) > 5_000_000
    (tmp_path / "big.py").write_bytes(data)
    assert cli("migrate", tmp_path).returncode == 0
    assert (tmp_path / "big.py").read_bytes() == data.replace(SITE, DONE)
