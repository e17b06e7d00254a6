"""Whether two records of ``probes.py`` agree: the same paths, shapes, dtypes and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

PARAMETERS = 1e-6
"""Largest absolute difference of a drawn parameter: two releases of jax apart, one generator.

Orthogonal kernels come from a QR decomposition, which rounds as the processor does: 3e-7 on some,
4e-7 on others.
"""
OUTPUTS = 1e-5
"""Largest difference of an output, relative to the largest number in it, on equal parameters."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two records have in common; ``differences`` is empty where they agree."""

    arrays: int
    identical: int
    largest: float
    differences: tuple[str, ...]

    @property
    def agree(self) -> bool:
        return self.arrays > 0 and not self.differences

    def __str__(self) -> str:
        if not self.agree:
            first = self.differences[0] if self.differences else "nothing was recorded"
            return f"DIFFERENT: {first} ({len(self.differences)} differences)"
        if self.identical == self.arrays:
            return f"agree: {self.arrays} arrays, all bit for bit"
        return (
            f"agree: {self.arrays} arrays, {self.identical} bit for bit, "
            f"the others within {self.largest:.1g}"
        )


def compare(before: Path, after: Path) -> Comparison:
    """Compare the records at ``before`` and ``after``, two ``.npz`` files."""
    with np.load(before) as old, np.load(after) as new:
        differences = [f"{path}: only before" for path in sorted(set(old) - set(new))]
        differences += [f"{path}: only after" for path in sorted(set(new) - set(old))]
        common = [path for path in old if path in new]
        identical, largest = 0, 0.0
        for path in common:
            difference, complaint = _distance(path, old[path], new[path])
            identical += not complaint and difference == 0
            largest = max(largest, difference)
            if complaint:
                differences.append(f"{path}: {complaint}")
    return Comparison(len(common), identical, largest, tuple(differences))


def _distance(path: str, old: np.ndarray, new: np.ndarray) -> tuple[float, str]:
    if old.shape != new.shape:
        return 0.0, f"shape {old.shape} before, {new.shape} after"
    if old.dtype != new.dtype:
        return 0.0, f"dtype {old.dtype} before, {new.dtype} after"
    if np.array_equal(old, new):
        return 0.0, ""
    if not np.issubdtype(old.dtype, np.floating):
        return 0.0, "values differ"
    if not (np.isfinite(old).all() and np.isfinite(new).all()):
        return 0.0, "not finite"
    scale = 1.0 if "/params" in path else max(float(np.abs(old).max()), 1e-30)
    difference = float(np.abs(old.astype("float64") - new.astype("float64")).max()) / scale
    allowed = PARAMETERS if "/params" in path else OUTPUTS
    return difference, f"differs by {difference:.3g}" if difference > allowed else ""
