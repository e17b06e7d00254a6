"""What each candidate has to know of the other files, and which others are treated for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import partial
from itertools import chain

from rnn_codemod.around import Verdict
from rnn_codemod.crew import Crew
from rnn_codemod.defining import defining
from rnn_codemod.files.search import (
    also_called,
    holding,
    names_in,
    perhaps_exported,
    widens_at_once,
)
from rnn_codemod.fillers import fillers_of
from rnn_codemod.findings import Options
from rnn_codemod.heirs import heirs_of
from rnn_codemod.imports import Imports, imported_by, leading_to, reached_from
from rnn_codemod.linked import linked
from rnn_codemod.looks import Candidate
from rnn_codemod.treat import Engine, Job, exports, judged
from rnn_codemod.tree import read


def with_wide_floats(
    widening: Sequence[str], files: Sequence[str], imports: Imports
) -> frozenset[str]:
    """The files that run in one program with a file that widens floats.

    A file that does so when it is run itself, under ``if __name__``, does it for what it imports.
    """
    if not widening:
        return frozenset()
    graph = imports.below(files)
    importers = leading_to(
        graph, [path for path in widening if widens_at_once(imports.bytes(path))]
    )
    return frozenset(reached_from(graph, importers.union(widening)))


def jobs_of(
    candidates: Sequence[Candidate],
    files: Sequence[str],
    unnamed: Sequence[str],
    wide: Set[str],
    options: Options,
    crew: Crew,
    engine: Engine,
    imports: Imports,
) -> list[Job]:
    """The candidates and the files that use their cells, each with all users of those.

    ``unnamed`` are the files that may use a cell without its name, ``wide`` those with wide floats.
    """
    if len(files) == 1:
        return [Job(it.path, wide_floats=it.path in wide) for it in candidates]
    seen = [candidate.path for candidate in candidates]
    may_define = defining(seen, imports, wrappers=options.style == "idiomatic")
    asked = [Job(path) for path in files if path in may_define]
    exported = crew.work(partial(exports, engine, options), _perhaps_exported, asked)
    cells: frozenset[str] = frozenset().union(*(it for it in exported if it))
    names, mentioned = _names(cells, files, imports)
    users = _users(names, mentioned, unnamed, imports)
    holders = _holders([it.path for it in candidates if it.may_be_legacy], mentioned, imports)
    fillers = fillers_of(seen, files, imports)
    for path, filled in fillers.items():
        holders[path] = holders.get(path, frozenset()) | filled.names
    others = _users_of_holders(holders, frozenset(names), files, imports)
    of_file: dict[str, dict[str, tuple[str, ...]]] = {}
    order = {path: number for number, path in enumerate(files)}
    for name, using in sorted(users):
        paths = tuple(sorted(using, key=order.__getitem__))
        for path in paths:
            of_file.setdefault(path, {})[name] = paths
    heirs = heirs_of(seen, files, imports)

    def job(path: str, *, wide: bool, verdicts: tuple[Verdict, ...] = ()) -> Job:
        """With what it has to know of its file, and of those that use its cells."""
        used = of_file.get(path, {})
        around = {path}.union(*used.values())
        below = reached_from(imports.below(around), around) if fillers else ()
        return Job(
            path,
            used,
            verdicts,
            wide_floats=wide,
            heirs={it: heirs[it] for it in sorted(around) if it in heirs},
            fillers={it: fillers[it].by for it in sorted(below) if it in fillers},
        )

    homes = [
        job(it.path, wide=any(not wide.isdisjoint(paths) for paths in used.values()))
        for it in asked
        if (used := of_file.get(it.path))
    ]
    verdicts: dict[str, list[Verdict]] = {}
    judgements = crew.work(partial(judged, engine, options), _none, homes)
    for verdict in linked([*chain.from_iterable(it for it in judgements if it)]):
        verdicts.setdefault(verdict.name, []).append(verdict)
    wanted = {*seen, *of_file, *others}
    return [
        job(path, wide=path in wide, verdicts=_on(of_file.get(path, {}), verdicts))
        for path in files
        if path in wanted
    ]


def _on(names: Iterable[str], verdicts: Mapping[str, Sequence[Verdict]]) -> tuple[Verdict, ...]:
    return tuple(chain.from_iterable(verdicts.get(name, ()) for name in names))


def _none(_job: Job, _cause: str) -> tuple[Verdict, ...]:
    return ()


def _names(
    cells: frozenset[str], files: Sequence[str], imports: Imports
) -> tuple[dict[str, frozenset[str]], dict[str, set[str]]]:
    """By cell, its names: its own, its aliases', and those of what derives from it, in any file.

    And by each of these names the files that mention it.
    """
    others: dict[str, set[str]] = {name: set() for name in cells}
    mentioning: dict[str, set[str]] = {}
    new = cells
    while new:
        found: set[str] = set()
        for path, names in _mentions(new, files, imports):
            data = imports.bytes(path)
            for name in names:
                mentioning.setdefault(name, set()).add(path)
                called = also_called(name.partition(".")[0], data)
                others[name] |= called
                found |= called
        new = frozenset(found - others.keys())
        others.update((name, set()) for name in new)
    return {name: frozenset(reached_from(others, [name])) for name in others}, mentioning


def _users(
    names: Mapping[str, frozenset[str]],
    mentioning: Mapping[str, set[str]],
    unnamed: Sequence[str],
    imports: Imports,
) -> Iterator[tuple[str, set[str]]]:
    """By cell, the files that mention it, and those that may use it without its name.

    Such a one gets the cell from a file that it imports, or is handed it by one that imports it.
    """
    above = imported_by(imports.below(unnamed))
    for name, called in names.items():
        here = {path for word in called for path in mentioning.get(word, ())}
        if "." not in name:
            below = reached_from(imports.below(here), here)
            here |= set(unnamed) & (below | reached_from(above, here))
        yield name, here


def _holders(
    candidates: Sequence[str], mentioned: Mapping[str, set[str]], imports: Imports
) -> dict[str, frozenset[str]]:
    """By file, the names under which it holds a cell class, of flax or of the project."""
    holders = {path: holding(imports.bytes(path)) for path in candidates}
    words: dict[str, set[str]] = {}
    for name, paths in mentioned.items():
        for path in paths:
            words.setdefault(path, set()).add(name)
    for path in words:
        held = holding(imports.bytes(path), words[path])
        holders[path] = holders.get(path, frozenset()) | held
    return holders


def _users_of_holders(
    holders: Mapping[str, frozenset[str]],
    cells: frozenset[str],
    files: Sequence[str],
    imports: Imports,
) -> set[str]:
    """The files that get a cell class under a name that does not tell, as ``PARTS["slow"]``.

    They name Flax and a name that another file holds one under, and import that file, directly or
    not.
    The names of ``cells`` do tell.
    """
    found: set[str] = set()
    seen: dict[str, set[str]] = {}
    new = holders
    while new := {path: held for path, names in new.items() if (held := names - cells)}:
        for path, names in new.items():
            seen.setdefault(path, set()).update(names)
        mentioned = dict(_mentions(frozenset().union(*new.values()), files, imports))
        above = imported_by(imports.below(mentioned))
        handed: dict[str, set[str]] = {}
        for home, names in new.items():
            for path in reached_from(above, [home]) & mentioned.keys() - {home}:
                if words := mentioned[path] & names:
                    handed.setdefault(path, set()).update(words)
        found.update(path for path in handed if b"flax" in imports.bytes(path))
        new = {
            path: holding(imports.bytes(path), words) - seen.get(path, set())
            for path, words in handed.items()
        }
    return found


def _perhaps_exported(job: Job, cause: str) -> frozenset[str]:
    """All that may be meant in a file that could not be read: whoever uses it has to know."""
    try:
        return perhaps_exported(read(job.path))
    except OSError:
        return frozenset()


def _mentions(
    names: frozenset[str], files: Sequence[str], imports: Imports
) -> Iterator[tuple[str, frozenset[str]]]:
    """The files, in their order, in which some of the names occur, with those.

    Of ``Class.method``, either part is an occurrence.
    """
    of_word: dict[bytes, set[str]] = {}
    for name in names:
        for word in name.split("."):
            of_word.setdefault(word.encode(), set()).add(name)
    for path in files:
        words = names_in(imports.bytes(path), of_word)
        if words:
            yield path, frozenset().union(*(of_word[word] for word in words))
