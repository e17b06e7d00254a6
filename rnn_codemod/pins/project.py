"""After the code of a run: the manifests in the given folders, each with the code it is for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from rnn_codemod.files.discover import discover
from rnn_codemod.findings import LEGACY, Options
from rnn_codemod.pins.evidence import Code, Evidence
from rnn_codemod.pins.manifests import LISTS, including, is_manifest, project_of
from rnn_codemod.pins.requirements import included
from rnn_codemod.pins.treat import NEW_API, RULE, RUNTIME, Verdict, names_flax, treat_manifest
from rnn_codemod.results import FileResult
from rnn_codemod.rules import RULES
from rnn_codemod.shard import WHOLE, Shard
from rnn_codemod.tree import read


def pin_results(
    paths: Sequence[str],
    evidence: Evidence,
    options: Options,
    written: bool,
    shard: Shard = WHOLE,
) -> Iterator[FileResult]:
    """One result for each manifest of which there is something to tell.

    Args:
        paths: what the run was given; manifests are looked for in the folders among them.
        evidence: what the run has found in the code.
        options: what the user asked for.
        written: whether the rewritten sites are on the disk already.
        shard: which manifests.
    """
    if not evidence:
        return
    for path, project in _manifests(paths, options, shard):
        result = _result(path, evidence.below(project), options, written)
        if _tells(result):
            yield result


def projects(paths: Sequence[str], options: Options, shard: Shard) -> frozenset[str]:
    """The folders whose code decides on the pins of a shard. Real paths."""
    return frozenset(
        project for path, project in _manifests(paths, options, shard) if not _silent(path)
    )


def _manifests(paths: Sequence[str], options: Options, shard: Shard) -> Iterator[tuple[str, str]]:
    """The files of dependencies in the given folders, each with the folder of its code."""
    if not options.wants(RULE):
        return
    seen: set[str] = set()
    for top in (path for path in paths if os.path.isdir(path)):
        found = discover([top], lambda path: is_manifest(path) or path.endswith(LISTS))
        limit = os.path.realpath(top)
        manifests = {
            path: project_of(os.path.realpath(path), limit)
            for path in found.files
            if is_manifest(path)
        }
        manifests.update(_included(manifests, found.files))
        for path in found.files:
            real = os.path.realpath(path)
            if path in manifests and real not in seen:
                seen.add(real)
                if shard.holds(path):
                    yield path, manifests[path]


def _included(manifests: Mapping[str, str], files: Sequence[str]) -> dict[str, str]:
    """The lists that lists of requirements include, each for the code of the one that does."""
    by_place = {os.path.realpath(path): path for path in files}
    new: dict[str, str] = {}
    pending = [path for path in manifests if including(path)]
    for path in pending:
        project = manifests[path] if path in manifests else new[path]
        for name in _names(path):
            place = os.path.realpath(os.path.join(os.path.dirname(path), name))
            other = by_place.get(place)
            if other is not None and other not in manifests and other not in new:
                new[other] = project
                pending.append(other)
    return new


def _names(path: str) -> list[str]:
    """The files that a list includes; none where it cannot be read, which its treatment tells."""
    try:
        return list(included(read(path).decode(errors="replace")))
    except OSError:
        return []


def _silent(path: str) -> bool:
    """Whether a file says nothing of flax."""
    try:
        return not names_flax(read(path))
    except OSError:
        return False  # ``treat_manifest`` tells of it.


def _result(path: str, code: Code, options: Options, written: bool) -> FileResult:
    if _silent(path) or not (code.rewritten or code.refused or code.perhaps_new):
        return FileResult(path)
    runtime = bool(code.rewritten) and options.target == "runtime"
    verdict = Verdict(
        floor=RUNTIME if runtime else NEW_API,
        blocked=_blocked(code, options),
        legacy=code.refused + (0 if written else code.rewritten),
        runtime=runtime and not code.refused,
    )
    result = treat_manifest(path, verdict)
    # To look for new code is to read files again, so it comes last.
    if code.rewritten or code.refused or not _tells(result) or code.has_new():
        return result
    return FileResult(path)


def _tells(result: FileResult) -> bool:
    return bool(result.rewritten or result.refused or result.warnings or result.problem)


def _blocked(code: Code, options: Options) -> str:
    """Why the code is not ready for a raised pin; empty where it is."""
    if code.refused:
        sites = "1 site is" if code.refused == 1 else f"{code.refused} sites are"
        return f"{sites} refused; raise the pin when the code is done"
    if code.unread:
        files = "1 file" if code.unread == 1 else f"{code.unread} files"
        return f"{files} of the code could not be treated"
    if not all(options.wants(name) for name, rule in RULES.items() if rule.group == LEGACY):
        return "only some rules were run, so legacy sites may remain"
    return ""
