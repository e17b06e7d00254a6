"""What must hold when a legacy project is migrated."""

from __future__ import annotations

import ast
import pickle
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from judge import (
    BrokenProgram,
    Fault,
    comments_of,
    of_silent_sites,
    of_the_half_migrated,
    of_the_numbers,
    told_at_the_source,
)
from projects import Project
from running import project_current, project_half_migrated, project_legacy

from rnn_codemod import Mode, Options, migrate_paths
from rnn_codemod.findings import Finding
from rnn_codemod.results import FileResult
from rnn_codemod.shard import Shard

_WARNED = re.compile(r"^line (\d+)")


@dataclass(frozen=True)
class ProjectVerdict:
    """``refused`` are the findings left to the user, each with the path of its file."""

    faults: tuple[Fault, ...]
    refused: tuple[tuple[str, Finding], ...]
    after: Project

    def __str__(self) -> str:
        told = [f"{p}:{f.line}:{f.column} {f.rule}: {f.reason}" for p, f in self.refused]
        return "\n".join([*map(str, self.faults), *told])


def judge_project(
    drawn: Project, options: Options | None = None, *, processes: int = 0
) -> ProjectVerdict:
    """Migrate a copy of the project and compare what it computes before and after.

    Raises BrokenProgram where it does not run on the deprecated cells.
    """
    options = options or Options()
    with tempfile.TemporaryDirectory() as scratch:
        return _Trial(Path(scratch).resolve(), drawn, options, processes).verdict()


class _Trial:
    def __init__(self, scratch: Path, drawn: Project, options: Options, processes: int) -> None:
        self._scratch = scratch
        self._drawn = drawn
        self._options = options
        self._processes = processes

    def verdict(self) -> ProjectVerdict:
        before = self._written("before", self._drawn)
        try:
            arrays = project_legacy(before)
        except Exception as error:
            cause = f"{type(error).__name__}: {error}"
            raise BrokenProgram(f"{cause}\n{self._drawn}") from error
        folder = self._written("after", self._drawn)
        results = self._migrated([folder])
        after = _read(folder, self._drawn)
        refused = tuple((self._name(r, folder), f) for r in results for f in r.refused)
        faults = list(self._of_the_texts(after, results, folder))
        faults += self._of_another_way(after, refused)
        if not refused and not faults:
            faults += of_the_numbers(arrays, lambda: project_current(folder))
        elif not faults and self._options.target == "flax" and not _of_elsewhere(refused):
            faults += of_the_half_migrated(arrays, lambda: project_half_migrated(folder))
            if not told_at_the_source(finding for _, finding in refused):
                faults += self._of_silent_sites(after, folder)
        return ProjectVerdict(tuple(faults), refused, after)

    def _written(self, name: str, project: Project) -> Path:
        folder = self._scratch / name
        for path, text in project.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, newline="")
        return folder

    def _migrated(self, paths: list[Path], **hands: Any) -> list[FileResult]:
        names = [str(path) for path in paths]
        return list(migrate_paths(names, self._options, Mode.WRITE, **hands))

    @staticmethod
    def _name(result: FileResult, folder: Path) -> str:
        return Path(result.path).relative_to(folder).as_posix()

    def _of_silent_sites(self, after: Project, folder: Path) -> Iterator[Fault]:
        names = [str(folder)]
        for result in migrate_paths(names, self._options, Mode.CHECK):
            warned = {int(it) for told in result.warnings for it in _WARNED.findall(told)}
            told = warned | {finding.line for finding in result.refused}
            text = after.files[self._name(result, folder)]
            yield from of_silent_sites(text, told, str(folder / self._name(result, folder)))

    def _of_the_texts(
        self, after: Project, results: list[FileResult], folder: Path
    ) -> Iterator[Fault]:
        for result in results:
            if result.problem:
                yield Fault("problem", f"{self._name(result, folder)}: {result.problem}")
            old = self._drawn.files[self._name(result, folder)]
            for finding in (*result.rewritten, *result.refused):
                if not _begins_something(old, finding):
                    yield Fault("untrue line", f"{result.path}:{finding.line}:{finding.column}")
        for path, new in after.files.items():
            old = self._drawn.files[path]
            try:
                ast.parse(new)
            except SyntaxError as error:
                yield Fault("does not parse", f"{path}: {error}")
                continue
            lost = Counter(comments_of(old)) - Counter(comments_of(new))
            if lost:
                yield Fault("lost comment", f"{path}: {', '.join(lost)}")
            if "\r\n" in old and "\n" in new.replace("\r\n", ""):
                yield Fault("line ends", path)

    def _of_another_way(
        self, after: Project, refused: tuple[tuple[str, Finding], ...]
    ) -> Iterator[Fault]:
        """The same files in another order and other hands, in parts, and a second time."""
        backwards = self._written("another way", self._drawn)
        files = sorted(backwards.rglob("*.py"), reverse=True)
        if self._processes:
            _migrated_in_processes(files, self._options, self._processes)
        else:
            with ThreadPoolExecutor(2) as executor:
                told = self._told(self._migrated(files, executor=executor), backwards)
            if told != {(path, f.line, f.column, f.rule) for path, f in refused}:
                yield Fault("order of the files", "other refusals")
        if _read(backwards, self._drawn) != after:
            yield Fault("order of the files", _first_difference(after, _read(backwards, after)))
        yield from self._of_parts(after)
        again = self._migrated([backwards])
        if _read(backwards, self._drawn) != after:
            yield Fault("not idempotent", _first_difference(after, _read(backwards, after)))
        if not refused and (left := [f.message for r in again for f in r.refused]):
            yield Fault("refused when run again", left[0])

    def _of_parts(self, after: Project) -> Iterator[Fault]:
        """Two parts, each over the old files, are the whole."""
        texts: dict[str, str] = {}
        for index in (1, 2):
            part = self._written("part", self._drawn)
            self._migrated([part], shard=Shard(index, 2))
            seen = _read(part, self._drawn).files
            texts.update({p: text for p, text in seen.items() if text != self._drawn.files[p]})
        if {**self._drawn.files, **texts} != after.files:
            yield Fault("parts", "two shards are not the whole")

    def _told(self, results: list[FileResult], folder: Path) -> set[tuple[str, int, int, str]]:
        return {
            (self._name(result, folder), finding.line, finding.column, finding.rule)
            for result in results
            for finding in result.refused
        }


def _of_elsewhere(refused: tuple[tuple[str, Finding], ...]) -> bool:
    """Whether a refusal says that a cell of another file should have another size."""
    return any("comes from elsewhere" in finding.reason for _, finding in refused)


_IN_PROCESSES = """
import pickle, sys
from rnn_codemod import Mode, migrate_paths
files, options, processes = pickle.loads(sys.stdin.buffer.read())
for result in migrate_paths(files, options, Mode.WRITE, processes=processes):
    pass
"""


def _migrated_in_processes(files: list[Path], options: Options, processes: int) -> None:
    """Migrates from an interpreter of its own: this one has threads, and must not fork."""
    given = pickle.dumps(([str(file) for file in files], options, processes))
    subprocess.run([sys.executable, "-c", _IN_PROCESSES], input=given, check=True)


def _read(folder: Path, project: Project) -> Project:
    texts = {path: (folder / path).read_bytes().decode() for path in project.files}
    return Project(texts, project.tags)


def _first_difference(one: Project, two: Project) -> str:
    return next(path for path, text in one.files.items() if two.files[path] != text)


def _begins_something(text: str, finding: Finding) -> bool:
    """Whether a node of the text begins where the finding says."""
    lines = text.split("\n")
    return any(
        (node.lineno, len(lines[node.lineno - 1].encode()[: node.col_offset].decode()) + 1)
        == (finding.line, finding.column)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.expr | ast.stmt | ast.alias | ast.keyword | ast.arg)
    )
