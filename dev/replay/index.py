"""The events of a run, and the datasets of data models over them.

Events are kept raw, as Splunk keeps them; fields are computed when a search asks (knowledge/fields.py). Events with one
set of props form a group; each group is one SELECT and the result their union.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from threading import Lock

from msgspec import Struct

from replay.arrivals import Batch, batches, one_by_one, parts, selected, size
from replay.commands import Needs
from replay.commands.fields import matcher
from replay.context import Context
from replay.engine import Engine
from replay.inputs import Event, Lines
from replay.knowledge.datamodels import Dataset
from replay.knowledge.fields import FieldPlan, overridden
from replay.knowledge.hidden import prepared_columns
from replay.knowledge.props import Props
from replay.knowledge.xml_at_once import Order, usual_orders
from replay.labels import FALSE, LABELS, TRUE, all_labels, expand_labels, simplify
from replay.relation import ORDER, Column, Expr, Kind, Relation, quote, string, union
from replay.sources import check_sources
from replay.spl.search import SearchExpr, fields_of
from replay.summaries import dataset_relation
from replay.terms import TimeRange, compile_terms, time_predicate
from replay.verbatim import VERBATIM, holds_any, texts_of

FEW = 20_000
"""Fewer events are searched through before it is found out which of them to pass over, or how they are written."""
AT_ONCE = 500
"""More events are read once for all of their fields: to plan that takes longer than to look for each in a few."""

SAMPLES, SAMPLE = 4, 250
"""From so many places, so many events each tell how events are written."""

_COLUMNS = {
    "_raw": Column("_raw", Kind.STR), "_time": Column("_time", Kind.NUM), "host": Column("host", Kind.STR),
    "source": Column("source", Kind.STR), "sourcetype": Column("sourcetype", Kind.STR),
    "index": Column('"index"', Kind.STR), "_seq": Column("__n", Kind.NUM),
}  # fmt: skip


class Group(Struct, frozen=True):
    """Events with the same props."""

    props: Props
    origins: tuple[tuple[str, str, str], ...]

    @property
    def renamed(self) -> bool:
        """Its one source type has another name at search time (``rename`` in props.conf)."""
        return self.props.sourcetype != self.origins[0][0]

    @property
    def sourcetypes(self) -> set[str]:
        """As searches see them. Those that nothing configures are all in one group."""
        return {self.props.sourcetype} if self.renamed else {sourcetype for sourcetype, _, _ in self.origins}

    @property
    def fixed(self) -> dict[str, set[str]]:
        """The values that events of the group have."""
        known = {"sourcetype": self.sourcetypes, "source": {source for _, source, _ in self.origins}}
        # What labels.py leaves of event types is those that nobody defines: no event has one.
        return {"eventtype": {""}} | {n: v for n, v in known.items() if n not in overridden(self.props)}


class Index:
    """An in-memory event index.

    Args:
        engine: the database that holds it.
        accelerate: keep every dataset that a search reads as a table, as data-model acceleration does: for many
            searches over the same events. Otherwise each search computes just the fields it needs.
        last: the greatest number that an event has from the start, where it is known.
    """

    def __init__(self, engine: Engine, *, accelerate: bool = False, last: int | None = None) -> None:
        self.engine = engine
        self.partial = False
        """Some events were passed over at reading, so what is not here may still be known."""
        self.prefilter = True
        """Look for the texts that a search needs before any field is computed."""
        self._accelerate = accelerate
        self._datasets: dict[tuple[str, str, str], Relation] = {}
        self.table = f"{engine.durable}events"
        self._create()
        self._learned, self._usual = 0, list[Order]()
        self._numbering = Lock()
        self._last = self._greatest() if last is None else last

    def _greatest(self) -> int:
        """What ``last`` is by the database; one that is not started has no events."""
        return (
            int(self.engine.scalar(f"SELECT coalesce(max(__n), 0) FROM {self.table}")) if self.engine.connected else 0
        )

    def _create(self) -> None:
        self.engine.prepare(
            f"CREATE TABLE IF NOT EXISTS {self.table} (_raw VARCHAR, _time DOUBLE, host VARCHAR, source VARCHAR, "
            'sourcetype VARCHAR, "index" VARCHAR, __n BIGINT)'
        )

    def add(self, events: Iterable[Event | Lines], index: str = "main", engine: Engine | None = None) -> int:
        """Append events; returns how many.

        Args:
            events: in the order in which they arrived.
            index: its name.
            engine: the branch of the calling thread, where it has one.
        """
        return self.add_parts(parts(batches(events)), index, engine)

    def add_parts(self, read: Iterable[list[Batch]], index: str, engine: Engine | None = None) -> int:
        """As ``add``, for events that are already in parts."""
        engine = engine or self.engine
        total = 0
        for part in read:
            if not self._add(part, index, engine):
                part = list(one_by_one(part))
                self._add(part, index, engine)
            total += sum(map(size, part))
        self._datasets.clear()
        return total

    def _add(self, part: list[Batch], index: str, engine: Engine) -> bool:
        """Append a part; false, and nothing done, if the headers of lines are not as simple as they should be."""
        count = sum(map(size, part))
        first = self._numbers(count)
        with selected(engine, part) as events:
            engine.execute(
                f"INSERT INTO {self.table} SELECT raw, time, host, source, sourcetype, {quote(index)}, "
                f"{first} + row_number() OVER () FROM ({events})"
            )
        if not any(isinstance(batch, Lines) for batch in part):
            return True
        added = f"__n > {first} AND __n <= {first + count}"
        if engine.scalar(f"SELECT count(*) FROM {self.table} WHERE {added} AND _time IS NULL"):
            engine.execute(f"DELETE FROM {self.table} WHERE {added}")
            return False
        return True

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
            SearchError: see ``sources.check_sources``.
        """
        expanded = self._expanded(ctx, expr)
        rel = self._with_fields(ctx, expanded, needs, self.texts(ctx, expanded))
        hidden = [] if "_seq" in needs.names else ["_seq"]
        return rel.renumber('_time DESC, "_seq" DESC').drop(hidden)

    def dataset(self, ctx: Context, model: str, dataset: str, needs: Needs) -> Relation:
        """See ``context.Store``."""
        if not self._accelerate:
            return dataset_relation(self, ctx, model, dataset, needs)
        key = (ctx.app, model, dataset)
        if key not in self._datasets:
            unlimited = ctx.within(None, None)
            whole = dataset_relation(self, unlimited, model, dataset, Needs(everything=True))
            self._datasets[key] = self.engine.materialize(whole)
        rel = self._datasets[key]
        when = time_predicate(TimeRange(ctx.earliest, ctx.latest), rel.field("_time").sql)
        return rel if when == "true" else rel.filter(when)

    def unordered(self, ctx: Context, expr: SearchExpr, needs: Needs, texts: frozenset[str] | None = None) -> Relation:
        """Events that satisfy the expression, in the order they were read: for datasets, which are not ordered.

        Args:
            ctx, expr, needs: as for ``events``.
            texts: see ``texts``.
        """
        return self._with_fields(ctx, expand_labels(expr, ctx), needs, texts).drop(["_seq"])

    def texts(self, ctx: Context, expr: SearchExpr, dataset: Dataset | None = None) -> frozenset[str] | None:
        """Texts of which every event holds one that meets a condition; None if none are known, or events are so few
        that it is not worth while to find out.

        Args:
            ctx: the search.
            expr: the condition, without subsearches.
            dataset: whose fields it names; None for fields of events.
        """
        return texts_of(expr, ctx, dataset) if self.prefilter and self._last > FEW else None

    def _expanded(self, ctx: Context, expr: SearchExpr) -> SearchExpr:
        expanded = expand_labels(expr, ctx)
        if not self.partial:
            check_sources(expanded, self._origins(ctx), ctx)
        return expanded

    def _origins(self, ctx: Context) -> dict[str, set[str]]:
        """See ``sources.Origins``."""
        names = ("source", "index")
        groups, rows = self._groups(ctx), self._distinct(ctx, names)
        have = {name: {row[place] for row in rows} for place, name in enumerate(names)}
        have["sourcetype"] = set[str]().union(*(group.sourcetypes for group in groups))
        computed = set[str]().union(*(overridden(group.props) for group in groups))
        return {**{name: values for name, values in have.items() if name not in computed}, "eventtype": set()}

    def _with_fields(self, ctx: Context, expr: SearchExpr, needs: Needs, texts: frozenset[str] | None) -> Relation:
        """Events that satisfy the expression (without labels), group by group."""
        when = time_predicate(TimeRange(ctx.earliest, ctx.latest))
        if ctx.dispatch.indexes is not None and "index" not in fields_of(expr):
            when = f"({when}) AND {_in_indexes(ctx.dispatch.indexes)}"
        groups = self._groups(ctx)
        parts = []
        for group in groups:
            left = simplify(expr, group.fixed)
            if left != FALSE:
                where = f"{when} AND {_in_group(group, len(groups))}"
                if texts is not None and group.props.kv_mode in VERBATIM:
                    where += f" AND {holds_any('_raw', texts)}"
                parts.append(self._group_events(ctx, group, self._rows(where), left, needs))
        if not parts:
            names = sorted(fields_of(expr) | {n for n in needs.names if "*" not in n})
            none = Relation(self.table, _COLUMNS).filter("false")
            return none.extend({n: none.field(n) for n in names if n not in _COLUMNS})
        return parts[0] if len(parts) == 1 else union(parts, reorder=False)

    def _rows(self, where: str) -> Relation:
        """Events as they are kept."""
        return Relation(self.table, _COLUMNS).derive(f"SELECT * FROM {self.table} WHERE {where}", _COLUMNS)

    def _orders(self, ctx: Context) -> list[Order]:
        """The orders of Data that are usual in XML events: found out once, and anew when there are twice as many."""
        if self._last > max(2 * self._learned, FEW):
            self._learned, self._usual = self._last, usual_orders(ctx.engine, self._sample())
        return self._usual

    def _sample(self) -> str:
        """SQL of some raw events, from several places."""
        begins = [self._last * part // SAMPLES for part in range(SAMPLES)]
        within = (f"__n > {begin} AND __n <= {begin + SAMPLE}" for begin in begins)
        return f"SELECT _raw FROM {self.table} WHERE {' OR '.join(within)}"

    def _group_events(self, ctx: Context, group: Group, raw: Relation, expr: SearchExpr, needs: Needs) -> Relation:
        """Events of one group that satisfy what is left of the expression."""
        plan = FieldPlan(group.props, ctx, at_once=self._last > AT_ONCE, orders=partial(self._orders, ctx))
        tests = fields_of(expr) - LABELS
        early = not overridden(group.props)  # else host or source must not be computed twice
        if early:  # first those that count: the other fields, and which there are, are computed for these only
            raw = _tested(plan.apply(raw, tests, again=True), expr, ctx)
            raw = raw.keep([*_COLUMNS, *prepared_columns(raw)])
            if needs.by_data and expr != TRUE:
                raw = self._found(raw, ctx)
        wanted = self._wanted(plan, raw, needs)
        labels = {kind: self._labels(ctx, kind, group) for kind in sorted(LABELS & wanted)}
        reads: set[str] = set().union(*(fields_of(e) for found in labels.values() for e in found.values()))
        rel = plan.apply(raw, (wanted | reads) - LABELS if early else (wanted | reads | tests) - LABELS)
        if not early:
            rel = _tested(rel, expr, ctx)
        items = {kind: _label_list(found, rel, ctx) for kind, found in labels.items()}
        if group.renamed:
            items["sourcetype"] = string(group.props.sourcetype)
        return rel.extend(items) if items else rel

    def _found(self, raw: Relation, ctx: Context) -> Relation:
        """The same events by their numbers: what looks at their data several times need not search for them again."""
        numbers = ctx.materialize(raw.keep(["_seq"]))
        return self._rows(f"__n IN (SELECT {ORDER} FROM {numbers.name})")

    @staticmethod
    def _labels(ctx: Context, kind: str, group: Group) -> dict[str, SearchExpr]:
        """The tags or event types that events of the group may have."""
        found = {name: simplify(e, group.fixed) for name, e in all_labels(kind, ctx).items()}
        return {name: e for name, e in found.items() if e != FALSE}

    def _wanted(self, plan: FieldPlan, raw: Relation, needs: Needs) -> set[str]:
        """Names to compute for what the search reads; wildcards are matched with what there is."""
        wanted = {n for n in needs.names if "*" not in n}
        patterns = [matcher(n) for n in needs.names if "*" in n]
        if needs.by_data:
            there = plan.known() | plan.discovered(raw)
            if needs.everything:
                wanted |= there | {"eventtype", "tag"}
            wanted |= {n for n in there if any(p.match(n) for p in patterns)}
        return wanted

    def _groups(self, ctx: Context) -> list[Group]:
        names = ("sourcetype", "source", *(["host"] if ctx.knowledge.configures_hosts() else []))
        groups: dict[tuple[str, tuple[str, ...]], tuple[Props, list[tuple[str, str, str]]]] = {}
        for sourcetype, source, *hosts in self._distinct(ctx, names):
            host = hosts[0] if hosts else ""
            props = ctx.knowledge.props(ctx.app, host=host, source=source, sourcetype=sourcetype)
            renamed = sourcetype if props.sourcetype != sourcetype else ""
            key = (renamed, props.stanzas)
            groups.setdefault(key, (props, []))[1].append((sourcetype, source, host))
        return [Group(props, tuple(origins)) for props, origins in groups.values()]

    def _distinct(self, ctx: Context, names: Sequence[str]) -> list[tuple[str, ...]]:
        """What events have in these columns, each combination once, sorted."""
        columns = ", ".join(_COLUMNS[name].sql for name in names)
        return ctx.engine.execute(f"SELECT DISTINCT {columns} FROM {self.table} ORDER BY ALL")


def _tested(rel: Relation, expr: SearchExpr, ctx: Context) -> Relation:
    return rel if expr == TRUE else rel.filter(compile_terms(expr, rel.field, ctx))


def _label_list(labels: Mapping[str, SearchExpr], rel: Relation, ctx: Context) -> Expr:
    """The ``tag`` or ``eventtype`` field: every label whose search holds, as a sorted multivalue."""
    items = [f"CASE WHEN {compile_terms(e, rel.field, ctx)} THEN {quote(n)} END" for n, e in labels.items()]
    return Expr(f"spl_mv(CAST([{', '.join(items)}] AS VARCHAR[]))", Kind.MV)


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
