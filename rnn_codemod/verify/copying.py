"""A folder of the user's, copied so that a command finds there what it needs and may write."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from rnn_codemod.files.discover import KINDS, NEVER_WALKED
from rnn_codemod.verify.problem import VerifyError
from rnn_codemod.verify.repository import listed, repository

IGNORED_BYTES = 256 * 2**20
"""So much of what git ignores is copied too, the small things first."""

IGNORED_FILES = 20_000


def copy_tree(source: Path, target: Path) -> None:
    """Copies what git does not ignore; where there is no git, all but environments and caches.

    The repositories inside of the folder too. Raises VerifyError.
    """
    try:
        _copy_folder(source, target, source, target)
    except OSError as error:
        name = os.path.relpath(error.filename or source, source)
        raise VerifyError(f"{name}: cannot be copied: {error.strerror}") from error


def copy_unknown(source: Path, target: Path) -> tuple[str, ...]:
    """Copies what git neither has nor ignores and ``target`` lacks; the names."""
    if repository(source) != source:
        return ()
    names = [it for it in listed(source, "--others") if not os.path.lexists(target / it)]
    for name in names:
        _copy_entry(source / name, target / name, source, target)
    return tuple(names)


def copy_ignored(source: Path, targets: Sequence[Path]) -> tuple[str, ...]:
    """Copies what git ignores, the small things first, into all ``targets``; what was too large."""
    if repository(source) != source:
        return ()
    names = listed(source, "--others", "--ignored", "--directory")
    known = [name.rstrip("/") for name in names if not _is_made(source / name)]
    sizes = sorted((_size(source / name), name) for name in known)
    total, files, large = 0, 0, []
    for (size, count), name in sizes:
        total, files = total + size, files + count
        if total > IGNORED_BYTES or files > IGNORED_FILES:
            large.append(name)
            continue
        for target in targets:
            if not os.path.lexists(target / name):
                _copy_entry(source / name, target / name, source, target)
    return tuple(large)


def _is_made(path: Path) -> bool:
    """Whether tools have put it there: an environment, a cache, compiled code."""
    if any(part in NEVER_WALKED or part.endswith(".egg-info") for part in path.parts[-1:]):
        return True
    return path.suffix in (".pyc", ".pyo") or _is_environment(path)


def _is_environment(path: Path) -> bool:
    return any((path / name).exists() for name in ("pyvenv.cfg", "conda-meta"))


def _size(path: Path) -> tuple[int, int]:
    """(bytes, files), counted up to where it is too much."""
    total = files = 0
    for file in _files(path):
        total, files = total + file.lstat().st_size, files + 1
        if total > IGNORED_BYTES or files > IGNORED_FILES:
            break
    return total, files


def _files(path: Path) -> Iterator[Path]:
    if path.is_symlink() or not path.is_dir():
        yield path
        return
    for folder, _, names in os.walk(path):
        yield from (Path(folder, name) for name in names)


def _copy_folder(folder: Path, copy: Path, source: Path, target: Path) -> None:
    copy.mkdir(parents=True, exist_ok=True)
    if (folder / ".git").exists() and repository(folder) == folder:
        for name in listed(folder, "--cached", "--others"):
            _copy_entry(folder / name, copy / name, source, target)
        return
    for entry in sorted(os.scandir(folder), key=lambda it: it.name):
        path, is_folder = Path(entry.path), entry.is_dir(follow_symlinks=False)
        left_out = is_folder and (entry.name in NEVER_WALKED or _is_environment(path))
        if not left_out and path not in target.parents:
            _copy_entry(path, copy / entry.name, source, target)


def _copy_entry(path: Path, copy: Path, source: Path, target: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() and not _is_code_outside(path, source):
        copy.symlink_to(_link(path, copy, source, target))
    elif path.is_dir():
        _copy_folder(path, copy, source, target)
    elif path.is_file():  # Neither a pipe nor a socket, and not gone from the work tree.
        shutil.copy2(path, copy)
        copy.chmod(copy.stat().st_mode | 0o600)


def _is_code_outside(path: Path, source: Path) -> bool:
    """Whether a link is to a file that a migration of the copy would rewrite out there."""
    return path.suffix in KINDS and path.is_file() and not path.resolve().is_relative_to(source)


def _link(path: Path, copy: Path, source: Path, target: Path) -> Path:
    """What a link has to say in the copy: inside of the tree the copy, outside what it was."""
    points_to = Path(os.path.normpath(path.parent / os.readlink(path)))
    if points_to.is_relative_to(source):
        inside = target / points_to.relative_to(source)
        return Path(os.path.relpath(inside, copy.parent))
    return points_to
