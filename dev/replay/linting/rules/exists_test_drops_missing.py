"""RL205: field=* drops the events without the field."""

from __future__ import annotations

from collections.abc import Iterator

from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule
from replay.linting.terms import bases, failing


@search_rule(
    "RL205", "exists-test-drops-missing", "note",
    title="`field=*` on a field that events may lack",
    why="It reads like `any value`, but it drops every event without the field: those of sources that do not have it.",
    mend="Leave the term out if it is to mean nothing. Keep it, and switch the rule off here, if it is a test.",
    bad=r"""
[Shells]
search = | tstats count from datamodel=Endpoint.Processes \
  where Processes.process_name=cmd.exe Processes.process_path=* \
  by Processes.dest
""",
    good=r"""
[Shells]
search = | tstats count from datamodel=Endpoint.Processes \
  where Processes.process_name=cmd.exe \
  by Processes.dest
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """Only where a data model is read: in a search of events ``field=*`` is the usual way to ask for a field."""
    for base in bases(search):
        for term in () if base.raw else failing(base, lambda term: term.op == "=" and term.value == "*"):
            yield Found(search.at(term.column), f"`{term.field}=*` drops events without `{term.field}`")
