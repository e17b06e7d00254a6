"""The report in the terminal: what hostile names may not do there."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from test_verify_sources import AFTER, BEFORE
from workplace import Workplace

from rnn_codemod.verify.text import printable


@pytest.mark.parametrize(
    ("line", "encoding", "expected"),
    [
        ("Model/GRUCell_0  2 calls", "ascii", "Model/GRUCell_0  2 calls"),
        ("Zoë/cell", "utf-8", "Zoë/cell"),
        ("Zoë/cell", "ascii", "Zo\\xeb/cell"),
        ("\x1b[31mred\x07", "utf-8", "\\x1b[31mred\\x07"),
        ("name-\udcff.py", "utf-8", "name-\\udcff.py"),
    ],
)
def test_printable(line: str, encoding: str, expected: str):
    assert printable(line, encoding) == expected


def test_a_file_with_a_name_that_is_no_text_and_a_reader_that_leaves(place: Workplace):
    name = os.fsdecode(b"model-\xff.py")
    place.write(BEFORE, AFTER, name)
    page = place.folder / "page.html"
    command = [sys.executable, "-m", "rnn_codemod", "verify", "--before", "../before"]
    command += ["--html", str(page), "--", "-c", "print('nothing recurrent')"]
    leaves = 'exec 3>&1; "$@" | true; echo "${PIPESTATUS[0]}" >&3'
    done = subprocess.run(
        ["bash", "-c", leaves, "bash", *command],
        cwd=place.folder / "after",
        env=place.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("1\n", "")
    assert "<code>model-" in page.read_text()


def test_a_folder_for_the_report_that_is_not_there_is_told_before_the_run(place: Workplace):
    place.write(BEFORE, AFTER)
    result = place.verify("--html", "no/such/page.html", "--", "no-such-program")
    assert result.code == 2
    assert result.err == "rnn-codemod verify: no/such/page.html: no such folder\n"


@pytest.mark.parametrize(
    ("probe", "word"),
    [
        ("model.py", "no probe in that file"),
        ("model.py::run", "no run in that file"),
        ("gone.py::run", "no such file in"),
    ],
)
def test_a_probe_that_is_not_there(place: Workplace, probe: str, word: str):
    place.write(BEFORE, AFTER)
    result = place.verify("--probe", probe)
    assert result.code == 2
    assert word in result.err
