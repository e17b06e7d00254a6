"""Where before comes from, in a repository; and commands other than a script."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from workplace import Workplace

MODEL = """\
import flax.linen as nn


class Model(nn.Module):
    @nn.compact
    def __call__(self, xs):
        return nn.RNN(nn.GRUCell({cell}){size})(xs)
"""
BEFORE = MODEL.format(cell="", size=", 4")
AFTER = MODEL.format(cell="features=4", size="")
TEST = """\
import jax, jax.numpy as jnp
from mypackage.model import Model

def test_model():
    assert jax.device_count() == {devices}
    xs = jnp.ones((2, 5, 3))
    Model().apply(Model().init(jax.random.PRNGKey(0), xs), xs)

if __name__ == "__main__":
    test_model()
"""


def git(folder: Path, *words: str) -> None:
    me = ("-c", "user.name=me", "-c", "user.email=me@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *me, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(place: Workplace) -> Path:
    """A repository whose last commit is legacy, and whose tree is migrated."""
    folder = place.folder / "repository"
    for name, text in (
        ("mypackage/__init__.py", ""),
        ("mypackage/model.py", BEFORE),
        ("tests/test_model.py", TEST.format(devices=1)),
        ("run_two.py", TEST.format(devices=2)),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Legacy")
    (folder / "mypackage/model.py").write_text(AFTER)
    return folder


def state(folder: Path) -> dict[str, bytes]:
    """All files but what git itself keeps anew when it is only asked."""
    return {
        str(path): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "index"
    }


def test_the_last_commit_and_a_module_on_two_devices(place: Workplace, repository: Path):
    kept = state(repository)
    result = place.verify("--devices", "2", "--", "-m", "run_two", folder="repository", before="")
    assert result.code == 0, result.out + result.err
    assert "before: revision HEAD" in result.out
    assert "computed on 2 x cpu" in result.data["notes"]
    assert result.verdicts()["Model/GRUCell_0"]["outcome"] == "identical"
    assert state(repository) == kept


def test_a_revision_and_pytest(place: Workplace, repository: Path):
    git(repository, "commit", "--quiet", "--all", "--message", "Migrated")
    words = ("--", "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    result = place.verify(*words, folder="repository", before="HEAD~1")
    assert result.code == 0, result.out + result.err
    assert "before: revision HEAD~1" in result.out
    assert result.verdicts()["Model/GRUCell_0"]["outcome"] == "identical"
    assert place.left_behind() == []


@pytest.mark.parametrize(
    ("before", "word"),
    [("no-such-revision", "neither a folder nor a revision"), ("", "nothing changed between")],
)
def test_nothing_to_compare_with(place: Workplace, repository: Path, before: str, word: str):
    git(repository, "commit", "--quiet", "--all", "--message", "Migrated")
    result = place.verify("--", "-m", "run_two", folder="repository", before=before)
    assert result.code == 2
    assert word in result.err
