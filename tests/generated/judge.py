"""What must hold when a legacy program is migrated."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from mixed import OLD_SITES
from running import (
    PROGRAM,
    Arrays,
    WrongFeatures,
    run_current,
    run_half_migrated,
    run_legacy,
)

from rnn_codemod.editing.apply import RoundTripError
from rnn_codemod.findings import Finding, Options
from rnn_codemod.migration import migrate_source


@dataclass(frozen=True)
class Fault:
    """One promise that was broken: its kind, and what was seen."""

    kind: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}"


@dataclass(frozen=True)
class Verdict:
    """``left_whole`` says why the migrator would not touch the text at all."""

    faults: tuple[Fault, ...]
    refused: tuple[Finding, ...]
    after: str
    left_whole: str = ""


class BrokenProgram(Exception):
    """The grammar wrote a program that does not run before the migration."""


def judge(text: str, options: Options | None = None) -> Verdict:
    """Migrate ``text`` and compare what it computes before and after.

    Raises BrokenProgram where the text does not run on the deprecated cells.
    """
    try:
        before = run_legacy(text)
    except Exception as error:
        raise BrokenProgram(f"{type(error).__name__}: {error}\n{text}") from error
    options = options or Options()
    try:
        migration = migrate_source(text, options)
    except RoundTripError as error:
        return Verdict((), (), text, str(error))
    except Exception as error:
        fault = Fault("crash", f"{type(error).__name__}: {error}")
        return Verdict((fault,), (), text)
    after = migration.text
    faults = list(_of_the_text(text, after, migration.refused, options))
    if not migration.refused and not faults:
        faults.extend(of_the_numbers(before, lambda: run_current(after)))
    elif not faults and options.target == "flax":
        faults.extend(of_the_half_migrated(before, lambda: run_half_migrated(after)))
        again = migrate_source(after, options)
        told = {it.line for it in (*again.refused, *again.remarks)}
        if not told_at_the_source(again.refused):
            faults.extend(of_silent_sites(after, told, PROGRAM))
    return Verdict(tuple(faults), migration.refused, after)


def _of_the_text(
    before: str, after: str, refused: tuple[Finding, ...], options: Options
) -> Iterator[Fault]:
    try:
        ast.parse(after)
    except SyntaxError as error:
        yield Fault("does not parse", str(error))
        return
    lost = Counter(comments_of(before)) - Counter(comments_of(after))
    if lost:
        yield Fault("lost comment", ", ".join(lost))
    if "\r\n" in before and "\n" in after.replace("\r\n", ""):
        yield Fault("line ends", "a line ends in another way than the others")
    for segment, count in Counter(_sites(before, refused)).items():
        if after.count(segment) < count:
            yield Fault("refused site changed", segment)
    try:
        again = migrate_source(after, options)
    except Exception as error:
        yield Fault("crash when run again", f"{type(error).__name__}: {error}")
        return
    if again.text != after:
        yield Fault("not idempotent", _first_difference(after, again.text))
    if not refused and again.refused:
        yield Fault("refused when run again", again.refused[0].message)


def of_the_numbers(before: Arrays, run: Callable[[], Arrays]) -> Iterator[Fault]:
    """What differs in names, shapes, dtypes or values."""
    try:
        after = run()
    except Exception as error:
        yield Fault("does not run", f"{type(error).__name__}: {str(error)[:300]}")
        return
    if before.keys() != after.keys():
        lost, new = sorted(before.keys() - after.keys()), sorted(after.keys() - before.keys())
        yield Fault("other names", f"lost {lost[:3]}, new {new[:3]}")
        return
    for path, old in before.items():
        new = after[path]
        if (old.shape, old.dtype) != (new.shape, new.dtype):
            yield Fault("other shape", f"{path}: {old.dtype}{old.shape}, {new.dtype}{new.shape}")
        elif not np.allclose(old, new, rtol=1e-5, atol=1e-6):
            yield Fault("other numbers", path)


def of_the_half_migrated(before: Arrays, run: Callable[[], Arrays]) -> Iterator[Fault]:
    """What differs where refused sites are left in the legacy form.

    A text that does not run is no fault: which forms may meet is for the user to mend.
    """
    try:
        after = run()
    except WrongFeatures as wrong:
        yield Fault("wrong features", str(wrong))
    except Exception:
        return
    else:
        yield from of_the_numbers(before, lambda: after)


def told_at_the_source(refused: Iterable[Finding]) -> bool:
    """Whether a class is told of where it comes from, and not at each of its uses."""
    return any(finding.rule in ("dynamic_name", "handed_class") for finding in refused)


def of_silent_sites(text: str, told: set[int], file: str) -> Iterator[Fault]:
    """Calls in the old form that were made beside cells of both forms, and that nothing tells of.

    ``told`` are the lines of all findings, each of which speaks for its statement.
    """
    lines = {line for part in _parts(ast.parse(text)) if told & set(part) for line in part}
    for path, line in sorted(OLD_SITES):
        if path == file and line not in lines:
            yield Fault("silent site", f"{file}:{line}: {text.splitlines()[line - 1].strip()}")


def _parts(tree: ast.Module) -> Iterator[range]:
    """The lines of each simple statement, and of the head of each other one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            first = [it.lineno for it in getattr(node, "decorator_list", ())]
            end = body[0].lineno if body else (node.end_lineno or node.lineno) + 1
            yield range(min([node.lineno, *first]), max(end, node.lineno + 1))


def comments_of(text: str) -> list[str]:
    """Every comment, without the blanks around it."""
    tokens = tokenize.generate_tokens(io.StringIO(text, newline="").readline)
    return [token.string.strip() for token in tokens if token.type == tokenize.COMMENT]


def _sites(text: str, refused: tuple[Finding, ...]) -> Iterator[str]:
    """The source of the refused calls; of a call of what a call gives, without its arguments."""
    at = {(finding.line, finding.column) for finding in refused}
    lines = text.splitlines()
    sites = {
        node.func if isinstance(node.func, ast.Call) else node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
    }
    for node in sites:
        column = len(lines[node.lineno - 1].encode()[: node.col_offset].decode()) + 1
        if (node.lineno, column) in at:
            yield ast.get_source_segment(text, node) or ""


def _first_difference(one: str, two: str) -> str:
    pairs = zip(one.splitlines(), two.splitlines(), strict=False)
    return next((f"{a.strip()} -> {b.strip()}" for a, b in pairs if a != b), "lines added")
