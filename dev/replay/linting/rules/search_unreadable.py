"""RL001: a search that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule


@search_rule(
    "RL001", "search-unreadable", "error",
    title="A search does not parse",
    why="Splunk refuses to run it, and the scheduler says so only in its own log. No other rule can look at it.",
    mend="Mend what the message names. If an app that is not here brings a command, load that app, too, before this "
    "one. If Splunk does run the search, it is this reader that is wrong: report it.",
    bad="""
[Shells]
search = index=win process_name=cmd.exe | stats count by (dest
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """Report what the parser says. A macro that nobody defines is a rule of its own."""
    problem = search.problem
    if problem is not None and not search.macro_problem:
        column = problem.place.column
        yield Found(search.at(column) if column else search.saved.place, problem.message)
