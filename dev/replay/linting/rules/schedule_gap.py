"""RL402: a schedule that leaves gaps."""

from __future__ import annotations

from collections.abc import Iterator

from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule
from replay.linting.schedules import EARLIEST, seams, told
from replay.linting.settings import place_of


@search_rule(
    "RL402", "schedule-gap", "error",
    title="A schedule that leaves gaps between the spans of its runs",
    why="Events in a gap are never searched: no run covers them.",
    mend="Let each run cover as much as lies between two runs: hourly, from -70m@m to -10m@m.",
    bad="""
[Shells]
search = index=win process_name=cmd.exe
action.notable = 1
enableSched = 1
cron_schedule = 7 * * * *
dispatch.earliest_time = -30m@m
dispatch.latest_time = now
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe
action.notable = 1
enableSched = 1
cron_schedule = 7 * * * *
dispatch.earliest_time = -70m@m
dispatch.latest_time = -10m@m
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """The largest gap of 400 runs."""
    gap = max(seams(search), default=0.0)
    if gap > 0:
        yield Found(place_of(search, EARLIEST), f"up to {told(gap)} between two runs are covered by none")
