"""Search expressions in a pipeline: plain terms by predicates.py, and here what needs the search's context.

That is time terms (``earliest=-1h``, ``starthoursago=168``) and subsearches.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from msgspec import Struct

from replay.context import Context
from replay.errors import Place, SearchError
from replay.predicates import compile_search
from replay.relation import Expr, as_number
from replay.spl.scanner import Scanner
from replay.spl.search import And, Not, Or, SearchExpr, Subsearch, TimeTerm, parse_search
from replay.spl.timespec import SECONDS, parse_time

_AGO = re.compile(r"(start|end)?(days|hours|minutes|months)ago")
_AGO_UNITS = {
    "days": SECONDS["d"],
    "hours": SECONDS["h"],
    "minutes": SECONDS["m"],
    "months": 30 * SECONDS["d"],
}


class TimeRange(Struct, frozen=True):
    """``earliest <= _time < latest``, epoch seconds; None is open."""

    earliest: float | None = None
    latest: float | None = None


def resolve_subsearches(expr: SearchExpr, ctx: Context) -> SearchExpr:
    """Run every ``[ … ]`` in the expression and put the terms that it gives in its place."""
    match expr:
        case And(terms):
            return And(tuple(resolve_subsearches(t, ctx) for t in terms))
        case Or(terms):
            return Or(tuple(resolve_subsearches(t, ctx) for t in terms))
        case Not(term):
            return Not(resolve_subsearches(term, ctx))
        case Subsearch(body, before=before):
            from replay.commands.format import subsearch_text

            text = before + subsearch_text(body, ctx)
            return parse_search(Scanner(text, place=ctx.place), _no_subsearch)
    return expr


def _no_subsearch(s: Scanner) -> object:
    raise s.error("the result of a subsearch holds a subsearch")


def time_bound(term: TimeTerm, ctx: Context) -> tuple[bool, float]:
    """(is the lower bound, epoch seconds) of a time term.

    Source: Search Manual, "Specify time modifiers in your search"; searchbnf.conf ``starthoursago`` and its like.

    Raises:
        SearchError: the value is no time.
    """
    ago = _AGO.fullmatch(term.name)
    if ago:
        if not term.value.isdigit():
            raise _bad(term, ctx)
        return ago[1] != "end", ctx.now - int(term.value) * _AGO_UNITS[ago[2]]
    bounds = {
        "earliest": True,
        "starttime": True,
        "starttimeu": True,
        "latest": False,
        "endtime": False,
        "endtimeu": False,
    }
    if term.name not in bounds:
        raise SearchError(
            f"the time modifier `{term.name}` is not supported; use earliest= and latest=", _at(term, ctx)
        )
    value = parse_time(term.value, ctx.now)
    if value is None:
        raise _bad(term, ctx)
    return bounds[term.name], value


def _at(term: TimeTerm, ctx: Context) -> Place:
    return Place(column=term.column or None).within(ctx.place)


def _bad(term: TimeTerm, ctx: Context) -> SearchError:
    return SearchError(f"`{term.name}={term.value}` is no time (try -1h@h, now, epoch seconds)", _at(term, ctx))


def split_time(expr: SearchExpr, ctx: Context) -> tuple[SearchExpr, TimeRange]:
    """Take the time terms out of a base search; inline terms override the range of the search."""
    earliest, latest = ctx.earliest, ctx.latest
    terms = expr.terms if isinstance(expr, And) else (expr,)
    rest: list[SearchExpr] = []
    inline = False
    for term in terms:
        if not isinstance(term, TimeTerm) or term.name.startswith("_index"):
            rest.append(term)
            continue
        lower, value = time_bound(term, ctx)
        if lower:
            earliest, latest = value, latest if inline else None
        else:
            latest = value
        inline = True
    return And(tuple(rest)), TimeRange(earliest, latest)


def time_predicate(r: TimeRange, column: str = '"_time"') -> str:
    """SQL of the range; ``true`` if it is open."""
    parts = [] if r.earliest is None else [f"{column} >= {r.earliest!r}"]
    parts += [] if r.latest is None else [f"{column} < {r.latest!r}"]
    return " AND ".join(parts) or "true"


def compile_terms(expr: SearchExpr, field: Callable[[str], Expr], ctx: Context) -> str:
    """SQL predicate of a search expression in a context.

    Args:
        expr: without subsearches (see ``resolve_subsearches``); tags and event types in it are read as fields (for
            those of events see labels.py).
        field: finds a field.
        ctx: the search.
    """

    def special(term: SearchExpr) -> str | None:
        if isinstance(term, TimeTerm):
            return _time_sql(term, field("_time"), ctx)
        return None

    return compile_search(expr, field, special)


def _time_sql(term: TimeTerm, time: Expr, ctx: Context) -> str:
    if term.name.startswith("_index"):
        ctx.warn(f"`{term.name}` is passed over: events keep no index time here, so it excludes none")
        return "true"
    lower, value = time_bound(term, ctx)
    return f"coalesce({as_number(time).sql} {'>=' if lower else '<'} {value!r}, false)"
