"""How far two arrays are from each other, and whether that is near enough."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from rnn_codemod.verify.recording import Array

FEW_ULP = 8

TOLERANCES = {
    "float64": (1e-12, 1e-12),
    "complex128": (1e-12, 1e-12),
    "float32": (1e-5, 1e-6),
    "complex64": (1e-5, 1e-6),
    "float16": (2e-3, 1e-3),
    "bfloat16": (2e-2, 1e-2),
}
"""(rtol, atol) by dtype; what has another dtype has to be equal."""


class Outcome(IntEnum):
    """What came out of a comparison, the better first."""

    IDENTICAL = 0
    ULP = 1
    TOLERANCE = 2
    NOT_EXERCISED = 3
    RENAMED = 4
    DIFFERENT = 5

    @property
    def agrees(self) -> bool:
        """Whether the numbers are the same for all that one has to know."""
        return self <= Outcome.TOLERANCE


@dataclass(frozen=True, slots=True)
class Tolerance:
    """The user's own ``rtol`` and ``atol``; ``None`` means those of the dtype."""

    rtol: float | None = None
    atol: float | None = None

    def of(self, dtype: str) -> tuple[float, float]:
        """(rtol, atol) for arrays of ``dtype``."""
        rtol, atol = TOLERANCES[dtype]
        return (
            rtol if self.rtol is None else self.rtol,
            atol if self.atol is None else self.atol,
        )


@dataclass(frozen=True, slots=True)
class Distance:
    """How two arrays compare; ``largest`` is the largest absolute difference."""

    outcome: Outcome
    ulp: int = 0
    largest: float = 0.0
    reason: str = ""


SAME = Distance(Outcome.IDENTICAL)


def distance(before: Array, after: Array, tolerance: Tolerance) -> Distance:
    """Compares two arrays with different digests."""
    if before.dtype != after.dtype:
        return _different(f"dtype {before.dtype} before, {after.dtype} after")
    if before.shape != after.shape:
        return _different(f"shape {before.shape} before, {after.shape} after")
    if before.dtype not in TOLERANCES:
        return _different(f"{before.dtype} values differ")
    wide: Any = np.complex128 if before.dtype.startswith("complex") else np.float64
    old, new = before.values.astype(wide), after.values.astype(wide)
    if not np.array_equal(np.isfinite(old), np.isfinite(new)) or not np.array_equal(
        old[~np.isfinite(old)], new[~np.isfinite(old)], equal_nan=True
    ):
        return _different("infinities or NaN on one side only")
    finite = np.isfinite(old)
    apart = np.abs(new[finite] - old[finite])
    largest = min(float(apart.max(initial=0.0)), sys.float_info.max)
    rtol, atol = tolerance.of(before.dtype)
    if bool((apart > atol + rtol * np.abs(old[finite])).any()):
        return Distance(Outcome.DIFFERENT, 0, largest, f"by up to {largest:.3g}")
    if before.step > 1:
        reason = f"in a sample, 1 of {before.step} elements, and in the sums of the others"
        if _sums_apart(before, after, rtol, atol):
            return _different(f"between the elements of a sample, 1 of {before.step}")
        return Distance(Outcome.TOLERANCE, 0, largest, reason)
    ulp = 0 if before.dtype.startswith("complex") else _ulp(before.values, after.values)
    return Distance(Outcome.ULP if 0 < ulp <= FEW_ULP else Outcome.TOLERANCE, ulp, largest)


def _sums_apart(before: Array, after: Array, rtol: float, atol: float) -> bool:
    """Whether the sums of some elements are further apart than those elements may be."""
    assert before.sums is not None and after.sums is not None
    # How large the elements in between are is not known: no larger than those of the sample.
    known = before.values.astype(np.complex128)
    size = float(np.abs(known[np.isfinite(known)]).max(initial=0.0))
    old, new = before.sums, after.sums
    finite = np.isfinite(old) & np.isfinite(new)
    if not np.array_equal(np.isfinite(old), np.isfinite(new)):
        return True
    return bool((np.abs(new[finite] - old[finite]) > before.step * (atol + rtol * size)).any())


def _different(reason: str) -> Distance:
    return Distance(Outcome.DIFFERENT, reason=reason)


def _ulp(old: np.ndarray[Any, Any], new: np.ndarray[Any, Any]) -> int:
    """The largest number of steps between two floats of the same place."""
    finite = np.isfinite(old.astype(np.float64))
    one, other = _ordered(old[finite]), _ordered(new[finite])
    return int((np.maximum(one, other) - np.minimum(one, other)).max(initial=0))


def _ordered(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Unsigned integers in the order of the floats, neighbours 1 apart, -0 equal to 0."""
    width = values.dtype.itemsize
    bits = values.view(f"u{width}").astype(np.uint64)
    sign = np.uint64(1 << (8 * width - 1))
    return np.where(bits & sign, sign - (bits & (sign - np.uint64(1))), bits + sign)
