"""Two recordings, module by module: what is the same, and where the first difference is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rnn_codemod.verify.closeness import SAME, Distance, Outcome, Tolerance, distance
from rnn_codemod.verify.names import pair_paths, renamed
from rnn_codemod.verify.recording import Event, Failed, Key, Recording

PARAMETERS = "variables"
GRADIENT = "gradient"


@dataclass(frozen=True, slots=True)
class Place:
    """Where two runs part: ``call`` and ``step`` count from 0, ``order`` sorts places in time."""

    order: int
    method: str
    phase: str
    call: int
    step: int | None
    leaf: str

    def __str__(self) -> str:
        step = "" if self.step is None else f", time step {self.step}"
        phase = f" ({self.phase})" if self.phase else ""
        return f"{self.method}{phase}, call {self.call}{step}, {self.leaf}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one module path, gradient or probe.

    ``errors`` holds the largest absolute difference of each event, in order.
    """

    path: str
    kind: str
    outcome: Outcome
    events: int
    ulp: int = 0
    largest: float = 0.0
    where: Place | None = None
    reason: str = ""
    now: str = ""
    errors: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """The verdicts of two runs, and the module paths that changed their names."""

    verdicts: tuple[Verdict, ...]
    renames: Mapping[str, str]

    @property
    def exercised(self) -> tuple[Verdict, ...]:
        return tuple(v for v in self.verdicts if v.outcome is not Outcome.NOT_EXERCISED)

    @property
    def agrees(self) -> bool:
        """Whether something was exercised, and all of that agrees."""
        return bool(self.exercised) and all(v.outcome.agrees for v in self.exercised)


@dataclass(frozen=True, slots=True)
class _Finding:
    """One difference, or none, between two events of a pair."""

    distance: Distance
    where: Place | None = None


def compare(
    before: Recording,
    after: Recording,
    tolerance: Tolerance | None = None,
    cut: Collection[str] = (),
) -> Comparison:
    """Compares what two runs recorded.

    ``cut`` names the sides, ``before`` or ``after``, that did not get to their end: what is missing
    of those is no difference.
    """
    return _Comparer(before, after, tolerance or Tolerance(), cut).compare()


def fails_after(failed: Failed) -> Verdict:
    """The verdict on a module that ran before, and not after."""
    path = f"{failed.plan['name']}.{failed.plan['method']}"
    return Verdict(path, "", Outcome.DIFFERENT, 1, reason=f"fails after: {failed.reason}")


class _Comparer:
    def __init__(
        self, before: Recording, after: Recording, tolerance: Tolerance, cut: Collection[str]
    ) -> None:
        self.before, self.after, self.tolerance, self.cut = before, after, tolerance, cut
        self.old, self.new = _by_key(before), _by_key(after)
        self.modules = _module_paths(before) | _module_paths(after)
        self.pairs = pair_paths(_all_paths(before), _all_paths(after))
        self.known: dict[tuple[str, str], Distance] = {}

    def compare(self) -> Comparison:
        renames = renamed(self.pairs)
        backwards = {new: old for old, new in self.pairs.items()}
        grouped: dict[str, list[Key]] = defaultdict(list)
        for key in [*self.old, *sorted(self.before.traced - set(self.old))]:
            grouped[key.path].append(key)
        counterparts = {self._counterpart(key) for keys in grouped.values() for key in keys}
        for key in [*self.new, *sorted(self.after.traced - set(self.new))]:
            home = backwards.get(key.path, key.path)
            if key not in counterparts and key._replace(path=home) not in grouped[home]:
                grouped[home].append(key._replace(path=home))
        parameters = self._parameters()
        verdicts = [
            self._verdict(path, keys, parameters.pop(path, []))
            for path, keys in grouped.items()
            if any(key.method != PARAMETERS for key in keys)
        ]
        return Comparison(
            tuple(_mark_renamed(verdict, renames) for verdict in verdicts),
            {old: new for old, new in renames.items() if not _below_another(old, renames)},
        )

    def _counterpart(self, key: Key) -> Key:
        """The same key after: module paths and class names of lifted modules may have changed."""
        path = self.pairs.get(key.path, key.path)
        same = key._replace(path=path)
        if same in self.new or same in self.after.traced:
            return same
        others = {
            other
            for other in [*self.new, *self.after.traced]
            if (other.path, other.method, other.phase) == (path, key.method, key.phase)
        }
        mine = {
            other
            for other in [*self.old, *self.before.traced]
            if (other.path, other.method, other.phase) == (key.path, key.method, key.phase)
        }
        return others.pop() if len(others) == len(mine) == 1 else same

    def _verdict(self, path: str, keys: Sequence[Key], parameters: list[_Finding]) -> Verdict:
        findings, errors, events, skipped, not_kept = list(parameters), [], 0, "", ""
        for key in keys:
            if key.method == PARAMETERS:
                continue
            counterpart = self._counterpart(key)
            old, new = self.old.get(key, []), self.new.get(counterpart, [])
            if self._was_not_told(key, old, self.before) or self._was_not_told(
                counterpart, new, self.after
            ):
                skipped = skipped or f"{_words(key)} is traced, but no numbers came out of it"
                continue
            ended = self._ended_first(old, new)
            if ended and not (old and new):
                skipped = skipped or f"{ended} ended before it"
                continue
            if of := self.before.dropped.get(key):
                not_kept = f"the first {len(old)} of {of} or more"
            more = self._events(key, old, new)
            count = min(len(old), len(new)) if ended else max(len(old), len(new))
            events += count
            findings += more
            errors += _errors(more, count)
        kind = next((key.kind for key in keys if key.kind), "")
        if not events:
            return Verdict(path, kind, Outcome.NOT_EXERCISED, 0, reason=skipped)
        worst = max(finding.distance.outcome for finding in findings) if findings else Outcome(0)
        first = _first(findings, worst)
        return Verdict(
            path,
            kind,
            worst,
            events,
            max((finding.distance.ulp for finding in findings), default=0),
            max((finding.distance.largest for finding in findings), default=0.0),
            first.where if first and not worst.agrees else None,
            "; ".join(filter(None, [first.distance.reason if first else "", not_kept])),
            errors=tuple(errors),
        )

    def _was_not_told(self, key: Key, events: Sequence[Event], side: Recording) -> bool:
        return not events and key in side.traced

    def _ended_first(self, old: Sequence[Event], new: Sequence[Event]) -> str:
        """The side that has fewer events because it did not get to its end, if one has."""
        if len(old) == len(new):
            return next(iter(self.cut), "")
        side = "before" if len(old) < len(new) else "after"
        return side if side in self.cut else ""

    def _events(self, key: Key, old: Sequence[Event], new: Sequence[Event]) -> list[_Finding]:
        old, new = _aligned(old, new)
        per_call = self._steps(key, len(old))
        found: list[_Finding] = []
        for index, (one, other) in enumerate(zip(old, new, strict=False)):
            call, step = divmod(index, per_call) if per_call > 1 else (index, None)
            place = Place(one.order, key.method, key.phase, call, step, "")
            found.append(self._leaves(one.leaves, other.leaves, place))
        fewer = len(old) != len(new) or self.before.dropped.get(key) != self.after.dropped.get(
            self._counterpart(key)
        )
        if fewer and not self._ended_first(old, new):
            count = min(len(old), len(new))
            order = old[count].order if count < len(old) else len(self.before.events)
            place = Place(order, key.method, key.phase, count, None, "the number of calls")
            reason = f"{_times(key, old, self.before)} before, {_times(key, new, self.after)} after"
            found.append(_Finding(Distance(Outcome.DIFFERENT, reason=reason), place))
        return found

    def _steps(self, key: Key, events: int) -> int:
        """How many events one call of the outermost module makes, 1 where that is not known."""
        root = key.path.split("/")[0]
        calls = max(
            (
                len(found)
                for other, found in self.old.items()
                if other.path == root and other.phase == key.phase and other.method != PARAMETERS
            ),
            default=0,
        )
        return events // calls if calls and events and events % calls == 0 else 1

    def _leaves(self, old: Mapping[str, str], new: Mapping[str, str], place: Place) -> _Finding:
        worst = _Finding(SAME)
        for leaf in [*old, *(leaf for leaf in new if leaf not in old)]:
            if leaf not in old or leaf not in new:
                side = "before" if leaf in old else "after"
                found = Distance(Outcome.DIFFERENT, reason=f"only {side}")
            else:
                found = self._distance(old[leaf], new[leaf])
            if found.outcome > worst.distance.outcome or found.largest > worst.distance.largest:
                first = worst.where if worst.distance.outcome == found.outcome else None
                worst = _Finding(found, first or replace(place, leaf=leaf))
        return worst

    def _distance(self, old: str, new: str) -> Distance:
        if old == new:
            return SAME
        if (old, new) not in self.known:
            arrays = self.before.arrays[old], self.after.arrays[new]
            self.known[old, new] = distance(*arrays, self.tolerance)
        return self.known[old, new]

    def _parameters(self) -> dict[str, list[_Finding]]:
        """What there is to say of the parameters, by the module that they belong to."""
        found: dict[str, list[_Finding]] = defaultdict(list)
        for key, old in self.old.items():
            if key.method != PARAMETERS:
                continue
            new = self.new.get(self._counterpart(key), [])
            for index, (one, other) in enumerate(zip(old, new, strict=False)):
                for owner, finding in self._trees(key, index, one, other):
                    found[owner].append(finding)
        return found

    def _trees(
        self, key: Key, index: int, one: Event, other: Event
    ) -> Iterable[tuple[str, _Finding]]:
        remaining = dict(other.leaves)
        for leaf, digest in one.leaves.items():
            counterpart = self._leaf_after(key.path, leaf)
            place = Place(one.order, "parameters", key.phase, index, None, leaf)
            if counterpart not in remaining:
                gone = Distance(Outcome.DIFFERENT, reason="only before")
                yield self._owner(key.path, leaf), _Finding(gone, place)
                continue
            apart = self._distance(digest, remaining.pop(counterpart))
            yield self._owner(key.path, leaf), _Finding(apart, place)
        for leaf in remaining:
            place = Place(one.order, "parameters", key.phase, index, None, leaf)
            extra = Distance(Outcome.DIFFERENT, reason="only after")
            yield self._owner(key.path, leaf), _Finding(extra, place)

    def _leaf_after(self, root: str, leaf: str) -> str:
        collection, _, rest = leaf.partition("/")
        path = f"{root}/{rest}"
        paired = self.pairs.get(path, path)
        new_root = self.pairs.get(root, root)
        return f"{collection}/{paired[len(new_root) + 1 :]}"

    def _owner(self, root: str, leaf: str) -> str:
        """The innermost recorded module around a parameter."""
        path = f"{root}/{leaf.partition('/')[2]}"
        while path != root and path not in self.modules:
            path = path.rsplit("/", 1)[0]
        return path


def _by_key(recording: Recording) -> dict[Key, list[Event]]:
    events: dict[Key, list[Event]] = {}
    for event in recording.events:
        events.setdefault(event.key, []).append(event)
    return events


def _module_paths(recording: Recording) -> set[str]:
    return {event.key.path for event in recording.events if event.key.method != PARAMETERS} | {
        key.path for key in recording.traced if key.method != PARAMETERS
    }


def _all_paths(recording: Recording) -> set[str]:
    """The paths of modules and of parameters, the latter without their collection."""
    paths = _module_paths(recording)
    for event in recording.events:
        if event.key.method == PARAMETERS:
            paths |= {f"{event.key.path}/{leaf.partition('/')[2]}" for leaf in event.leaves}
    return paths


def _aligned(old: Sequence[Event], new: Sequence[Event]) -> tuple[Sequence[Event], Sequence[Event]]:
    """Both in an order in which the n-th of one belongs to the n-th of the other.

    Callbacks out of one compiled program come in no promised order. Each call in it has its own
    stream, so those are put one after another; and equal events are brought together where all
    of both sides are equal.
    """
    counts = [len(part) for part in _streams(old)], [len(part) for part in _streams(new)]
    if counts[0] == counts[1]:
        old = [event for part in _streams(old) for event in part]
        new = [event for part in _streams(new) for event in part]
    in_order = all(event.stream == 0 for event in [*old, *new])
    if not in_order and sorted(map(_content, old)) == sorted(map(_content, new)):
        return sorted(old, key=_content), sorted(new, key=_content)
    return old, new


def _streams(events: Sequence[Event]) -> list[list[Event]]:
    streams: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        streams[event.stream].append(event)
    return [streams[number] for number in sorted(streams)]


def _content(event: Event) -> tuple[tuple[str, str], ...]:
    return tuple(event.leaves.items())


def _errors(findings: Sequence[_Finding], count: int) -> list[float]:
    return [finding.distance.largest for finding in findings[:count]]


def _first(findings: Iterable[_Finding], outcome: Outcome) -> _Finding | None:
    worst = [finding for finding in findings if finding.distance.outcome is outcome]
    return min(worst, key=lambda it: it.where.order if it.where else 0, default=None)


def _times(key: Key, events: Sequence[Event], side: Recording) -> str:
    count = side.dropped.get(key, len(events))
    return "not called" if not count else "called once" if count == 1 else f"called {count} times"


def _words(key: Key) -> str:
    return f"{key.method} ({key.phase})" if key.phase else key.method


def _mark_renamed(verdict: Verdict, renames: Mapping[str, str]) -> Verdict:
    now = renames.get(verdict.path)
    if now is None:
        return verdict
    outcome = max(verdict.outcome, Outcome.RENAMED)
    return replace(verdict, outcome=outcome, now=now)


def _below_another(path: str, renames: Mapping[str, str]) -> bool:
    return any(path.startswith(other + "/") for other in renames)
