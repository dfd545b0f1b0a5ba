"""RL206: a search in which nothing can be looked up."""

from __future__ import annotations

import re
from collections.abc import Iterator

from replay.linting.examined import ExaminedSearch
from replay.linting.nullable import conjuncts, positive
from replay.linting.rule import Found, search_rule
from replay.linting.terms import bases
from replay.spl.search import And, Compare, Not, Or, SearchExpr, Text, TimeTerm

_COARSE = ("index", "sourcetype", "source", "host", "splunk_server", "nodename", "eventtype", "tag", "_time")

_BREAKS = re.compile(r"[^\w*]|_")
"""What stands between two words of the index (Admin Manual, segmenters.conf)."""


@search_rule(
    "RL206", "leading-wildcard", "warning",
    title="Every term begins with a wildcard",
    why="The index is sorted by the beginning of words. Without any term that begins with text, Splunk reads every "
    "event of the index (or every value of the summary), and a busy site skips the search.",
    mend="Add a term that the index can look up: a process name, an event code, a word of the command line.",
    bad=r"""
[Shells]
search = | tstats count from datamodel=Endpoint.Processes \
  where Processes.process="*mimikatz*" \
  by Processes.dest
""",
    good=r"""
[Shells]
search = | tstats count from datamodel=Endpoint.Processes \
  where Processes.process_name=powershell.exe Processes.process="*mimikatz*" \
  by Processes.dest
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """Where index, source type and the like are all that can be looked up, everything in them is read."""
    for base in bases(search):
        terms = conjuncts(base.expression)
        leading = next((one for one in positive(base.expression) if _leads(one)), None)
        if leading is not None and not any(_selective(term, base.raw) for term in terms):
            shown = f"{leading.field}={leading.value}" if isinstance(leading, Compare) else leading.value
            yield Found(search.at(leading.column), f"`{shown}`, and no term beside it can be looked up")


def _leads(term: Compare | Text) -> bool:
    """A value that begins with a wildcard and goes on with text."""
    leads = term.value.startswith("*") and bool(term.value.strip("*"))
    return leads and (isinstance(term, Text) or (term.op == "=" and term.field not in _COARSE))


def _selective(term: SearchExpr, raw: bool) -> bool:
    match term:
        case And(terms):
            return any(_selective(one, raw) for one in terms)
        case Or(terms):
            return bool(terms) and all(_selective(one, raw) for one in terms)
        case Compare(field=name, op=op, value=value):
            return op == "=" and name not in _COARSE and _looked_up(value, raw)
        case Text(value):
            return _looked_up(value, raw)
        case Not() | TimeTerm():
            return False
    return True  # a subsearch: what it gives is not known


def _looked_up(value: str, raw: bool) -> bool:
    """A value that begins with text; in raw events a later word of it is enough, for each is in the index by itself."""
    later = _BREAKS.split(value)[1:] if raw else []
    return not value.startswith("*") or any(word and not word.startswith("*") for word in later)
