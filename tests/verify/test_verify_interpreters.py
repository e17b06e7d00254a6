"""Interpreters and environments that are not there, or are none: one line each."""

from __future__ import annotations

from pathlib import Path

import pytest

from rnn_codemod.verify import interpreters, legacy_env
from rnn_codemod.verify.interpreters import interpreter
from rnn_codemod.verify.problem import VerifyError

GOOD = """\
#!/bin/sh
echo 'a start-up file speaks'
echo '{"python": "3.8.18", "jax": "0.4.13", "flax": "0.6.11"}'
"""


def program(folder: Path, text: str) -> str:
    file = folder / "python"
    file.write_text(text)
    file.chmod(0o755)
    return str(file)


def test_versions_behind_what_a_start_up_file_prints(tmp_path: Path):
    found = interpreter(program(tmp_path, GOOD))
    assert str(found) == "Python 3.8.18, jax 0.4.13, flax 0.6.11"
    assert found.is_legacy


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("#!/no/such/program\n", "No such file"),
        ("\x7fnot a program", "Exec format error"),
        ("#!/bin/sh\n", "is no interpreter of Python"),
        ("#!/bin/sh\necho 3\n", "is no interpreter of Python"),
        ("#!/bin/sh\necho why >&2; exit 1\n", "why"),
        ("#!/bin/sh\nexec sleep 600\n", "says nothing within 1 s"),
        ('#!/bin/sh\necho \'{"python": "3", "jax": "1"}\'\n', "flax is not installed there"),
    ],
    ids=["gone", "no program", "silent", "a number", "fails", "hangs", "no flax"],
)
def test_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, word: str):
    monkeypatch.setattr(interpreters, "SECONDS", 1)
    with pytest.raises(VerifyError, match=word):
        interpreter(program(tmp_path, text))


def test_a_cache_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(VerifyError, match=r"cannot be kept: .*Not a directory"):
        legacy_env.ready(lambda message: None)


def environment(monkeypatch: pytest.MonkeyPatch, cache: Path, fails_at: str = "") -> list[str]:
    """Stands in for venv and pip: what they are asked for, up to the pin that is not to be had."""
    asked: list[str] = []

    def run(*command: str) -> None:
        asked.append(command[-1])
        if command[-1] == fails_at:
            raise VerifyError("no network")
        if "venv" in command:
            Path(command[-1]).mkdir()

    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setattr(legacy_env, "_run", run)
    return asked


def test_an_environment_is_made_once_with_a_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked, said = environment(monkeypatch, tmp_path), []
    python = legacy_env.ready(said.append)
    assert asked[1:] == legacy_env.pinned()
    assert python.is_relative_to(tmp_path / "rnn-codemod")
    assert said[1].startswith("flax 0.6.11 [........................] 0/")
    assert said[-1].count("#") > 20
    assert legacy_env.ready(said.append) == python
    assert len(asked) == 1 + len(legacy_env.pinned())


def test_one_that_was_interrupted_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    environment(monkeypatch, tmp_path, fails_at=legacy_env.pinned()[3])
    with pytest.raises(VerifyError, match="no network"):
        legacy_env.ready(lambda message: None)
    asked = environment(monkeypatch, tmp_path)
    legacy_env.ready(lambda message: None)
    assert asked[1:] == legacy_env.pinned()
