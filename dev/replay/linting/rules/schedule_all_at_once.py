"""RL404: all searches fire at minute 0."""

from __future__ import annotations

from collections.abc import Iterator

from replay.linting.examined import ExaminedApp, ExaminedSearch
from replay.linting.rule import Found, app_rule
from replay.linting.schedules import CRON, firings
from replay.linting.settings import place_of


@app_rule(
    "RL404", "schedule-all-at-once", "warning",
    title="All scheduled searches of the app fire at minute 0",
    why="So do those of every other app. The scheduler has a limit of searches at one time and skips the rest.",
    mend="Give each search a minute of its own, or let the scheduler move it: schedule_window = auto, or allow_skew.",
    bad="""
[Shells]
search = index=win process_name=cmd.exe
enableSched = 1
cron_schedule = 0 * * * *
[Scripts]
search = index=win process_name=wscript.exe
enableSched = 1
cron_schedule = 0 * * * *
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe
enableSched = 1
cron_schedule = 7 * * * *
[Scripts]
search = index=win process_name=wscript.exe
enableSched = 1
cron_schedule = 0 * * * *
schedule_window = auto
""",
)  # fmt: skip
def check(app: ExaminedApp) -> Iterator[Found]:
    """Two or more, each only ever at minute 0 and none that the scheduler may move."""
    scheduled = [search for search in app.searches if search.scheduled]
    fixed = [search for search in scheduled if _at_zero(search) and not _movable(search)]
    if len(fixed) > 1 and all(map(_at_zero, scheduled)):
        yield Found(place_of(fixed[0], CRON), f"{len(fixed)} searches fire at minute 0, and no other minute is used")


def _at_zero(search: ExaminedSearch) -> bool:
    return all(when.minute == 0 for when in firings(search.text(CRON)) or ())


def _movable(search: ExaminedSearch) -> bool:
    return any(search.text(key) not in ("", "0") for key in ("schedule_window", "allow_skew"))
