"""RL001: a search that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

from replay.commands import Command
from replay.errors import KnowledgeError, ReplayError
from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule
from replay.models import ModelError

_TOLD = ("tstats", "lookup", "inputlookup", "outputlookup", "from")


@search_rule(
    "RL001", "search-unreadable", "error",
    title="A search that cannot be read: it does not parse, or a command in it cannot be planned",
    why="Splunk refuses to run it, and the scheduler says so only in its own log. No other rule can look at it, or "
    "none at its fields.",
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
    """Report what parser and planner say. A macro, data model or lookup that nobody defines is a rule of its own."""
    problem = search.calls.problem or (None if search.macro_problem else search.problem)
    if problem is not None:
        elsewhere = problem.place.file not in (None, search.saved.place.file)
        yield Found(search.place_of(problem), f"{problem.message} ({problem.place})" if elsewhere else problem.message)
        return
    step = search.flow_problem
    if step is not None and step.problem is not None and not _told_elsewhere(step.command, step.problem):
        says = f"`{type(step.command).name}` cannot be planned, so that the fields after it were not examined"
        yield Found(search.place_of(step.problem), f"{says}: {step.problem.message}")


def _told_elsewhere(command: Command, problem: ReplayError) -> bool:
    """Whether RL207 or RL305 tells it, or it is a trained model, which no app need bring."""
    return isinstance(problem, ModelError) or (isinstance(problem, KnowledgeError) and type(command).name in _TOLD)
