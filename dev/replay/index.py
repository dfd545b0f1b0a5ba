"""The events of a run, and the datasets of data models over them.

Events are kept raw, as Splunk keeps them; fields are computed when a search asks (knowledge/fields.py). Events with one
set of props form a group; each group is one SELECT and the result their union.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from threading import Lock

from replay.commands import Needs
from replay.commands.fields import matcher
from replay.context import Context
from replay.engine import Engine
from replay.errors import Place, SearchError
from replay.inputs import Event
from replay.knowledge.fields import INTERNAL, FieldPlan
from replay.knowledge.patterns import matcher as source_matcher
from replay.knowledge.props import Props
from replay.relation import Column, Expr, Kind, Relation, quote, string, union
from replay.spl.search import And, Compare, Or, SearchExpr, fields_of, walk
from replay.summaries import dataset_relation
from replay.terms import (
    TimeRange,
    compile_terms,
    eventtype_expression,
    eventtype_list,
    tag_list,
    time_predicate,
)

_BATCH = 20_000
_COLUMNS = {
    "_raw": Column("_raw", Kind.STR), "_time": Column("_time", Kind.NUM), "host": Column("host", Kind.STR),
    "source": Column("source", Kind.STR), "sourcetype": Column("sourcetype", Kind.STR),
    "index": Column('"index"', Kind.STR), "_seq": Column("__n", Kind.NUM),
}  # fmt: skip
KNOWN_INDEXES = frozenset({"main", "risk", "notable", "summary", "_internal", "_audit", "_introspection", "history"})
"""Indexes that every Splunk (with ES) has; naming one that holds nothing is no mistake."""


@dataclass(frozen=True)
class Group:
    """Events with the same props."""

    props: Props
    origins: tuple[tuple[str, str, str], ...]
    """Source type, source and host; the host is empty where no props depend on it."""


class Index:
    """An in-memory event index.

    Args:
        engine: the database that holds it.
        accelerate: keep every dataset that a search reads as a table, as data-model acceleration does: for many
            searches over the same events. Otherwise each search computes just the fields it needs.
    """

    def __init__(self, engine: Engine, *, accelerate: bool = False) -> None:
        self.engine = engine
        self.partial = False
        """Some events were passed over at reading, so what is not here may still be known."""
        self._accelerate = accelerate
        self._datasets: dict[tuple[str, str, str], Relation] = {}
        self.table = f"{engine.durable}events"
        engine.execute(
            f"CREATE TABLE IF NOT EXISTS {self.table} (_raw VARCHAR, _time DOUBLE, host VARCHAR, source VARCHAR, "
            'sourcetype VARCHAR, "index" VARCHAR, __n BIGINT)'
        )
        self._numbering = Lock()
        self._last = int(engine.scalar(f"SELECT coalesce(max(__n), 0) FROM {self.table}"))

    def add(self, events: Iterable[Event], index: str = "main", engine: Engine | None = None) -> int:
        """Append events; returns how many.

        Args:
            events: in the order in which they arrived.
            index: its name.
            engine: the branch of the calling thread, where it has one.
        """
        import pyarrow as pa

        engine = engine or self.engine
        stream, total = iter(events), 0
        while batch := list(islice(stream, _BATCH)):
            table = pa.table({name: [e[i] for e in batch] for i, name in enumerate(Event._fields)})
            engine.register_arrow("incoming", table)
            engine.execute(
                f"INSERT INTO {self.table} SELECT raw, time, host, source, sourcetype, {quote(index)}, "
                f"{self._numbers(len(batch))} + row_number() OVER () FROM incoming"
            )
            engine.unregister("incoming")
            total += len(batch)
        self._datasets.clear()
        return total

    def _numbers(self, count: int) -> int:
        """Take this many numbers for new events; returns the number before the first."""
        with self._numbering:
            self._last += count
            return self._last - count

    def delete(self, rel: Relation, ctx: Context) -> None:
        """See ``context.Writer``."""
        seq = rel.field("_seq").sql
        rel = ctx.materialize(rel)
        ctx.engine.execute(f"DELETE FROM {self.table} WHERE __n IN (SELECT {seq} FROM {rel.name})")
        self._datasets.clear()

    def clear(self) -> None:
        """Forget all events."""
        self.engine.execute(f"DELETE FROM {self.table}")
        self._datasets.clear()

    def count(self) -> int:
        """Events held."""
        return int(self.engine.scalar(f"SELECT count(*) FROM {self.table}"))

    # --- searches ---------------------------------------------------------------------------------------------------

    def events(self, ctx: Context, expr: SearchExpr, needs: Needs) -> Relation:
        """Events that satisfy the expression, newest first (SR: search), with the needed fields.

        Raises:
            SearchError: the expression asks for a source type, source or index that neither the events nor the
                loaded apps know: nothing could ever be found.
        """
        if not self.partial:
            self._check_sources(expr, ctx)
        rel = self._with_fields(ctx, expr, needs)
        rel = rel.filter(compile_terms(expr, rel.field, ctx))
        hidden = [] if "_seq" in needs.names else ["_seq"]
        return rel.renumber('_time DESC, "_seq" DESC').drop(hidden)

    def dataset(self, ctx: Context, model: str, dataset: str, needs: Needs) -> Relation:
        """See ``context.Store``."""
        if not self._accelerate:
            return dataset_relation(self, ctx, model, dataset, needs)
        key = (ctx.app, model, dataset)
        if key not in self._datasets:
            unlimited = ctx.within(None, None)
            self._datasets[key] = ctx.materialize(
                dataset_relation(self, unlimited, model, dataset, Needs(everything=True))
            )
        rel = self._datasets[key]
        when = time_predicate(TimeRange(ctx.earliest, ctx.latest), rel.field("_time").sql)
        return rel if when == "true" else rel.filter(when)

    def unordered(self, ctx: Context, expr: SearchExpr, needs: Needs) -> Relation:
        """Events that satisfy the expression, in the order they were read: for datasets, which are not ordered."""
        rel = self._with_fields(ctx, expr, needs)
        return rel.filter(compile_terms(expr, rel.field, ctx)).drop(["_seq"])

    def _with_fields(self, ctx: Context, expr: SearchExpr, needs: Needs) -> Relation:
        when = time_predicate(TimeRange(ctx.earliest, ctx.latest))
        if ctx.dispatch.indexes is not None and "index" not in fields_of(expr):
            when = f"({when}) AND {_in_indexes(ctx.dispatch.indexes)}"
        read = closure(expr, ctx)
        parts = []
        for group in self._groups(ctx):
            raw = Relation(self.table, _COLUMNS)
            raw = raw.derive(
                f"SELECT * FROM {self.table} WHERE {when} AND {_in_group(group, len(self._groups(ctx)))}", _COLUMNS
            )
            plan = FieldPlan(group.props, ctx)
            wanted = read | self._wanted(plan, raw, needs)
            for name in {"tag", "eventtype"} & wanted:
                wanted |= closure(Compare(name, "=", "*"), ctx)
            computed = plan.apply(raw, wanted - {"tag", "eventtype"})
            items: dict[str, Expr] = {}
            if "tag" in wanted:
                items["tag"] = Expr(tag_list(computed.field, ctx), Kind.MV)
            if "eventtype" in wanted:
                items["eventtype"] = Expr(eventtype_list(computed.field, ctx), Kind.MV)
            if group.props.sourcetype != group.origins[0][0]:
                items["sourcetype"] = string(group.props.sourcetype)
            parts.append(computed.extend(items) if items else computed)
        if not parts:
            names = sorted(read | {n for n in needs.names if "*" not in n})
            empty = Relation(self.table, _COLUMNS)
            return empty.extend({n: empty.field(n) for n in names if n not in _COLUMNS})
        return parts[0] if len(parts) == 1 else union(parts, reorder=False)

    def _wanted(self, plan: FieldPlan, raw: Relation, needs: Needs) -> set[str]:
        """Names to compute for what the search reads; wildcards are matched with what there is."""
        wanted = {n for n in needs.names if "*" not in n}
        patterns = [matcher(n) for n in needs.names if "*" in n]
        if needs.everything or patterns:
            there = plan.known() | plan.discovered(raw)
            if needs.everything:
                wanted |= there | {"eventtype", "tag"}
            wanted |= {n for n in there if any(p.match(n) for p in patterns)}
        return wanted

    def _groups(self, ctx: Context) -> list[Group]:
        host = "host" if ctx.knowledge.configures_hosts() else "''"
        rows = ctx.engine.execute(f"SELECT DISTINCT sourcetype, source, {host} FROM {self.table} ORDER BY ALL")
        groups: dict[tuple[str, tuple[str, ...]], tuple[Props, list[tuple[str, str, str]]]] = {}
        for sourcetype, source, host in rows:
            props = ctx.knowledge.props(ctx.app, host=host, source=source, sourcetype=sourcetype)
            renamed = sourcetype if props.sourcetype != sourcetype else ""
            key = (renamed, props.stanzas)
            groups.setdefault(key, (props, []))[1].append((sourcetype, source, host))
        return [Group(props, tuple(origins)) for props, origins in groups.values()]

    # --- unknown sources --------------------------------------------------------------------------------------------

    def _check_sources(self, expr: SearchExpr, ctx: Context) -> None:
        missing: list[Compare] = []
        if self._possible(expr, ctx, missing) is False and missing:
            names = ", ".join(dict.fromkeys(f"{t.field} `{t.value}`" for t in missing))
            text = f"nothing is known of {names}: no event has it and no loaded app configures it"
            if ctx.dispatch.writer is not None:
                ctx.warn(text)  # the events of a server may still be on their way
                return
            raise SearchError(
                f"{text}; load the data with --sourcetype (or --index), or an app that knows it with --app",
                Place(column=missing[0].column or None).within(ctx.place),
            )

    def _possible(self, expr: SearchExpr, ctx: Context, missing: list[Compare]) -> bool | None:
        """False if no event could ever satisfy the expression, judged by source type, source and index alone."""
        if isinstance(expr, Compare) and expr.op == "=":
            return self._term_possible(expr, ctx, missing)
        if isinstance(expr, And):
            found = [self._possible(t, ctx, missing) for t in expr.terms]
            return False if False in found else None
        if isinstance(expr, Or):
            found = [self._possible(t, ctx, missing) for t in expr.terms]
            return False if found and all(f is False for f in found) else None
        return None

    def _term_possible(self, term: Compare, ctx: Context, missing: list[Compare]) -> bool | None:
        if term.field == "eventtype" and "*" not in term.value:
            event_type = ctx.knowledge.eventtypes(ctx.app).get(term.value)
            if event_type is None:
                missing.append(term)
                return False
            return self._possible(eventtype_expression(event_type.search, event_type.place, ctx), ctx, missing)
        if term.field not in ("sourcetype", "source", "index"):
            return None
        if self._known(term, ctx):
            return None
        missing.append(term)
        return False

    def _known(self, term: Compare, ctx: Context) -> bool:
        wanted = matcher(term.value.lower())
        column = _COLUMNS[term.field].sql
        values = {v for (v,) in ctx.engine.execute(f"SELECT DISTINCT {column} FROM {self.table}")}
        if term.field == "sourcetype":
            values |= ctx.knowledge.sourcetypes()
        elif term.field == "index":
            values |= KNOWN_INDEXES | set(ctx.knowledge.indexes())
        elif any(_overlap(term.value, pattern) for pattern in ctx.knowledge.source_patterns()):
            return True
        return any(wanted.match(v.lower()) for v in values)


def _in_indexes(patterns: Iterable[str]) -> str:
    """The condition that an event lies in one of these indexes; ``*`` means those whose name begins with no ``_``."""
    tests = []
    for pattern in patterns:
        internal = "" if pattern.startswith("_") else """ AND NOT starts_with("index", '_')"""
        tests.append(f'("index" GLOB {quote(pattern)}{internal})')
    return f"({' OR '.join(tests) or 'false'})"


def _in_group(group: Group, groups: int) -> str:
    if groups == 1:
        return "true"
    if not any(host for _, _, host in group.origins):
        pairs = ", ".join(f"({quote(sourcetype)}, {quote(source)})" for sourcetype, source, _ in group.origins)
        return f"(sourcetype, source) IN ({pairs})"
    triples = ", ".join(f"({', '.join(map(quote, origin))})" for origin in group.origins)
    return f"(sourcetype, source, host) IN ({triples})"


def _overlap(value: str, pattern: str) -> bool:
    """A source that a search names may be one that ``[source::pattern]`` of props.conf configures."""
    matches = source_matcher(pattern, ignore_case=True, place=Place())
    return matches(value.replace("*", "x")) or bool(matcher(value.lower()).match(pattern.lower()))


def closure(expr: SearchExpr, ctx: Context) -> set[str]:
    """Fields that an expression reads, those of the event types and tags that it names included."""
    names: set[str] = set()
    for term in walk(expr):
        if not isinstance(term, Compare):
            continue
        if term.field == "eventtype":
            for name, e in ctx.knowledge.eventtypes(ctx.app).items():
                if matcher(term.value).match(name):
                    names |= closure(eventtype_expression(e.search, e.place, ctx), ctx)
        elif term.field == "tag" or term.field.startswith("tag::"):
            names |= _tag_closure(term.value, ctx)
    return names | (fields_of(expr) - {"tag", "eventtype"} - set(INTERNAL))


def _tag_closure(pattern: str, ctx: Context) -> set[str]:
    tags = ctx.knowledge.tags(ctx.app)
    names: set[str] = set()
    for tag in tags.names():
        if matcher(pattern).match(tag):
            for field, value in tags.pairs(tag):
                names |= closure(Compare(field, "=", value), ctx)
    return names
