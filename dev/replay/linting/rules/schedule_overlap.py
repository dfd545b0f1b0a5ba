"""RL403: a schedule whose runs cover the same time twice."""

from __future__ import annotations

from collections.abc import Iterator

from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule
from replay.linting.schedules import EARLIEST, seams, told
from replay.linting.settings import place_of


@search_rule(
    "RL403", "schedule-overlap", "warning",
    title="A schedule whose runs cover the same time twice, without throttling",
    why="An event in the overlap is found twice: two notables, and twice the risk.",
    mend="Let the span be as long as the time between two runs, or throttle (alert.suppress).",
    bad="""
[Shells]
search = index=win process_name=cmd.exe
action.notable = 1
enableSched = 1
cron_schedule = */15 * * * *
dispatch.earliest_time = -70m@m
dispatch.latest_time = -10m@m
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe
action.notable = 1
enableSched = 1
cron_schedule = */15 * * * *
dispatch.earliest_time = -25m@m
dispatch.latest_time = -10m@m
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """The largest overlap of 400 runs, where nothing throttles."""
    overlap = 0.0 if search.flag("alert.suppress") else -min(seams(search), default=0.0)
    if overlap > 0:
        yield Found(place_of(search, EARLIEST), f"up to {told(overlap)} are covered by two runs")
