"""Which files are looked at."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rnn_codemod.files.discover import discover


def make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")


def listed(folder: Path, *paths: str) -> tuple[list[str], list[tuple[str, str]]]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        found = discover(paths)
    finally:
        os.chdir(before)
    return list(found.files), [(problem.path, problem.cause) for problem in found.problems]


@pytest.mark.parametrize(
    "name",
    [
        ".git/hooks/x.py",
        ".venv/lib/x.py",
        "__pycache__/x.py",
        "node_modules/x/x.py",
        "lib/python3.11/site-packages/x.py",
        "readme.txt",
        "x.pyc",
        "py",
    ],
)
def test_left_out(tmp_path: Path, name: str) -> None:
    make(tmp_path, name)
    assert listed(tmp_path, ".") == ([], [])


def test_an_environment_of_any_name_is_left_out(tmp_path: Path) -> None:
    make(tmp_path, "mine/lib/x.py", "mine/pyvenv.cfg", "y.py")
    assert listed(tmp_path, ".") == (["y.py"], [])
    assert listed(tmp_path, "mine") == (["mine/lib/x.py"], [])


@pytest.mark.parametrize("root", ["site-packages", ".venv", "node_modules"])
def test_a_named_folder_is_always_walked(tmp_path: Path, root: str) -> None:
    make(tmp_path, f"{root}/x.py")
    assert listed(tmp_path, root) == ([f"{root}/x.py"], [])


def test_order(tmp_path: Path) -> None:
    make(tmp_path, "b/z.py", "b/a.py", "b.py", "a/x.py", ".github/x.py", "Z.py")
    order = [".github/x.py", "Z.py", "a/x.py", "b.py", "b/a.py", "b/z.py"]
    assert listed(tmp_path, ".") == (order, [])
    assert listed(tmp_path, "b", "a")[0] == ["b/a.py", "b/z.py", "a/x.py"]


def test_each_file_once(tmp_path: Path) -> None:
    make(tmp_path, "a/x.py", "a/y.py")
    assert listed(tmp_path, "a/y.py", "a", "./a/x.py", str(tmp_path / "a"))[0] == [
        "a/y.py",
        "a/x.py",
    ]


@pytest.mark.parametrize("name", ["script", "x.txt", "ignored.py"])
def test_a_named_file_is_always_taken(tmp_path: Path, name: str) -> None:
    make(tmp_path, name)
    (tmp_path / ".gitignore").write_text("*\n")
    assert listed(tmp_path, name) == ([name], [])


@pytest.mark.parametrize(
    ("patterns", "kept"),
    [
        ({".gitignore": ""}, "a.py b/a.py b/c/a.py"),
        ({".gitignore": "a.py\n"}, ""),
        ({".gitignore": "/a.py\n"}, "b/a.py b/c/a.py"),
        ({".gitignore": "b/\n"}, "a.py"),
        ({".gitignore": "/b/c\n"}, "a.py b/a.py"),
        ({".gitignore": "c/\n!c/a.py\n"}, "a.py b/a.py"),
        ({".gitignore": "*.py\n!/b/a.py\n"}, "b/a.py"),
        ({".gitignore": "**/c/*.py\n# a.py\n"}, "a.py b/a.py"),
        ({"b/.gitignore": "/a.py\n"}, "a.py b/c/a.py"),
        ({".gitignore": "a.py\n", "b/.gitignore": "!a.py\n"}, "b/a.py b/c/a.py"),
        ({".gitignore": "a.py\n", "b/.gitignore": "!/a.py\n"}, "b/a.py"),
        ({"b/c/.gitignore": "*\n"}, "a.py b/a.py"),
        ({".gitignore": "b/c/\n", "b/c/.gitignore": "!a.py\n"}, "a.py b/a.py"),
    ],
)
def test_gitignore(tmp_path: Path, patterns: dict[str, str], kept: str) -> None:
    make(tmp_path, "a.py", "b/a.py", "b/c/a.py")
    for name, text in patterns.items():
        (tmp_path / name).write_text(text)
    assert listed(tmp_path, ".") == (kept.split(), [])
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    command = ["git", "ls-files", "-o", "--exclude-standard", "*.py"]
    told = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert sorted(told.stdout.split()) == sorted(kept.split()), "git sees it otherwise"


def test_patterns_above_hold_in_a_repository(tmp_path: Path) -> None:
    make(tmp_path, "out/repo/a/x.py", "out/repo/a/gen_x.py")
    (tmp_path / "out/.gitignore").write_text("x.py\n")
    (tmp_path / "out/repo/.gitignore").write_text("gen_*\n")
    assert listed(tmp_path, "out/repo/a")[0] == ["out/repo/a/gen_x.py", "out/repo/a/x.py"]
    (tmp_path / "out/repo/.git").mkdir()
    assert listed(tmp_path, "out/repo/a")[0] == ["out/repo/a/x.py"]


def test_a_named_folder_that_is_ignored_is_walked(tmp_path: Path) -> None:
    make(tmp_path, "scratch/a/x.py")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("scratch/\n")
    assert listed(tmp_path, ".") == ([], [])
    assert listed(tmp_path, "scratch/a") == (["scratch/a/x.py"], [])


def test_no_patterns_cost_no_import(tmp_path: Path) -> None:
    make(tmp_path, "x.py")
    code = (
        "import sys; from rnn_codemod.files.discover import discover;"
        f"print(len(discover([{str(tmp_path)!r}]).files), 'pathspec' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["1", "False"]


def test_links(tmp_path: Path) -> None:
    make(tmp_path, "a/x.py", "real/y.py")
    (tmp_path / "a/loop").symlink_to(".")
    (tmp_path / "a/linked").symlink_to("../real")
    (tmp_path / "a/linked.py").symlink_to("../real/y.py")
    (tmp_path / "a/again.py").symlink_to("x.py")
    (tmp_path / "a/gone.py").symlink_to("nowhere")
    (tmp_path / "a/round.py").symlink_to("round.py")
    files, problems = listed(tmp_path, "a")
    assert files == ["a/linked.py", "a/x.py"]
    assert problems == [
        ("a/gone.py", "is a dangling link: nowhere does not exist"),
        ("a/round.py", "cannot be read: too many levels of symbolic links"),
    ]
    assert listed(tmp_path, "a", "real")[0] == ["a/x.py", "real/y.py"]
    assert listed(tmp_path, "a/linked", "real")[0] == ["a/linked/y.py"]


def test_a_folder_named_like_a_file(tmp_path: Path) -> None:
    make(tmp_path, "x.py/y.py")
    assert listed(tmp_path, ".") == (["x.py/y.py"], [])
    assert listed(tmp_path, "x.py") == (["x.py/y.py"], [])


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("nowhere", "cannot be read: no such file or directory"),
        ("a.py/x", "cannot be read: not a directory"),
        ("pipe.py", "is not a regular file"),
        ("a\0b", "is no path: "),
        ("a" * 300, "cannot be read: file name too long"),
    ],
)
def test_problems(tmp_path: Path, name: str, cause: str) -> None:
    make(tmp_path, "a.py")
    os.mkfifo(tmp_path / "pipe.py")
    files, [problem] = listed(tmp_path, "a.py", name)
    assert files == ["a.py"]
    assert problem[0] == name
    assert problem[1].startswith(cause)


def test_what_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a/x.py", "b/y.py", "c/z.py")
    (tmp_path / "c/.gitignore").mkdir()
    real = os.scandir

    def scandir(path: str):  # type: ignore[no-untyped-def]
        if path == "b":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    files, problems = listed(tmp_path, ".")
    assert files == ["a/x.py"]
    assert problems == [
        ("b", "cannot be listed: permission denied"),
        ("c", "cannot be listed: is a directory"),
    ]
