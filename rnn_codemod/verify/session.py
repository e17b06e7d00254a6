"""One verification: two trees, two interpreters, and the same runs on both sides."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from rnn_codemod.findings import Options
from rnn_codemod.verify import devices, legacy_env
from rnn_codemod.verify.buildable import targets
from rnn_codemod.verify.closeness import Tolerance
from rnn_codemod.verify.command import argv, environment, this_python
from rnn_codemod.verify.compare import Comparison, compare, fails_after
from rnn_codemod.verify.exercised import Unexercised, unexercised
from rnn_codemod.verify.interpreters import Interpreter, interpreter
from rnn_codemod.verify.probes import Probe, find_probes
from rnn_codemod.verify.problem import UsageError, VerifyError
from rnn_codemod.verify.process import CannotRun, Ended, run
from rnn_codemod.verify.recording import Function, Recording, read_recording
from rnn_codemod.verify.scratch import scratch_folder
from rnn_codemod.verify.trees import Change, Trees, find_root, make_trees

AGREES, DIFFERS, FAILED = 0, 1, 3

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked to have verified."""

    paths: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    probe: str = ""
    before: str | None = None
    before_python: str | None = None
    after_python: str | None = None
    legacy_env: bool = False
    share_params: bool = False
    device: str = "cpu"
    devices: int | None = None
    timeout: float = 600.0
    tolerance: Tolerance = field(default_factory=Tolerance)
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a verification, in words, and the interpreter that it ran on."""

    tree: str
    cells: str
    interpreter: Interpreter


@dataclass(frozen=True, slots=True)
class Run:
    """One command or probe, run on both sides."""

    name: str
    before: Ended
    after: Ended
    comparison: Comparison
    troubles: tuple[str, ...] = ()
    built: tuple[str, ...] = ()

    @property
    def ended_well(self) -> bool:
        return self.before.well and self.after.well and not self.troubles


@dataclass(frozen=True, slots=True)
class Report:
    """All that a verification found out."""

    before: Side
    after: Side
    runs: tuple[Run, ...]
    changes: tuple[Change, ...]
    unexercised: tuple[Unexercised, ...]
    notes: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0: all that was exercised agrees; 1: it does not, or nothing was; 3: a run failed."""
        if not all(run.ended_well for run in self.runs):
            return FAILED
        exercised = [run for run in self.runs if run.comparison.exercised]
        agree = bool(exercised) and all(run.comparison.agrees for run in exercised)
        return AGREES if agree else DIFFERS


def verify(request: Request, progress: Progress = lambda message: None) -> Report:
    """Runs before and after and compares. Raises UsageError and VerifyError."""
    root = find_root(request.paths, request.before, bool(request.command))
    before, after = _interpreters(request, progress)
    devices.check(request.device, request.devices, (before, after))
    with scratch_folder() as scratch:
        two = before.path != after.path
        trees = make_trees(root, request.paths, request.before, scratch, request.options, two)
        return _Session(request, trees, scratch, before, after, progress).report()


def _interpreters(request: Request, progress: Progress) -> tuple[Interpreter, Interpreter]:
    if request.legacy_env and request.before_python:
        raise UsageError("--legacy-env and --before-python each name what is before: take one")
    after = interpreter(request.after_python or str(this_python()))
    if request.legacy_env:
        return interpreter(str(legacy_env.ready(progress))), after
    if request.before_python:
        return interpreter(request.before_python), after
    return after, after


@dataclass(slots=True)
class _Session:
    request: Request
    trees: Trees
    scratch: Path
    before: Interpreter
    after: Interpreter
    progress: Progress
    used: set[Function] = field(default_factory=set)
    computed_on: set[str] = field(default_factory=set)
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)
    shared: tuple[int, int] = (0, 0)

    def report(self) -> Report:
        self._make_startup("before", deprecated=not self.before.is_legacy)
        self._make_startup("after", deprecated=False)
        runs = tuple(self._runs())
        cells = (
            f"flax {self.before.flax}"
            if self.before.is_legacy
            else f"the deprecated cells of rnn_runtime on flax {self.before.flax}"
        )
        return Report(
            Side(self.trees.is_before, cells, self.before),
            Side(self.trees.is_after, f"flax {self.after.flax}", self.after),
            runs,
            self.trees.changes,
            unexercised(self.trees.changes, self.used, self.reasons),
            (*self.trees.notes, self._parameters_note(), *self._devices_note()),
        )

    def _runs(self) -> Iterator[Run]:
        if self.request.command:
            yield self._run(" ".join(self.request.command), self.request.command)
        elif self.request.probe:
            yield self._run_probe(self._probe(self.request.probe))
        else:
            for probe in find_probes(self.trees.before, self.trees.after):
                yield self._run_probe(probe)
            for change in self.trees.changes:
                yield from self._build(change)

    def _run_probe(self, probe: Probe) -> Run:
        program = ("rnn_codemod_probe.py", probe.file, probe.function, str(probe))
        return self._run(str(probe), program, own=True)

    def _build(self, change: Change) -> Iterator[Run]:
        """Runs the modules of a file that nothing has used yet, if fitting inputs are found."""
        left = unexercised([change], self.used)
        needed = {place.within.split(".")[0] for place in left}
        at_top = "the module" in needed
        found = {name: on for name, on in targets(change).items() if name in needed or at_top}
        self.reasons[change.path, ""] = "only a command or a probe can tell how it is used"
        if not found:
            return
        name = f"{change.path}, built with inputs of our own"
        program = ("rnn_codemod_build.py", change.path)
        old, ended = self._record(
            "before", self.before, name, (*program, "find", json.dumps(found)), own=True
        )
        for it in found:
            reason = "" if ended.well else f"its file {ended}"
            self.reasons[change.path, it] = old.unbuilt.get(it, reason)
        if ended.well and old.built:
            yield self._run_built(name, program, (old, ended))

    def _run_built(
        self, name: str, program: tuple[str, str], before: tuple[Recording, Ended]
    ) -> Run:
        """Runs after what ran before. What fails there is left out, and told of by itself."""
        built = before[0].built
        plans, file = [it.plan for it in built], self.scratch / "plans.json"
        again = (*program, "run", str(file))
        file.write_text(json.dumps(plans))
        after = self._record("after", self.after, name, again, own=True)
        failed = after[0].failed
        if failed:
            broken = [it.plan for it in failed]
            for it in failed:
                self.reasons[program[1], it.plan["name"]] = f"fails after: {it.reason}"
            file.write_text(json.dumps([plan for plan in plans if plan not in broken]))
            before = self._record("before", self.before, name, again, own=True)
            after = self._record("after", self.after, name, again, own=True)
        run = self._compared(name, before, after)
        verdicts = (*run.comparison.verdicts, *(fails_after(it) for it in failed))
        comparison = replace(run.comparison, verdicts=verdicts)
        return replace(run, comparison=comparison, built=tuple(it.words for it in built))

    def _probe(self, words: str) -> Probe:
        name, _, function = words.partition("::")
        for base in (Path.cwd(), self.trees.root):
            file = (base / name).resolve()
            if file.is_file() and file.is_relative_to(self.trees.root):
                probe = Probe(str(file.relative_to(self.trees.root)), function or "probe")
                # It may be imported or made there: only where its name is not, it surely is not.
                if probe.function.encode() not in file.read_bytes():
                    raise UsageError(f"--probe {words}: no {probe.function} in that file")
                return probe
        raise UsageError(f"--probe {name}: no such file in {self.trees.root.name}")

    def _run(self, name: str, words: tuple[str, ...], own: bool = False) -> Run:
        old = self._record("before", self.before, name, words, own)
        new = self._record("after", self.after, name, words, own)
        return self._compared(name, old, new)

    def _compared(
        self, name: str, before: tuple[Recording, Ended], after: tuple[Recording, Ended]
    ) -> Run:
        (old, old_ended), (new, new_ended) = before, after
        cut = [side for side, it in (("before", old_ended), ("after", new_ended)) if not it.well]
        self.used |= new.used
        self.computed_on |= {devices.in_words(it.devices) for it in (old, new) if it.devices}
        self.shared = (self.shared[0] + new.shared[0], self.shared[1] + new.shared[1])
        return Run(
            name,
            old_ended,
            new_ended,
            compare(old, new, self.request.tolerance, cut),
            tuple(f"before: {it}" for it in old.troubles)
            + tuple(f"after: {it}" for it in new.troubles),
        )

    def _record(
        self, side: str, python: Interpreter, name: str, words: tuple[str, ...], own: bool
    ) -> tuple[Recording, Ended]:
        """Runs the user's command, or a program of our ``own`` on a file of the tree."""
        tree = self.trees.before if side == "before" else self.trees.after
        folder = self._folder(side)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (self.scratch / "temporary").mkdir(exist_ok=True)
        startup = self.scratch / f"startup-{side}"
        if own:
            program, file, *rest = words
            command = [str(python.path), str(startup / program), str(tree / file), *rest]
        else:
            command = argv(words, python.path, self.trees.root, tree)
        variables = environment(
            python.path, self.trees.root, tree, startup, self._variables(side, folder, tree)
        )
        try:
            ended = run(
                command,
                self._working_folder(tree),
                variables,
                self.request.timeout,
                lambda seconds: self.progress(f"{side}: {name}, {seconds:.0f} s"),
            )
            return read_recording(folder), ended
        except (CannotRun, ValueError, KeyError) as error:
            raise VerifyError(f"{side}: {error}") from error

    def _working_folder(self, tree: Path) -> Path:
        here = Path.cwd()
        inside = here.is_relative_to(self.trees.root)
        folder = tree / here.relative_to(self.trees.root) if inside else tree
        return folder if folder.is_dir() else tree

    def _variables(self, side: str, folder: Path, tree: Path) -> dict[str, str]:
        variables = {
            "RNN_CODEMOD_RECORD": str(folder),
            "RNN_CODEMOD_ROOT": str(self.trees.root),
            "RNN_CODEMOD_TREE": f"{tree}/",
            "TMPDIR": str(self.scratch / "temporary"),
            **devices.variables(self.request.device, self.request.devices, os.environ),
        }
        if side == "before" and not self.before.is_legacy:
            variables["RNN_CODEMOD_DEPRECATED"] = "1"
        if self.before.jax != self.after.jax:
            variables["JAX_THREEFRY_PARTITIONABLE"] = "0"
        if self.request.share_params:
            taken_from = str(self._folder("before"))
            variables["RNN_CODEMOD_PARAMETERS"] = "" if side == "before" else taken_from
        return variables

    def _folder(self, side: str) -> Path:
        """Where a side writes its records."""
        return self.scratch / f"records-{side}"

    def _make_startup(self, side: str, deprecated: bool) -> None:
        """The folder that comes first on the path of the run: the recorder, and the stand-ins."""
        folder = self.scratch / f"startup-{side}"
        here = Path(__file__).with_name("child")
        shutil.copytree(here, folder, ignore=shutil.ignore_patterns("__init__.py", "__pycache__"))
        if deprecated:
            runtime = importlib.util.find_spec("rnn_runtime")
            if runtime is None or not runtime.submodule_search_locations:
                raise VerifyError("rnn_runtime, which stands in for flax 0.6, is not installed")
            shutil.copytree(
                runtime.submodule_search_locations[0],
                folder / "rnn_runtime",
                ignore=shutil.ignore_patterns("__pycache__"),
            )

    def _devices_note(self) -> Iterator[str]:
        if self.computed_on:
            yield f"computed on {' and '.join(sorted(self.computed_on))}"

    def _parameters_note(self) -> str:
        if self.request.share_params:
            taken, of = self.shared
            return f"{taken} of {of} initial parameters of after were taken over from before"
        if self.before.jax != self.after.jax:
            return "parameters drawn on both sides, with jax_threefry_partitionable=False"
        return "parameters drawn on both sides by the same jax"
