"""One file from bytes to bytes, and every way in which that can fail told as data."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from rnn_codemod.around import Around, Verdict
from rnn_codemod.files.decode import CannotDecode, decode
from rnn_codemod.files.documents import code_of, is_document, migrate_text
from rnn_codemod.files.problem import Problem, os_cause
from rnn_codemod.findings import Migration, Options
from rnn_codemod.results import FileResult
from rnn_codemod.tree import Tree

PYTHON_2 = ("Missing parentheses in call to", "multiple exception types", "leading zeros")
"""What today's parser says of the commonest constructs of Python 2."""


def no_verdicts(_text: str, _options: Options, _around: Around) -> tuple[Verdict, ...]:
    """Of an engine that asks everything anew for each file."""
    return ()


@dataclass(frozen=True, slots=True)
class Engine:
    """What is done to a text."""

    migrate: Callable[[str, Options, Around | None], Migration]
    exported_cells: Callable[[str, Around | None], frozenset[str]]
    verdicts: Callable[[str, Options, Around], tuple[Verdict, ...]] = no_verdicts


@dataclass(frozen=True, slots=True)
class Job:
    """One file to treat. ``data`` are its bytes where they come from elsewhere than the disk."""

    path: str
    users: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By the name of a cell class that the file mentions, all given files that do."""
    verdicts: tuple[Verdict, ...] = ()
    """What those files say of it."""
    data: bytes | None = None
    wide_floats: bool = False
    """Whether a file of its programs turns on 64-bit floats."""
    heirs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of it and of those files, the given ones with classes that may derive from one in there."""
    fillers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of what they import, the given files that may put something into what is made there."""


def the_rules() -> Engine:
    """The engine of the product."""
    from rnn_codemod.migration import exported_cells, migrate_source, verdicts

    return Engine(migrate_source, exported_cells, verdicts)


def exports(engine: Engine, options: Options, tree: Tree, job: Job) -> frozenset[str] | None:
    """The cells in a file that others could use; none where ``treat`` will tell of a problem.

    A wrapper that may change is ``Class.method``. ``None`` for what may be another time.
    """
    try:
        text = decode(tree.read(job.path)).text
        cells = engine.exported_cells(text, _around(tree, job))
        if options.style != "idiomatic":
            return cells
        from rnn_codemod.style.wrapper import exported_wrappers

        return cells.union(exported_wrappers(text))
    except (SyntaxError, ValueError):
        return frozenset()
    except Exception:
        return None


def judged(engine: Engine, options: Options, tree: Tree, job: Job) -> tuple[Verdict, ...] | None:
    """On the cells in a file, what the files that use them say; none where it cannot be read.

    ``None`` for what may be another time.
    """
    try:
        text = decode(tree.read(job.path)).text
        return engine.verdicts(text, options, _around(tree, job))
    except (SyntaxError, ValueError):
        return ()
    except Exception:
        return None


def _around(tree: Tree, job: Job) -> Around:
    load = partial(_text, tree)
    return Around(
        job.path,
        load,
        job.users,
        tree,
        job.verdicts,
        job.wide_floats,
        job.heirs,
        job.fillers,
    )


def _text(tree: Tree, path: str) -> str:
    """The Python of another file of the project."""
    return code_of(path, decode(tree.read(path), cookies=not is_document(path)).text)


def treat(engine: Engine, options: Options, tree: Tree, job: Job) -> FileResult:
    """Migrates one file's bytes; writes nothing and never raises."""
    try:
        before = tree.read(job.path) if job.data is None else job.data
        source = decode(before, cookies=not is_document(job.path))
        around = None
        if job.data is None:
            around = _around(tree, job)
        treated = migrate_text(job.path, source.text, engine.migrate, options, around)
        migration = treated.migration
        after = source.encode(migration.text)
    except Exception as error:
        cause, line = _told(error)
        return FileResult(job.path, problem=Problem(job.path, cause, line))
    if before == after:
        before = after = b""
    problems = [Problem(job.path, it.cause, it.line) for it in treated.unread]
    return FileResult(
        job.path,
        migration.rewritten,
        migration.refused,
        migration.left_alone,
        (
            *migration.warnings,
            *(f"line {it.line}: {it.message}" for it in migration.remarks),
            *(f"line {it.line}: {it.cause}" for it in problems[1:]),
        ),
        before,
        after,
        problems[0] if problems else None,
    )


def _told(error: Exception) -> tuple[str, int]:
    """The cause and the line of a failure."""
    match error:
        case OSError():
            return os_cause("cannot be read", error), 0
        case CannotDecode():
            return str(error), error.line
        case SyntaxError():
            return f"cannot be parsed: {error.msg} ({_dialect(error.msg)})", error.lineno or 0
        case RecursionError():
            return "is nested too deeply to be read", 0
        case MemoryError():
            return "needs more memory than there is, or is nested too deeply to be read", 0
        case UnicodeEncodeError():
            return f"its encoding has no character for the new text: {error}", 0
        case ValueError():
            return f"cannot be treated: {error}", 0
    return f"internal error, please report it: {type(error).__name__}: {error}", 0


def _dialect(message: str) -> str:
    if message.startswith(PYTHON_2):
        return "this looks like Python 2"
    return "read as Python {}.{}".format(*sys.version_info)
