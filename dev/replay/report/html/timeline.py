"""Hits in time: where they stand on a line, one line for each object. Drawn by the template."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import Struct

LANES = 12
PLACES = 100
"""Places on a line; hits in one place are one mark."""
_MARGIN = 2.0
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_DAY = 86400
_MOST_STEPS = 3
_LAST = 253402300799.0  # the last second of the year 9999


class Mark(Struct, frozen=True):
    """Hits at one place: percent from the left, and their numbers."""

    at: float
    hits: tuple[int, ...]


class Lane(Struct, frozen=True):
    """One object's hits; ``others`` is how many objects share the lane, if it is that of the rest."""

    name: str
    marks: tuple[Mark, ...]
    others: int = 0

    @property
    def hits(self) -> int:
        """How many there are."""
        return sum(len(mark.hits) for mark in self.marks)


class Timeline(Struct, frozen=True):
    """Lanes below a scale.

    Attributes:
        ticks: percent from the left -> what is written there.
        day: the day of all ticks, if they lie in one; they tell it themselves otherwise.
        lanes: the objects with most hits first.
    """

    ticks: Mapping[float, str]
    day: str
    lanes: Sequence[Lane]


def timeline(hits: Sequence[tuple[int, float, str]]) -> Timeline | None:
    """The timeline of hits.

    Args:
        hits: number, epoch seconds and object of each.

    Returns:
        None without hits.
    """
    if not hits:
        return None
    first, last = min(time for _, time, _ in hits), max(time for _, time, _ in hits)
    start, step, ticks = scale(first, last)
    span = step * (ticks - 1)

    def at(time: float) -> float:
        return round(_MARGIN + (100 - 2 * _MARGIN) * (time - start) / span, 2)

    times = [start + step * n for n in range(ticks)]
    days = {_form(time, "%Y-%m-%d") for time in times}
    form = "%H:%M:%S" if step < 60 else "%H:%M"
    form = form if len(days) == 1 else "%Y-%m-%d" if step >= _DAY else f"%m-%d {form}"
    return Timeline(
        {at(time): _form(time, form) for time in times},
        days.pop() if len(days) == 1 else "",
        _lanes([(number, at(time), name) for number, time, name in hits]),
    )


def scale(first: float, last: float) -> tuple[float, float, int]:
    """Start, step and number of ticks: round steps, few ticks, and all hits within."""
    step: float = next((s for s in _STEPS if (last - first) / s <= _MOST_STEPS), 0)
    step = step or _DAY * math.ceil((last - first) / _MOST_STEPS / _DAY)
    start = math.floor(first / min(step, _DAY)) * min(step, _DAY)
    return start, step, max(2, math.ceil((last - start) / step) + 1)


def _form(time: float, form: str) -> str:
    return datetime.fromtimestamp(min(time, _LAST), UTC).strftime(form)


def _lanes(hits: Sequence[tuple[int, float, str]]) -> list[Lane]:
    named: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for number, at, name in hits:
        named[name].append((number, at))
    ranked = sorted(named, key=lambda name: (-len(named[name]), name))
    shown = ranked if len(ranked) <= LANES else ranked[: LANES - 1]
    lanes = [Lane(name, _marks(named[name])) for name in shown]
    rest = ranked[len(shown) :]
    if rest:
        lanes.append(Lane("", _marks([hit for name in rest for hit in named[name]]), len(rest)))
    return lanes


def _marks(hits: Sequence[tuple[int, float]]) -> tuple[Mark, ...]:
    places: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for number, at in hits:
        places[round(at * PLACES / 100)].append((number, at))
    return tuple(Mark(min(at for _, at in those), tuple(n for n, _ in those)) for _, those in sorted(places.items()))
