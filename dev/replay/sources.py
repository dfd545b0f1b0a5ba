"""Does anyone know what a search asks for? A source type, source or index that no event has and no app configures
gives no results in Splunk; here it is an error, since the usual reason is data loaded under another name.
"""

from __future__ import annotations

from collections.abc import Mapping

from replay.commands.fields import matcher
from replay.context import Context
from replay.errors import Place, SearchError
from replay.knowledge.patterns import matcher as source_matcher
from replay.labels import matches
from replay.spl.search import And, Compare, Or, SearchExpr

KNOWN_INDEXES = frozenset({"main", "risk", "notable", "summary", "_internal", "_audit", "_introspection", "history"})
"""Indexes that every Splunk (with ES) has; naming one that holds nothing is no mistake."""

Origins = Mapping[str, set[str]]
"""The source types, sources, indexes and undefined event types (none) that events have, by field name. A field that is
not here, since props.conf computes it, is not judged."""


def check_sources(expr: SearchExpr, origins: Origins, ctx: Context) -> None:
    """Refuse an expression that no event could ever satisfy, judged by source type, source, index and event type.

    A server only warns: its events may still be on their way.

    Args:
        expr: without event types and tags (labels.py).
        origins: what the loaded events have.
        ctx: the search.

    Raises:
        SearchError: it names what nothing is known of.
    """
    missing: list[Compare] = []
    if _possible(expr, origins, ctx, missing):
        for term in missing:
            if term.field == "eventtype":
                ctx.warn(f"event type `{term.value}` is not defined in any loaded app: no event has it")
        return
    names = ", ".join(dict.fromkeys(f"{t.field} `{t.value}`" for t in missing))
    text = f"nothing is known of {names}: no event has it and no loaded app configures it"
    if ctx.dispatch.writer is not None:
        ctx.warn(text)
        return
    raise SearchError(
        f"{text}; load the data with --sourcetype (or --index), or an app that knows it with --app",
        Place(column=missing[0].column or None).within(ctx.place),
    )


def _possible(expr: SearchExpr, origins: Origins, ctx: Context, missing: list[Compare]) -> bool:
    match expr:
        case And(terms):
            return all(_possible(t, origins, ctx, missing) for t in terms)
        case Or(terms):
            return not terms or any([_possible(t, origins, ctx, missing) for t in terms])  # noqa: C419  # all of them
        case Compare(field=("sourcetype" | "source" | "index" | "eventtype"), op="="):
            if not _known(expr, origins, ctx):
                missing.append(expr)
                return False
    return True


def _known(term: Compare, origins: Origins, ctx: Context) -> bool:
    if term.field not in origins:
        return True
    values = set(origins[term.field])
    if term.field == "sourcetype":
        values |= ctx.knowledge.sourcetypes()
    elif term.field == "index":
        values |= KNOWN_INDEXES | set(ctx.knowledge.indexes())
    elif any(_overlap(term.value, pattern) for pattern in ctx.knowledge.source_patterns()):
        return True
    return any(matches(term, value) for value in values)


def _overlap(value: str, pattern: str) -> bool:
    """A source that a search names may be one that ``[source::pattern]`` of props.conf configures."""
    fits = source_matcher(pattern, ignore_case=True, place=Place())
    bare = pattern.replace("...", "x").replace("*", "x").lower()
    return fits(value.replace("*", "x")) or bool(matcher(value.lower()).match(bare))
