"""The copies that a command runs in: what is in them, and that the tree itself is only read."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest
from test_verify_sources import AFTER, BEFORE, git
from workplace import Workplace

from rnn_codemod.findings import Options
from rnn_codemod.verify import copying
from rnn_codemod.verify.copying import copy_tree
from rnn_codemod.verify.problem import UsageError
from rnn_codemod.verify.trees import Trees, make_trees


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one committed file, which is legacy."""
    return committed(tmp_path / "repository", {"model.py": BEFORE})


def committed(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "One")
    return folder


def trees(root: Path, before: str | None = None, may_be_equal: bool = False) -> Trees:
    scratch = root.parent / "scratch"
    scratch.mkdir()
    return make_trees(root, (), before, scratch, Options(), may_be_equal)


def test_the_same_tree_twice_makes_sense_on_two_interpreters_only(repository: Path):
    (repository / "model.py").write_text(AFTER)
    git(repository, "commit", "--quiet", "--all", "--message", "Two")
    with pytest.raises(UsageError, match="nothing changed between revision HEAD and"):
        trees(repository)
    shutil.rmtree(repository.parent / "scratch")
    copies = trees(repository, may_be_equal=True)
    assert copies.changes == ()
    assert names(copies.before) == names(copies.after) == {"model.py"}


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def test_of_a_plain_folder_nothing_but_environments_and_caches_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in (
        "data/x.npy",
        "run.py",
        "env/pyvenv.cfg",
        "env/bin/python",
        ".venv/lib/a.py",
        "pkg/__pycache__/a.pyc",
        "tool/.git",
    ):
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    os.mkfifo(tmp_path / "source" / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(
            tmp_path / "source"
        )  # The name of a socket may have so many characters only.
        listening.bind("socket")
        copy_tree(tmp_path / "source", tmp_path / "target")
    assert names(tmp_path / "target") == {"data/x.npy", "run.py", "tool/.git"}


def test_a_folder_around_the_copies_is_copied_once(tmp_path: Path):
    (tmp_path / "run.py").write_text("")
    copy_tree(tmp_path, tmp_path / "scratch" / "before")
    assert names(tmp_path / "scratch") == {"before/run.py"}


def test_what_is_read_only_may_be_written_in_the_copy(tmp_path: Path):
    folder = tmp_path / "source" / "inner"
    folder.mkdir(parents=True)
    (folder / "model.py").write_text("")
    (folder / "model.py").chmod(0o444)
    folder.chmod(0o555)
    copy_tree(tmp_path / "source", tmp_path / "target")
    folder.chmod(0o755)
    for path in (tmp_path / "target" / "inner", tmp_path / "target" / "inner" / "model.py"):
        assert path.stat().st_mode & 0o200


def test_links(tmp_path: Path):
    source, outside = tmp_path / "source", tmp_path / "outside"
    for folder in (source / "inner", outside):
        folder.mkdir(parents=True)
    (source / "data.txt").write_text("")
    (outside / "weights.npz").write_text("")
    (outside / "shared.py").write_text(BEFORE)
    links = {
        "inner/relative": "../data.txt",
        "inner/absolute": str(source / "data.txt"),
        "inner/weights.npz": "../../outside/weights.npz",
        "inner/folder": str(outside),
        "inner/nowhere": "gone",
        "shared.py": "../outside/shared.py",
    }
    for name, target in links.items():
        (source / name).symlink_to(target)
    copies = trees(source)
    inner = copies.after / "inner"
    for name in ("relative", "absolute"):
        assert (inner / name).resolve() == copies.after / "data.txt"
    assert (inner / "weights.npz").resolve() == outside / "weights.npz"
    assert (inner / "folder").resolve() == outside
    assert os.readlink(inner / "nowhere") == "gone"
    # What the migration rewrites is the copy, not the file outside.
    assert [change.path for change in copies.changes] == ["shared.py"]
    assert (outside / "shared.py").read_text() == BEFORE


def test_repositories_in_the_repository(tmp_path: Path, repository: Path):
    library = committed(tmp_path / "library", {"part.py": BEFORE})
    allowed = ("-c", "protocol.file.allow=always")
    git(repository, *allowed, "submodule", "--quiet", "add", str(library), "library")
    git(repository, "commit", "--quiet", "--message", "Two")
    committed(repository / "clone", {"other.py": "x = 1\n"})
    (repository / "library" / "part.py").write_text(AFTER)
    copies = trees(repository, "HEAD")
    assert [change.path for change in copies.changes] == ["library/part.py"]
    for side in (copies.before, copies.after):
        assert {"library/part.py", "clone/other.py", "model.py"} <= names(side)
    assert (copies.before / "library" / "part.py").read_text() == BEFORE


def test_inside_a_hook_of_another_repository(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
):
    other = committed(tmp_path / "other", {"other.py": ""})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    assert names(trees(repository).before) == {"model.py"}


def test_a_file_that_git_does_not_know_is_on_both_sides(repository: Path):
    (repository / "model.py").write_text(AFTER)
    (repository / "check.py").write_text("")
    copies = trees(repository, "HEAD")
    assert (copies.before / "check.py").exists()
    assert copies.notes == ("git does not know check.py: the same on both sides",)


def test_what_git_ignores_is_copied_as_long_as_it_is_small(
    repository: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(copying, "IGNORED_BYTES", 1000)
    (repository / ".gitignore").write_text("data/\nlarge/\nenvironment/\nbuild.py\n")
    for name, size in (("data/x.npy", 10), ("large/y.npy", 2000), ("environment/pyvenv.cfg", 1)):
        (repository / name).parent.mkdir()
        (repository / name).write_bytes(b"x" * size)
    (repository / "build.py").write_text(BEFORE)
    copies = trees(repository)
    assert copies.notes == ("git ignores large: too large to be in the copies",)
    expected = {"model.py", ".gitignore", "data/x.npy", "build.py"}
    assert names(copies.before) == names(copies.after) == expected
    assert [change.path for change in copies.changes] == ["model.py"]


def test_a_file_that_cannot_be_read_as_python_keeps_nothing_back(repository: Path):
    (repository / "broken.py").write_text("import flax\nclass nn.LSTMCell(\n")
    copies = trees(repository)
    assert [change.path for change in copies.changes] == ["model.py"]
    assert copies.notes[0].startswith("broken.py: left as it was: ")


def test_the_tree_itself_is_only_read(place: Workplace):
    folder = place.folder / "a tree of Zoë"
    shutil.copytree(place.folder / "before", folder)
    (folder / "model.py").write_text(BEFORE)
    (folder / "driver.py").write_text(
        "import jax, jax.numpy as jnp, model\n"
        "xs = jnp.ones((1, 2, 3))\n"
        "model.Model().init(jax.random.PRNGKey(0), xs)\n"
        "open('out.txt', 'w').write('x')\n"
    )
    state = {path: path.stat().st_mtime_ns for path in [folder, *folder.iterdir()]}
    result = place.verify("--", str(folder / "driver.py"), folder=folder.name, before="")
    assert result.code == 0, result.out + result.err
    assert {path: path.stat().st_mtime_ns for path in [folder, *folder.iterdir()]} == state
    assert place.left_behind() == []
