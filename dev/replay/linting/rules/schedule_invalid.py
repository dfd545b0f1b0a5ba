"""RL401: a schedule that is none."""

from __future__ import annotations

from collections.abc import Iterator

from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule
from replay.linting.schedules import CRON, EARLIEST, LATEST, firings
from replay.linting.settings import place_of
from replay.spl.timespec import parse_time


@search_rule(
    "RL401", "schedule-invalid", "error",
    title="A schedule that is no cron expression, or a dispatch time that is no time",
    why="The scheduler never starts the search.",
    mend="Five fields: minute, hour, day of month, month, day of week. Times are such as -70m@m, @d, now.",
    bad="""
[Shells]
search = index=win process_name=cmd.exe
enableSched = 1
cron_schedule = 61 * * * *
dispatch.earliest_time = -70m@m
dispatch.latest_time = -10m@m
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe
enableSched = 1
cron_schedule = 7 * * * *
dispatch.earliest_time = -70m@m
dispatch.latest_time = -10m@m
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """Real-time windows (rt, rt-5m) are none of this rule's business."""
    if not search.flag("enableSched"):
        return
    if not search.scheduled:
        yield Found(place_of(search, "enableSched"), "cron_schedule is not set")
    elif not firings(search.text(CRON)):
        yield Found(place_of(search, CRON), f"`{search.text(CRON)}` never fires: it is no cron expression")
    for key in (EARLIEST, LATEST):
        value = search.text(key)
        if value and not value.startswith("rt") and parse_time(value, 0) is None:
            yield Found(place_of(search, key), f"`{value}` is no time")
