"""What a recorded run left behind, read back as data."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


class Key(NamedTuple):
    """One kind of event: which module, of which class, by which method, in which phase.

    ``phase`` is ``init``, ``apply``, ``gradient`` or empty.
    """

    path: str
    kind: str
    method: str
    phase: str


@dataclass(frozen=True, slots=True)
class Array:
    """An array, or of a large one every ``step``-th element, flat.

    ``sums`` are those of each ``step`` elements of a large one, float64 or complex128.
    """

    dtype: str
    shape: tuple[int, ...]
    step: int
    values: np.ndarray[Any, Any]
    sums: np.ndarray[Any, Any] | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One call or one tree: the digest of each leaf by its path, and when it came."""

    key: Key
    stream: int
    order: int
    leaves: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the user's tree; ``line`` is where its first decorator or ``def`` stands."""

    file: str
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Built:
    """A module that was built and run without the user's help: how, and the same in words."""

    plan: Mapping[str, Any]
    words: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A module that ran before, and not after."""

    plan: Mapping[str, Any]
    reason: str


@dataclass(slots=True)
class Recording:
    """All that the processes of one run recorded, in the order in which the processes began."""

    events: list[Event] = field(default_factory=list)
    arrays: dict[str, Array] = field(default_factory=dict)
    traced: set[Key] = field(default_factory=set)
    dropped: dict[Key, int] = field(default_factory=dict)
    used: set[Function] = field(default_factory=set)
    versions: dict[str, str] = field(default_factory=dict)
    devices: tuple[str, ...] = ()
    processes: int = 0
    troubles: tuple[str, ...] = ()
    shared: tuple[int, int] = (0, 0)
    """How many initial parameters were taken over, of how many."""
    built: list[Built] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    unbuilt: dict[str, str] = field(default_factory=dict)
    """By class, why it was not."""


def read_recording(folder: Path) -> Recording:
    """Reads the records in ``folder``; of a process that died, what is complete."""
    recording = Recording()
    # A stream belongs to the process that traced it.
    for process, file in enumerate(sorted(folder.glob("*.jsonl"))):
        for line in _lines(file):
            _READERS[line.pop("kind")](recording, process, line)
    return recording


_STREAMS_OF_A_PROCESS = 1_000_000


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield json.loads(line)


def _event(recording: Recording, process: int, line: dict[str, Any]) -> None:
    stream = process * _STREAMS_OF_A_PROCESS + line["stream"]
    order = len(recording.events)
    recording.events.append(Event(Key(*line["key"]), stream, order, dict(line["leaves"])))


def _array(recording: Recording, process: int, line: dict[str, Any]) -> None:
    values = np.frombuffer(base64.b64decode(line["data"]), _dtype(line["dtype"]))
    sums = None
    if line["sums"]:
        wide = "complex128" if line["dtype"].startswith("complex") else "float64"
        sums = np.frombuffer(base64.b64decode(line["sums"]), wide)
    recording.arrays[line["digest"]] = Array(
        line["dtype"], tuple(line["shape"]), line["step"], values, sums
    )


def _dtype(name: str) -> np.dtype[Any]:
    try:
        return np.dtype(name)
    except TypeError:
        import ml_dtypes

        extended: np.dtype[Any] = np.dtype(getattr(ml_dtypes, name))
        return extended


def _traced(recording: Recording, process: int, line: dict[str, Any]) -> None:
    recording.traced.add(Key(*line["key"]))


def _more(recording: Recording, process: int, line: dict[str, Any]) -> None:
    recording.dropped[Key(*line["key"])] = line["count"]


def _used(recording: Recording, process: int, line: dict[str, Any]) -> None:
    recording.used.add(Function(line["file"], line["name"], line["line"]))


def _process(recording: Recording, process: int, line: dict[str, Any]) -> None:
    recording.processes += 1
    recording.versions.update(python=line["python"], jax=line["jax"])


def _flax(recording: Recording, process: int, line: dict[str, Any]) -> None:
    recording.versions["flax"] = line["version"]


def _trouble(recording: Recording, process: int, line: dict[str, Any]) -> None:
    recording.troubles += (line["message"],)


def _end(recording: Recording, process: int, line: dict[str, Any]) -> None:
    recording.devices = tuple(line["devices"])


def _init(recording: Recording, process: int, line: dict[str, Any]) -> None:
    """What another run takes over is read there."""


def _built(recording: Recording, process: int, line: dict[str, Any]) -> None:
    recording.built.append(Built(line["plan"], line["words"]))


def _failed(recording: Recording, process: int, line: dict[str, Any]) -> None:
    recording.failed.append(Failed(line["plan"], line["reason"]))


def _unbuilt(recording: Recording, process: int, line: dict[str, Any]) -> None:
    recording.unbuilt.setdefault(line["name"], line["reason"])


def _shared(recording: Recording, process: int, line: dict[str, Any]) -> None:
    taken, of = recording.shared
    recording.shared = (taken + line["taken"], of + line["all"])


_READERS = {
    "array": _array,
    "built": _built,
    "call": _event,
    "carry": _event,
    "end": _end,
    "failed": _failed,
    "flax": _flax,
    "gradient": _event,
    "init": _init,
    "more": _more,
    "probe": _event,
    "process": _process,
    "shared": _shared,
    "trace": _traced,
    "trouble": _trouble,
    "used": _used,
    "unbuilt": _unbuilt,
    "variables": _event,
}
