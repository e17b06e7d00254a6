"""A line of errors as an SVG picture, on a logarithmic scale."""

from __future__ import annotations

import math
from collections.abc import Sequence

WIDTH, HEIGHT, TOP, LEFT = 240, 48, 6, 44
POINTS = 400
"""At most so many points are drawn; of more, the largest of each group."""


def plot(errors: Sequence[float]) -> str:
    """The picture, or a dash where there is no error or no step to draw it over.

    An error of 0 lies on the lowest line.
    """
    if len(errors) < 2 or not any(errors):
        return "-"
    group = -(-len(errors) // POINTS)
    drawn = [max(errors[at : at + group]) for at in range(0, len(errors), group)]
    logs = [math.log10(error) if error else None for error in drawn]
    known = [log for log in logs if log is not None]
    low, high = math.floor(min(known)) - 1, math.ceil(max(known))
    points = " ".join(
        f"{_x(at, len(logs)):.1f},{_y(low if log is None else log, low, high):.1f}"
        for at, log in enumerate(logs)
    )
    bottom = _y(low, low, high)
    return (
        f'<svg width="{WIDTH + LEFT}" height="{HEIGHT + 2 * TOP}" role="img" '
        f'aria-label="largest difference {max(errors):.3g} over {len(errors)} steps">'
        f'<line x1="{LEFT}" y1="{bottom}" x2="{WIDTH + LEFT}" y2="{bottom}"/>'
        f'<text x="0" y="{_y(high, low, high) + 4}">1e{high}</text>'
        f'<text x="0" y="{bottom}">0</text><polyline points="{points}"/></svg>'
    )


def _x(at: int, count: int) -> float:
    return LEFT + WIDTH * at / max(1, count - 1)


def _y(log: float, low: int, high: int) -> float:
    return TOP + HEIGHT * (high - log) / (high - low)
