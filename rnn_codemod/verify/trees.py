"""Two copies of the user's tree, as it was and as it is; the tree itself is only read."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rnn_codemod.files.discover import NEVER_WALKED
from rnn_codemod.files.documents import DOCUMENTS
from rnn_codemod.findings import Options
from rnn_codemod.run import Mode, migrate_paths
from rnn_codemod.verify.problem import UsageError, VerifyError


@dataclass(frozen=True, slots=True)
class Change:
    """A file that is not the same before and after; empty where it does not exist."""

    path: str
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Trees:
    """The two copies, and in words what each of them is."""

    root: Path
    before: Path
    after: Path
    is_before: str
    is_after: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()


def find_root(paths: Sequence[str], before: str | None, has_command: bool) -> Path:
    """The folder that is copied.

    That of the one PATH where ``before`` is a folder to compare it with, or where no command has
    to run in the working directory; else the repository, else the working directory.
    """
    given = [Path(path).resolve() for path in paths]
    for path in given:
        if not path.exists():
            raise UsageError(f"{path.name}: no such file or folder")
    one = [path if path.is_dir() else path.parent for path in given]
    if before is not None and os.path.isdir(before) and len(one) == 1:
        return one[0]
    here = Path.cwd()
    root = _repository(here) or here
    if any(not path.is_relative_to(root) for path in given):
        if has_command or len(one) != 1:
            raise UsageError(f"PATHS have to be inside {root.name}, where the command runs")
        return _repository(one[0]) or one[0]
    if not has_command and len(one) == 1 and _repository(here) is None:
        return one[0]
    return root


def make_trees(
    root: Path, paths: Sequence[str], before: str | None, scratch: Path, options: Options
) -> Trees:
    """Copies the tree twice into ``scratch``. Raises VerifyError and UsageError."""
    old, new = scratch / "before", scratch / "after"
    _copy(root, new)
    notes: tuple[str, ...] = ()
    if before is not None:
        is_before = _take(root, before, old)
        is_after = "the tree as it is"
    else:
        here = [_inside(path, root, new) for path in paths] or [str(new)]
        results = list(migrate_paths(here, options, Mode.CHECK))
        if any(result.before != result.after for result in results):
            _copy(root, old)
            is_before, is_after = "the tree as it is", "the tree, migrated in a scratch copy"
            notes = _migrate(here, options, new)
        elif _repository(root) is not None:
            is_before = _take(root, "HEAD", old)
            is_after = "the tree as it is"
        else:
            raise UsageError("nothing to migrate here: name what was before with --before DIR")
    changes = _changes(old, new)
    if not changes:
        raise UsageError(f"nothing changed between {is_before} and {is_after}")
    return Trees(root, old, new, is_before, is_after, changes, notes)


def _migrate(paths: Sequence[str], options: Options, folder: Path) -> tuple[str, ...]:
    notes = []
    for result in migrate_paths(paths, options, Mode.WRITE):
        name = os.path.relpath(result.path, folder)
        if result.problem is not None:
            raise VerifyError(f"{name}: {result.problem.cause}")
        notes += [f"{name}:{it.line}: left as it was: {it.reason}" for it in result.refused]
    return tuple(notes)


def _inside(path: str, root: Path, copy: Path) -> str:
    return str(copy / Path(path).resolve().relative_to(root))


def _take(root: Path, before: str, target: Path) -> str:
    if os.path.isdir(before):
        _copy(Path(before).resolve(), target)
        return f"the folder {before}"
    _check_out(root, before, target)
    return f"revision {before}"


def _copy(source: Path, target: Path) -> None:
    if _repository(source) == source:
        listed = _git(source, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        for name in sorted({name for name in listed.split("\0") if name}):
            if os.path.lexists(source / name) and not (source / name).is_dir():
                (target / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source / name, target / name, follow_symlinks=False)
        target.mkdir(exist_ok=True)
        return
    shutil.copytree(
        source, target, symlinks=True, ignore=shutil.ignore_patterns(*sorted(NEVER_WALKED))
    )


def _check_out(root: Path, revision: str, target: Path) -> None:
    """Writes a revision into a folder by an index of its own: the repository stays as it is."""
    target.mkdir()
    repository = _repository(root)
    if repository is None:
        raise UsageError(f"{revision}: neither a folder nor a revision, as this is no repository")
    own_index = {"GIT_INDEX_FILE": str(target.parent / "index")}
    commit = f"{revision}^{{commit}}"
    _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", commit, what=revision)
    _git(repository, "read-tree", commit, environment=own_index)
    prefix = f"--prefix={target}{os.sep}"
    _git(repository, "checkout-index", "--all", prefix, environment=own_index)
    if root != repository:
        part = target / root.relative_to(repository)
        part.rename(target.parent / "part")
        shutil.rmtree(target)
        (target.parent / "part").rename(target)


def _repository(folder: Path) -> Path | None:
    try:
        top = _git(folder, "rev-parse", "--show-toplevel")
    except VerifyError:
        return None
    return Path(top.rstrip("\n")).resolve()


def _git(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None, what: str = ""
) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise VerifyError(f"git: {error.strerror}") from error
    if done.returncode:
        if what:
            raise UsageError(f"{what}: neither a folder nor a revision")
        raise VerifyError(f"git {arguments[0]}: {os.fsdecode(done.stderr).strip()}")
    return os.fsdecode(done.stdout)


def _changes(before: Path, after: Path) -> tuple[Change, ...]:
    names = sorted(
        file.relative_to(tree)
        for tree in (before, after)
        for file in tree.rglob("*")
        if file.suffix in (".py", *DOCUMENTS)
    )
    pairs = (
        (str(name), _bytes(before / name), _bytes(after / name)) for name in dict.fromkeys(names)
    )
    return tuple(Change(*pair) for pair in pairs if pair[1] != pair[2])


def _bytes(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""
