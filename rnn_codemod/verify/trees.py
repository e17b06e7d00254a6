"""Two copies of the user's tree, as it was and as it is; the tree itself is only read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rnn_codemod.files.documents import DOCUMENTS
from rnn_codemod.findings import Options
from rnn_codemod.run import Mode, migrate_paths
from rnn_codemod.verify.copying import copy_ignored, copy_tree, copy_unknown
from rnn_codemod.verify.problem import UsageError
from rnn_codemod.verify.repository import check_out, repository


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
    root = repository(here) or here
    if any(not path.is_relative_to(root) for path in given):
        if has_command or len(one) != 1:
            raise UsageError(f"PATHS have to be inside {root.name}, where the command runs")
        return repository(one[0]) or one[0]
    if not has_command and len(one) == 1 and repository(here) is None:
        return one[0]
    return root


def make_trees(
    root: Path,
    paths: Sequence[str],
    before: str | None,
    scratch: Path,
    options: Options,
    may_be_equal: bool = False,
) -> Trees:
    """Copies the tree twice into ``scratch``. Raises VerifyError and UsageError.

    ``may_be_equal``: it makes sense to compare two trees that are the same.
    """
    old, new = scratch / "before", scratch / "after"
    copy_tree(root, new)
    notes: tuple[str, ...] = ()
    if before is not None:
        is_before, notes = _take(root, before, old)
        is_after = "the tree as it is"
    else:
        here = [_inside(path, root, new) for path in paths] or [str(new)]
        results = list(migrate_paths(here, options, Mode.CHECK))
        if any(result.before != result.after for result in results):
            copy_tree(root, old)
            is_before, is_after = "the tree as it is", "the tree, migrated in a scratch copy"
            notes = _migrate(here, options, new)
        elif repository(root) is not None:
            is_before, notes = _take(root, "HEAD", old)
            is_after = "the tree as it is"
        elif may_be_equal:
            copy_tree(root, old)
            is_before = is_after = "the tree as it is"
        else:
            raise UsageError("nothing to migrate here: name what was before with --before DIR")
    changes = _changes(old, new)
    if not changes and not may_be_equal:
        raise UsageError(
            f"nothing changed between {is_before} and {is_after}: "
            "name what was before the migration with --before REV"
        )
    large = copy_ignored(root, (old, new))
    left_out = f"git ignores {', '.join(large)}: too large to be in the copies"
    notes += (left_out,) if large else ()
    return Trees(root, old, new, is_before, is_after, changes, notes)


def _migrate(paths: Sequence[str], options: Options, folder: Path) -> tuple[str, ...]:
    notes = []
    for result in migrate_paths(paths, options, Mode.WRITE):
        name = os.path.relpath(result.path, folder)
        if result.problem is not None:
            notes.append(f"{name}: left as it was: {result.problem.cause}")
        notes += [f"{name}:{it.line}: left as it was: {it.reason}" for it in result.refused]
    return tuple(notes)


def _inside(path: str, root: Path, copy: Path) -> str:
    return str(copy / Path(path).resolve().relative_to(root))


def _take(root: Path, before: str, target: Path) -> tuple[str, tuple[str, ...]]:
    """Copies what was before; what that is, and notes."""
    if os.path.isdir(before):
        copy_tree(Path(before).resolve(), target)
        return f"the folder {before}", ()
    check_out(root, before, target)
    unknown = copy_unknown(root, target)
    more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
    note = f"git does not know {unknown[0]}{more}: the same on both sides" if unknown else ""
    return f"revision {before}", (note,) if note else ()


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
