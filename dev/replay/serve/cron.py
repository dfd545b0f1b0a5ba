"""``cron_schedule`` of savedsearches.conf: five fields, in UTC as all times here.

Source: Admin Manual, savedsearches.conf (``cron_schedule``: standard cron notation, no names of months or days).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

from replay.errors import ReplayError

_FIELDS = 5
_TEXT = re.compile(r"[0-9*/,\- \t]{1,200}")


class CronError(ReplayError):
    """A schedule that is none."""


def times_after(schedule: str, after: float, *, backward: bool = False) -> Iterator[float]:
    """The scheduled times after a moment, in order; or those before it, the last one first.

    Args:
        schedule: ``minute hour day month weekday``.
        after: epoch seconds; itself never among the times.
        backward: go back in time.

    Raises:
        CronError: it is no schedule.
    """
    text = schedule.strip()
    if len(text.split()) != _FIELDS or not _TEXT.fullmatch(text):
        raise CronError(
            f"`{schedule[:100]}` is no cron schedule: it has five fields (minute hour day month weekday) of numbers, "
            "`*`, `,`, `-` and `/`"
        )
    try:
        moments = CronSim(text, datetime.fromtimestamp(after, UTC), reverse=backward)
    except (CronSimError, OverflowError, ValueError) as error:
        raise CronError(f"`{text}` is no cron schedule: {error}") from error
    return (moment.timestamp() for moment in moments)


def shown_time(at: float) -> str:
    """A scheduled time, epoch seconds, for people."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def check_schedule(schedule: str) -> None:
    """Whether there is a time that a schedule names.

    Raises:
        CronError: it is no schedule, or one without any time, such as 31 February.
    """
    if next(times_after(schedule, 0.0), None) is None:
        raise CronError(f"`{schedule.strip()}` names no time")


def period(schedule: str, at: float) -> float:
    """Seconds between the two scheduled times after a moment.

    Raises:
        CronError: it is no schedule.
    """
    times = times_after(schedule, at)
    first, second = next(times, at), next(times, at)
    return max(second - first, 0.0)
