"""One manifest from bytes to bytes: its pins raised, refused or left alone."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rnn_codemod.files.decode import Source, decode
from rnn_codemod.files.problem import Problem, os_cause
from rnn_codemod.findings import Applicability, Finding
from rnn_codemod.pins import requirements
from rnn_codemod.pins.dialects import Dialect, raised, understood
from rnn_codemod.pins.locks import NAMES, locked
from rnn_codemod.pins.manifests import Format, format_of
from rnn_codemod.pins.pin import PYTHON, Locked, Pin
from rnn_codemod.pins.requirement import NOT_UNDERSTOOD
from rnn_codemod.pins.versions import Version, written
from rnn_codemod.results import FileResult
from rnn_codemod.suppressed import leaves_alone
from rnn_codemod.tree import read

RULE = "flax_pin"
FLAX = "flax"
NEW_API: Version = (0, 7)
"""The first release of flax with the refactored cells."""
RUNTIME: Version = (0, 10, 6)
"""What ``rnn_runtime`` asks for."""

NEEDED: dict[Version, dict[str, Version]] = {
    NEW_API: {"jax": (0, 4, 2), "jaxlib": (0, 4, 1), PYTHON: (3, 8)},
    RUNTIME: {"jax": (0, 6, 2), "jaxlib": (0, 6, 2), PYTHON: (3, 10)},
}
"""The oldest of what the first flax with an API, or any later one, needs, itself or by its jax."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_NAMES_FLAX = re.compile(rb"f\0?l\0?a\0?x", re.IGNORECASE)
_NAMES_RUNTIME = re.compile(rb"rnn[-_.]codemod", re.IGNORECASE)
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the code of a project means for its pins: they are to let in ``floor``.

    ``blocked`` says why no pin may be raised yet, ``legacy`` how many sites still need a flax
    before ``NEW_API``, ``runtime`` whether the code needs ``rnn_runtime`` too.
    """

    floor: Version
    blocked: str = ""
    legacy: int = 0
    runtime: bool = False


def names_flax(data: bytes) -> bool:
    """Whether a file could pin or lock flax at all."""
    return _NAMES_FLAX.search(data) is not None


def treat_manifest(path: str, verdict: Verdict) -> FileResult:
    """What becomes of one file of dependencies; writes nothing and never raises."""
    try:
        before = read(path)
    except OSError as error:
        return FileResult(path, problem=Problem(path, os_cause("cannot be read", error)))
    if not names_flax(before):
        return FileResult(path)
    try:
        source = _decoded(path, before)
        if os.path.basename(path) in NAMES:
            refused = tuple(_locks(os.path.basename(path), source.text, verdict))
            return FileResult(path, refused=refused)
        return _treated(path, before, source, verdict)
    except SyntaxError as error:
        cause = f"cannot be parsed: {error.msg}"
        return FileResult(path, problem=Problem(path, cause, error.lineno or 0))
    except (ValueError, RecursionError, MemoryError) as error:
        cause = f"its pins cannot be read: {error}"
        return FileResult(path, problem=Problem(path, cause))


def _treated(path: str, before: bytes, source: Source, verdict: Verdict) -> FileResult:
    # A file of another name is here because a list of requirements includes it.
    form = format_of(path) or requirements.pins
    found = sorted(form(source.text, FLAX), key=lambda pin: pin.span)
    rewritten: list[Finding] = []
    refused: list[Finding] = []
    warnings: list[str] = []
    text = source.text
    for pin in reversed(found):
        if leaves_alone(_line(source.text, pin.at), RULE):
            continue
        old = source.text[slice(*pin.span)]
        meaning = understood(old, pin.dialect)
        if meaning is None or pin.held == NOT_UNDERSTOOD:
            message = f"{_shown(old)} may exclude flax {written(verdict.floor)}"
            why = pin.held or NOT_UNDERSTOOD
            refused.append(_refusal(source.text, pin, message, why, verdict.floor))
        elif meaning.lets_in_some_from(verdict.floor):
            if verdict.legacy and not meaning.lets_in_some_below(NEW_API):
                line, _ = _place(source.text, pin.at)
                warnings.append(
                    f"line {line}: {RULE}: {_shown(old)} has only the new API, and "
                    f"{_needing(verdict.legacy)} flax < {written(NEW_API)}"
                )
        else:
            message = (
                f"{_shown(old)} excludes flax {written(verdict.floor)}, which migrated code needs"
            )
            new = raised(old, pin.dialect, verdict.floor)
            why = pin.held or verdict.blocked
            if why or new is None:
                why = why or "no release that the rest of it lets in is new enough"
                refused.append(_refusal(source.text, pin, message, why, verdict.floor))
            else:
                line, column = _place(source.text, pin.at)
                safe = Applicability.SAFE
                rewritten.append(Finding(RULE, line, column, message, safe, f"it becomes {new}"))
                text = text[: pin.span[0]] + new + text[pin.span[1] :]
    if rewritten:
        warnings.extend(_too_old(source.text, form, verdict.floor))
    if verdict.runtime and _NAMES_RUNTIME.search(before) is None:
        warnings.append("the code needs rnn_runtime now: ask for rnn-codemod[runtime] beside flax")
    after = source.encode(text)
    return FileResult(
        path,
        tuple(reversed(rewritten)),
        tuple(reversed(refused)),
        warnings=tuple(reversed(warnings)),
        before=before if rewritten else b"",
        after=after if rewritten else b"",
    )


def _too_old(text: str, form: Format, floor: Version) -> Iterator[str]:
    """Pins beside a raised one of flax, which no flax that it lets in can live with.

    From the last to the first, as the warnings are.
    """
    for package, needed in reversed(NEEDED[floor].items()):
        for pin in form(text, package):
            shown = text[slice(*pin.span)]
            meaning = understood(shown, pin.dialect)
            if meaning is not None and not meaning.lets_in_some_from(needed):
                line, _ = _place(text, pin.at)
                yield (
                    f"line {line}: {RULE}: {package} {_shown(shown)} is too old: "
                    f"flax {written(floor)} needs {package} {written(needed)}"
                )


def _locks(name: str, text: str, verdict: Verdict) -> Iterator[Finding]:
    for lock in locked(name, text):
        meaning = understood(f"=={lock.version}", Dialect.PEP440)
        if meaning is not None and not meaning.lets_in_some_from(verdict.floor):
            yield _lock(text, lock, verdict)


def _lock(text: str, lock: Locked, verdict: Verdict) -> Finding:
    line, column = _place(text, lock.at)
    message = f"flax {lock.version} is locked, and migrated code needs {written(verdict.floor)}"
    reason = verdict.blocked or "a lock file is written by its own tool"
    recipe = (lock.by_hand,)
    return Finding(RULE, line, column, message, Applicability.MANUAL, reason, recipe)


def _refusal(text: str, pin: Pin, message: str, reason: str, floor: Version) -> Finding:
    line, column = _place(text, pin.at)
    recipe = (f"flax>={written(floor)}",)
    return Finding(RULE, line, column, message, Applicability.MANUAL, reason, recipe)


def _place(text: str, at: int) -> tuple[int, int]:
    ends = [match.end() for match in _LINE_END.finditer(text, 0, at)]
    return len(ends) + 1, at - (ends[-1] if ends else 0) + 1


def _line(text: str, at: int) -> str:
    start = text.rfind("\n", 0, at) + 1
    return text[start:].partition("\n")[0]


def _shown(specifier: str) -> str:
    return " ".join(specifier.split())


def _needing(number: int) -> str:
    sites = "1 site of the code still needs"
    return sites if number == 1 else f"{number} sites of the code still need"


def _decoded(path: str, data: bytes) -> Source:
    """The text, with a way back to the very bytes. Editors and PowerShell write UTF-16 lists."""
    if path.endswith(".py"):
        return decode(data)
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return Source(data[len(mark) :].decode(encoding), encoding, mark)
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    try:
        return Source(data[len(mark) :].decode(), "utf-8", mark)
    except UnicodeDecodeError:
        return Source(data[len(mark) :].decode("latin-1"), "latin-1", mark)
