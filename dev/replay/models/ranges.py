"""The region of lowest density: where a distribution puts only so much of its mass."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

Range = tuple[float, float, float]
"""Lower bound, upper bound, and the area under the curve between them. Bounds may be infinite."""

_STEPS = 80


def lowest_density(
    pdf: Callable[[Any], Any], cdf: Callable[[Any], Any], grid: Any, area: float, *, ends: tuple[float, float]
) -> list[Range]:
    """Where the density is below the one level for which the mass of all such places is ``area``.

    Args:
        pdf, cdf: of arrays.
        grid: ascending points, close enough to see every rise and fall; all but nothing lies outside of them.
        area: between 0 and 1.
        ends: where the distribution ends; beyond, the density is 0, so that it always belongs to the region.

    Returns:
        ranges in ascending order; the first begins at ``-inf``, the last ends at ``inf``.
    """
    import numpy as np

    density = pdf(grid)
    low, high = 0.0, float(density[np.isfinite(density)].max())
    density = np.minimum(density, 1e300)  # a pole, and still a number to interpolate with
    best: tuple[float, list[Range]] = (math.inf, [])
    for _ in range(_STEPS):
        level = (low + high) / 2
        ranges = _below(density, grid, level, cdf, ends)
        mass = sum(one[2] for one in ranges)
        best = min(best, (abs(mass - area), ranges))
        low, high = (level, high) if mass < area else (low, level)
    return best[1]


def _below(density: Any, grid: Any, level: float, cdf: Callable[[Any], Any], ends: tuple[float, float]) -> list[Range]:
    import numpy as np

    under = density < level
    turns = np.flatnonzero(under[1:] != under[:-1])
    left, right = density[turns], density[turns + 1]
    bounds = (grid[turns] + (grid[turns + 1] - grid[turns]) * (level - left) / (right - left)).tolist()
    bounds = [-math.inf, *([] if under[0] else [ends[0]]), *bounds, *([] if under[-1] else [ends[1]]), math.inf]
    mass = np.concatenate([[0.0], np.atleast_1d(cdf(np.array(bounds[1:-1]))), [1.0]])
    pairs = range(0, len(bounds) - 1, 2)
    return [(bounds[i], bounds[i + 1], max(float(mass[i + 1] - mass[i]), 0.0)) for i in pairs]
