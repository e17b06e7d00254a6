"""The user's words as a command in a copy of the tree."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from test_verify_sources import AFTER, BEFORE
from workplace import Workplace, imported

from rnn_codemod.verify.command import argv

WORDS = (
    ("/bin/sh run.sh", "/bin/sh run.sh"),
    ("make test", "make test"),
    ("tool.sh ./data", "tool.sh ./data"),
    ("/elsewhere/tool --to /elsewhere/x", "/elsewhere/tool --to /elsewhere/x"),
    ("train.py --out out", "{python} train.py --out out"),
    ("-m pkg.train", "{python} -m pkg.train"),
    ("python3.9 train.py", "{python} train.py"),
    (".venv/bin/python train.py", "{python} train.py"),
    ("{root}/.venv/bin/python -m pkg", "{python} -m pkg"),
    ("pytest -q", "{python} -m pytest -q"),
    (".venv/bin/pytest -q", "{python} -m pytest -q"),
    ("beside --x", "{bin}/beside --x"),
    (".venv/bin/beside --x", "{bin}/beside --x"),
    ("scripts/beside --x", "scripts/beside --x"),
    ("{root}/train.py", "{python} {copy}/train.py"),
    ("{link}/train.py --data {link}/x", "{python} {copy}/train.py --data {copy}/x"),
    ("train.py --data={root}/x", "{python} train.py --data={copy}/x"),
)


@pytest.mark.parametrize(("words", "expected"), WORDS, ids=[words for words, _ in WORDS])
def test_words(tmp_path: Path, words: str, expected: str):
    root, copy, link, bin_ = (tmp_path / name for name in ("root", "copy", "link", "bin"))
    for file in (root / "train.py", copy / "scripts" / "beside", bin_ / "python", bin_ / "beside"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    link.symlink_to(root)
    names = {"root": root, "copy": copy, "link": link, "bin": bin_, "python": bin_ / "python"}
    given = words.format(**names).split()
    assert argv(given, names["python"], root, copy) == expected.format(**names).split()


@pytest.mark.parametrize("how", ["path", "mapping"])
def test_a_package_installed_from_the_tree_is_that_of_the_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
):
    root, copy = tmp_path / "root", tmp_path / "copy"
    for folder in (root, copy):
        (folder / "lib" / "pkg").mkdir(parents=True)
    (root / ".venv").mkdir()
    monkeypatch.setenv("RNN_CODEMOD_ROOT", str(root))
    monkeypatch.setenv("RNN_CODEMOD_TREE", f"{copy}/")
    redirect = imported("rnn_codemod_redirect")
    others = ["", str(root / ".venv"), str(tmp_path), f"{root}-elsewhere"]
    if how == "path":
        monkeypatch.setattr(sys, "path", [*others, str(root / "lib"), *sys.path])
        redirect.start()
        assert sys.path[:5] == [*others, str(copy / "lib")]
        return
    finder = type("Finder", (), {"__module__": "editable_finder"})
    mapping = {"pkg": str(root / "lib" / "pkg"), "other": "/elsewhere"}
    module = type(sys)("editable_finder")
    module.MAPPING = mapping
    monkeypatch.setitem(sys.modules, "editable_finder", module)
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, finder])
    redirect.start()
    assert mapping == {"pkg": str(copy / "lib" / "pkg"), "other": "/elsewhere"}


@pytest.mark.parametrize(("absolute", "code"), [(False, 0), (True, 3)])
def test_code_that_is_imported_past_the_copy_proves_nothing(
    place: Workplace, absolute: bool, code: int
):
    """Where a script names its own tree by an absolute path, both sides would run that."""
    for side in ("before", "after"):
        (place.folder / side / "lib").mkdir()
    place.write(BEFORE, AFTER, "lib/model.py")
    lib = place.folder / "after" / "lib" if absolute else "lib"
    driver = (
        f"import sys; sys.path.insert(0, {str(lib)!r})\n"
        "import jax, jax.numpy as jnp, model\n"
        "model.Model().init(jax.random.PRNGKey(0), jnp.ones((1, 2, 3)))\n"
    )
    place.write(driver, driver, "driver.py")
    result = place.verify("--after-python", sys.executable, "--", "driver.py")
    assert result.code == code, result.out + result.err
    assert ("model.py was imported, not its copy" in result.out) == absolute
