"""RL203: OR and AND in one tstats where clause without parentheses."""

from __future__ import annotations

from collections.abc import Iterator

from replay.commands.tstats import TStats
from replay.linting.examined import ExaminedSearch
from replay.linting.rule import Found, search_rule
from replay.spl.search import And, Compare, Or, SearchExpr, Text, walk


@search_rule(
    "RL203", "and-or-mixed", "warning",
    title="OR and AND mixed without parentheses in a tstats where clause",
    why="In a search OR binds tighter than AND: `a OR b AND c` is `(a OR b) AND c`. In eval, where and nearly every "
    "other language it is the other way round, and so whoever reads or changes the clause gets it wrong.",
    mend="Put parentheses around each OR.",
    bad=r"""
[Shells]
search = | tstats count from datamodel=Endpoint.Processes \
  where Processes.process_name=cmd.exe OR Processes.process_name=sh.exe Processes.user=system \
  by Processes.dest
""",
    good=r"""
[Shells]
search = | tstats count from datamodel=Endpoint.Processes \
  where (Processes.process_name=cmd.exe OR Processes.process_name=sh.exe) Processes.user=system \
  by Processes.dest
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """An AND of several terms, one of which is an OR that no parentheses surround."""
    for command in search.every_command():
        if not isinstance(command, TStats):
            continue
        for expr in walk(command.where):
            terms = [t for t in expr.terms if not _neutral(t)] if isinstance(expr, And) else []
            for term in terms if len(terms) > 1 else ():
                if isinstance(term, Or) and term.loose:
                    yield Found(search.at(_column(term) or command.column), f"{_short(term)} stands beside AND")


def _neutral(term: SearchExpr) -> bool:
    """``()`` and ``*`` say nothing."""
    return term == And(()) or (isinstance(term, Text) and term.value == "*")


def _column(expr: SearchExpr) -> int:
    return next((one.column for one in walk(expr) if isinstance(one, Compare)), 0)


def _short(expr: SearchExpr) -> str:
    first = next((f"{one.field}{one.op}{one.value}" for one in walk(expr) if isinstance(one, Compare)), "")
    return f"`{first} OR …` without parentheses"
