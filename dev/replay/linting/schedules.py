"""When a scheduled search runs, and which span of time each run covers."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import NamedTuple

from cronsim import CronSim, CronSimError

from replay.linting.examined import ExaminedSearch
from replay.spl.timespec import parse_time

_RUNS = 400
_START = datetime(2024, 1, 1, tzinfo=UTC)
_INLINE = re.compile(r"(?<![\w.])(_index_)?(earliest|latest)\s*=", re.IGNORECASE)
CRON, EARLIEST, LATEST = "cron_schedule", "dispatch.earliest_time", "dispatch.latest_time"


class Window(NamedTuple):
    """One run: what it covers, in epoch seconds."""

    start: float
    end: float


def firings(cron: str) -> list[datetime] | None:
    """The first 400 times from a fixed day on (UTC) at which a cron schedule fires; None if it is none."""
    if len(cron.split()) != 5:
        return None
    try:
        return list(islice(CronSim(cron, _START), _RUNS))
    except CronSimError:
        return None


def windows(search: ExaminedSearch) -> list[Window] | None:
    """The spans of the runs; None where they cannot be told (real time, all time, times in the search itself)."""
    times = firings(search.text(CRON))
    earliest, latest = search.text(EARLIEST), search.text(LATEST) or "now"
    if not times or not earliest.startswith(("-", "@")) or "rt" in (earliest[:2], latest[:2]):
        return None
    if _INLINE.search(search.expansion):
        return None
    found = []
    for when in times:
        start, end = parse_time(earliest, when.timestamp()), parse_time(latest, when.timestamp())
        if start is None or end is None:
            return None
        found.append(Window(start, end))
    return found


def seams(search: ExaminedSearch) -> list[float]:
    """Seconds between the end of each run's span and the start of the next one's; negative where they overlap.

    None for a report, which has no action and may look back as far as it likes, or leave gaps.
    """
    spans = windows(search) if search.scheduled and search.acts else None
    return [after.start - before.end for before, after in pairwise(spans or ())]


def told(seconds: float) -> str:
    """A length of time in words."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"
