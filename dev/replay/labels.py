"""Event types and tags: names for searches, put back to the searches they stand for.

``eventtype=x`` is the search of the event type; ``tag=x`` is any field-value pair (event types among them) that carries
the tag. Source: Knowledge Manager Manual, "About event types" and "About tags and aliases".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from replay.context import Context
from replay.errors import Place, SearchError
from replay.plan import expand_macros
from replay.spl.scanner import Scanner
from replay.spl.search import And, Compare, Not, Or, SearchExpr, parse_search

TRUE, FALSE = And(()), Or(())
LABELS = frozenset(("tag", "eventtype"))
_DEEPEST = 20


def expand_labels(expr: SearchExpr, ctx: Context, depth: int = 0) -> SearchExpr:
    """The expression with every event type and tag replaced by what it stands for.

    An event type that no loaded app defines stays as it is: no event has it, and sources.py says so.

    Raises:
        SearchError: event types name each other in a circle.
    """
    if depth > _DEEPEST:
        raise SearchError(f"event types nest deeper than {_DEEPEST}: one of them names itself", ctx.place)
    match expr:
        case And(terms):
            return And(tuple(expand_labels(t, ctx, depth) for t in terms))
        case Or(terms):
            return Or(tuple(expand_labels(t, ctx, depth) for t in terms))
        case Not(term):
            return Not(expand_labels(term, ctx, depth))
        case Compare(field=field) if field in LABELS or field.startswith("tag::"):
            pairs = _tagged(expr, ctx) if field != "eventtype" else _event_types(expr, ctx)
            any_of = Or(tuple(dict.fromkeys(p if p == expr else expand_labels(p, ctx, depth + 1) for p in pairs)))
            return Not(any_of) if expr.op == "!=" else any_of
    return expr


def _event_types(term: Compare, ctx: Context) -> Iterator[SearchExpr]:
    found = [e for name, e in ctx.knowledge.eventtypes(ctx.app).items() if matches(term, name)]
    if not found and "*" not in term.value:
        yield Compare(term.field, "=", term.value, column=term.column)
    for e in found:
        yield eventtype_expression(e.search, e.place, ctx)


def eventtype_expression(search: str, place: Place, ctx: Context) -> SearchExpr:
    """The search of an event type, macros expanded, parsed."""

    def refuse(s: Scanner) -> object:
        raise s.error("an event type cannot hold a subsearch")

    return parse_search(Scanner(expand_macros(search, ctx), place=place), refuse)


def _tagged(term: Compare, ctx: Context) -> Iterator[SearchExpr]:
    tags, known = ctx.knowledge.tags(ctx.app), ctx.knowledge.eventtypes(ctx.app)
    only = term.field.removeprefix("tag::") if term.field != "tag" else None
    for name in tags.names():
        for field, value in tags.pairs(name) if matches(term, name) else ():
            if (only is None or field == only) and (field != "eventtype" or value in known or "*" in value):
                yield Compare(field, "=", value)


def all_labels(kind: str, ctx: Context) -> dict[str, SearchExpr]:
    """Every tag (or event type) that a search in this app sees, with what it stands for."""
    names = ctx.knowledge.tags(ctx.app).names() if kind == "tag" else ctx.knowledge.eventtypes(ctx.app)
    return {name: expand_labels(Compare(kind, "=", name), ctx) for name in sorted(names)}


def matches(term: Compare, value: str) -> bool:
    """True if the term's value, a wildcard pattern, is this value (SR: search; letters in any case but in CASE())."""
    if "*" not in term.value and term.value.isascii() and value.isascii():  # most: to compile a pattern takes longer
        return term.value == value if term.case_sensitive else term.value.lower() == value.lower()
    pattern = ".*".join(re.escape(part) for part in term.value.split("*"))
    flags = re.DOTALL if term.case_sensitive else re.DOTALL | re.IGNORECASE
    return re.fullmatch(pattern, value, flags) is not None


def simplify(expr: SearchExpr, fixed: Mapping[str, Collection[str]]) -> SearchExpr:
    """The expression for events whose fields in ``fixed`` have one of the given values; maybe TRUE or FALSE."""
    match expr:
        case And(terms):
            return _joined(And, [simplify(t, fixed) for t in terms], neutral=TRUE, final=FALSE)
        case Or(terms):
            return _joined(Or, [simplify(t, fixed) for t in terms], neutral=FALSE, final=TRUE)
        case Not(term):
            inner = simplify(term, fixed)
            return FALSE if inner == TRUE else TRUE if inner == FALSE else Not(inner)
        case Compare(field=field, op=op) if field in fixed and op in ("=", "!="):
            found = {matches(expr, value) == (op == "=") for value in fixed[field]}
            if len(found) == 1:
                return TRUE if found.pop() else FALSE
    return expr


def _joined(
    kind: type[And] | type[Or], terms: list[SearchExpr], *, neutral: SearchExpr, final: SearchExpr
) -> SearchExpr:
    left = [t for t in dict.fromkeys(terms) if t != neutral]
    if final in left:
        return final
    # a AND (a OR b) is a, and so is a OR (a AND b): event types often ask again for what the search asks for.
    other = Or if kind is And else And
    left = [t for t in left if not (isinstance(t, other) and any(part in left for part in t.terms))]
    return left[0] if len(left) == 1 else kind(tuple(left)) if left else neutral
