"""How far two arrays are apart, as they are recorded and read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from workplace import imported

from rnn_codemod.verify.closeness import Distance, Outcome, Tolerance, distance
from rnn_codemod.verify.recording import read_recording

LARGE = np.linspace(-1, 1, 40_001, dtype="float32")
SMALL = np.linspace(-1, 1, 7, dtype="float32")


def apart(folder: Path, monkeypatch: pytest.MonkeyPatch, old: object, new: object) -> Distance:
    found = []
    for name, array in (("before", old), ("after", new)):
        (folder / name).mkdir()
        monkeypatch.setenv("RNN_CODEMOD_RECORD", str(folder / name))
        record = imported("rnn_codemod_recorder").record
        record.event("call", ("M", "M", "__call__", "apply"), 0, ["output"], [array])
        found.append(next(iter(read_recording(folder / name).arrays.values())))
    return distance(found[0], found[1], Tolerance())


def changed(array: np.ndarray, at: int, by: float) -> np.ndarray:
    new = array.copy()
    new[at] += by
    return new


CASES = (
    ("a few ULP", SMALL, np.nextafter(SMALL, 2), "ULP"),
    ("near", SMALL, SMALL + np.float32(9e-7), "TOLERANCE"),
    ("near, large", LARGE, LARGE * np.float32(1 + 3e-6), "TOLERANCE"),
    ("near in one place that is not sampled", LARGE, changed(LARGE, 5, 1e-6), "TOLERANCE"),
    ("nan on both sides", changed(SMALL, 2, np.nan), changed(SMALL, 2, np.nan) * 1, "TOLERANCE"),
    ("far", SMALL, SMALL + 1, "DIFFERENT"),
    ("far in one place", SMALL, changed(SMALL, 3, 1e-3), "DIFFERENT"),
    ("far in one place of a sample", LARGE, changed(LARGE, 0, 1e-3), "DIFFERENT"),
    ("far in one place that is not sampled", LARGE, changed(LARGE, 5, 1e-3), "DIFFERENT"),
    ("nan in a place that is not sampled", LARGE, changed(LARGE, 5, np.nan), "DIFFERENT"),
    ("other integers", np.arange(9000), changed(np.arange(9000), 5, 1), "DIFFERENT"),
    ("another dtype", SMALL, SMALL.astype("float16"), "DIFFERENT"),
    ("another shape", SMALL, SMALL[None], "DIFFERENT"),
)


@pytest.mark.parametrize(
    ("old", "new", "expected"), [it[1:] for it in CASES], ids=[it[0] for it in CASES]
)
def test_distance(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    old: np.ndarray,
    new: np.ndarray,
    expected: str,
):
    assert apart(tmp_path, monkeypatch, old, new).outcome is Outcome[expected]
