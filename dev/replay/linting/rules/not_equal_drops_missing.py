"""RL204: != drops the events without the field."""

from __future__ import annotations

from collections.abc import Iterator

from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule
from replay.linting.terms import bases, failing

_PLACEHOLDERS = ("", "*", "-", "null", "none", "unknown", "n/a")
"""Values that stand for a missing one: whoever takes them out asks whether the field is there."""


@search_rule(
    "RL204", "not-equal-drops-missing", "warning",
    title="`!=` on a field that events may lack",
    why="`field!=x` finds only events that have the field. What was meant to take out one value takes out every event "
    "without any, too.",
    mend="Write NOT field=x. If events without the field are not wanted, say so beside it: field=* field!=x.",
    bad=r"""
[Shells]
search = | tstats count from datamodel=Endpoint.Processes \
  where Processes.process_name=cmd.exe Processes.process_path!="C:\\Windows\\*" \
  by Processes.dest
""",
    good=r"""
[Shells]
search = | tstats count from datamodel=Endpoint.Processes \
  where Processes.process_name=cmd.exe NOT Processes.process_path="C:\\Windows\\*" \
  by Processes.dest
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """One finding for each field of an expression."""
    for base in bases(search):
        for term in failing(base, lambda term: term.op == "!=" and term.value.lower() not in _PLACEHOLDERS):
            yield Found(search.at(term.column), f"`{term.field}!={term.value}` drops events without `{term.field}`")
