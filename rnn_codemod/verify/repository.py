"""What git says of a folder; nothing is written into its repository."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from rnn_codemod.verify.problem import UsageError, VerifyError

_OF_ANOTHER = (
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
)
"""What git sets for its hooks: it would take the repository of the hook for that of the folder."""


def repository(folder: Path) -> Path | None:
    """The top folder of the repository around ``folder``, if there is one."""
    try:
        top = _git(folder, "rev-parse", "--show-toplevel")
    except VerifyError:
        return None
    return Path(top.rstrip("\n")).resolve()


def listed(top: Path, *which: str) -> list[str]:
    """The names that ``git ls-files`` lists below ``top``, sorted, each once.

    A repository in the repository is one name.
    """
    names = _git(top, "ls-files", "-z", "--exclude-standard", *which).split("\0")
    return sorted({name for name in names if name})


def check_out(root: Path, revision: str, target: Path) -> None:
    """Writes a revision of ``root``, a folder of a repository, into ``target``, which is made.

    Submodules too, where they have been fetched. Raises UsageError and VerifyError.
    """
    top = repository(root)
    if top is None:
        raise UsageError(f"{revision}: neither a folder nor a revision, as this is no repository")
    commit = f"{revision}^{{commit}}"
    try:
        _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", commit)
    except VerifyError as error:
        raise UsageError(f"{revision}: neither a folder nor a revision") from error
    whole = target if root == top else target.with_name(f"{target.name}-repository")
    _check_out(top, commit, whole, target.with_name(f"{target.name}-index"))
    if root != top:
        part = whole / root.relative_to(top)
        if not part.is_dir():
            raise UsageError(f"{revision}: has no folder {root.relative_to(top)}")
        part.rename(target)


def _check_out(top: Path, commit: str, target: Path, index: Path) -> None:
    target.mkdir(exist_ok=True)
    index.unlink(missing_ok=True)
    own_index = {"GIT_INDEX_FILE": str(index)}
    _git(top, "read-tree", commit, environment=own_index)
    _git(top, "checkout-index", "--all", f"--prefix={target}{os.sep}", environment=own_index)
    for line in _git(top, "ls-tree", "-r", "-z", commit).split("\0"):
        about, _, name = line.partition("\t")
        if about.startswith("160000 ") and repository(top / name) == (top / name).resolve():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            _check_out(top / name, about.split()[2], target / name, index)


def _git(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    inherited = {name: it for name, it in os.environ.items() if name not in _OF_ANOTHER}
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env={**inherited, "GIT_OPTIONAL_LOCKS": "0", **(environment or {})},
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise VerifyError(f"git: {error.strerror}") from error
    if done.returncode:
        raise VerifyError(f"git {arguments[0]}: {os.fsdecode(done.stderr).strip()}")
    return os.fsdecode(done.stdout)
