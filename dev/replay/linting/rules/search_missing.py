"""RL003: a saved search that has no search."""

from __future__ import annotations

from collections.abc import Iterator

from replay.linting.examined import ExaminedApp
from replay.linting.rule import Found, app_rule


@app_rule(
    "RL003", "search-missing", "warning",
    title="A saved search that has no search",
    why="Nothing runs, and nothing says so. Mostly the stanza was to change a search of another name: one letter of "
    "difference, or a rename in an upgrade, and the change reaches no search.",
    mend="Give the stanza the name of the search that it changes, or a search. If that search is in an app that is not "
    "here, load that app, too, before this one.",
    bad="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest

[shells]
cron_schedule = 5 * * * *
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
cron_schedule = 5 * * * *
""",
)  # fmt: skip
def check(app: ExaminedApp) -> Iterator[Found]:
    """Stanzas of savedsearches.conf to which no loaded app gives a ``search``."""
    for saved in app.knowledge.saved_searches():
        if saved.app == app.app.id and not saved.search:
            yield Found(saved.place, f"`{saved.name}` has no search")
