"""streamstats: running aggregates, row by row."""

from __future__ import annotations

from typing import Self

from replay.aggregates import (
    AggregateCall,
    aggregate,
    argument_of,
    at_option,
    check_names,
    expand_calls,
    needs_of_calls,
    parse_calls,
    time_of,
)
from replay.commands import Command, Needs, command
from replay.commands.eventstats import only_where, present
from replay.commands.stats import parse_by
from replay.context import Context
from replay.errors import Place, SearchError
from replay.expressions import EvalCompiler
from replay.functions.fields import fields_read
from replay.plan import Parser
from replay.relation import ORDER, Expr, Kind, Relation
from replay.spl.evals import EvalExpr, parse_whole
from replay.spl.scanner import Scanner, skip_quoted, unescape
from replay.spl.timespec import parse_span

_RESETS = ("reset_before", "reset_after")
_OPTIONS = ("reset_on_change", "current", "window", "time_window", "global", "allnum")
_POSITION, _SEGMENT, _START = "__position", "__segment", "__start"


@command("streamstats")
class StreamStats(Command, frozen=True):
    """``streamstats [current= window= time_window= global= reset_on_change= reset_before= reset_after=] calls [BY …]``.

    Source: Search Reference, "streamstats". A row without a BY field gets nothing and counts for nothing. A reset
    starts all groups anew.

    Attributes:
        window: how many rows, the current one included; 0 is all.
        time_window: seconds; None is none.
        shared: with BY and a window, the last rows of all groups are one window (``global=t``).
    """

    calls: tuple[AggregateCall, ...]
    by: tuple[str, ...] = ()
    current: bool = True
    window: int = 0
    time_window: float | None = None
    shared: bool = True
    allnum: bool = False
    reset_on_change: bool = False
    reset_before: EvalExpr | None = None
    reset_after: EvalExpr | None = None
    column: int = 0

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read options, calls and BY fields; options may also come last."""
        column = s.pos + 1
        options: dict[str, str] = {}
        resets: dict[str, EvalExpr] = {}
        _read_options(s, options, resets)
        calls = parse_calls(s, ("by",), options=(*_OPTIONS, *_RESETS))
        _read_options(s, options, resets)
        by = parse_by(s, (*_OPTIONS, *_RESETS))
        _read_options(s, options, resets)
        s.finish("streamstats")
        seconds = None
        if "time_window" in options:
            span = parse_span(options["time_window"])
            if span is None or span.months:
                raise s.error(f"`time_window={options['time_window']}` is no length of time (try 5m, 1h)")
            seconds = span.seconds
        return cls(
            tuple(calls),
            by,
            s.boolean(options.get("current", "t")),
            s.integer(options.get("window", "0"), "window"),
            seconds,
            s.boolean(options.get("global", "t")),
            s.boolean(options.get("allnum", "f")),
            s.boolean(options.get("reset_on_change", "f")),
            resets.get("reset_before"),
            resets.get("reset_after"),
            column,
        )

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Windows over the rows so far."""
        calls = expand_calls(self.calls, rel, self.by)
        check_names(calls, self.by, ctx)
        names = dict.fromkeys([*rel.columns, *(call.name for call in calls)])
        rel = self._with_segments(rel, ctx)
        if self.reset_after is not None and {c.name for c in calls} & fields_read(self.reset_after):
            rel = self._reset_by_results(rel, calls, self.reset_after, ctx)
        return self._running(rel, calls, ctx).keep(names)

    def needs(self, after: Needs) -> Needs:
        """The BY fields and what calls and conditions read, too."""
        conditions = [e for e in (self.reset_before, self.reset_after) if e is not None]
        read = Needs(frozenset(name for e in conditions for name in fields_read(e)))
        time = Needs.of("_time") if self.time_window is not None else Needs()
        return after | read | time | Needs.of(*self.by) | needs_of_calls(self.calls)

    # --- the rows that a row looks back on ----------------------------------------------------------------------------

    def _eligible(self, rel: Relation) -> str:
        return present([rel.field(name).sql for name in self.by]) or "true"

    def _with_segments(self, rel: Relation, ctx: Context) -> Relation:
        """Adds ``__segment``, which grows with every reset, if there is any kind of reset."""
        compiler, eligible = EvalCompiler(rel, ctx), self._eligible(rel)
        starts: dict[str, str] = {}
        if self.reset_on_change and self.by:
            key = f"row({', '.join(rel.field(name).sql for name in self.by)})"
            before = f"lag(CASE WHEN {eligible} THEN {key} END IGNORE NULLS) OVER (ORDER BY {ORDER})"
            starts["__changed"] = f"{eligible} AND {key} IS DISTINCT FROM {before}"
        if self.reset_before is not None:
            starts["__before"] = f"{eligible} AND {compiler.boolean(self.reset_before).sql}"
        sees_results = self.reset_after is not None and {c.name for c in self.calls} & fields_read(self.reset_after)
        if self.reset_after is not None and not sees_results:
            condition = f"{eligible} AND {compiler.boolean(self.reset_after).sql}"
            starts["__after"] = f"lag({condition}) OVER (ORDER BY {ORDER})"
        if not starts and self.reset_after is None:
            return rel
        one = {name: Expr(f"CASE WHEN {sql} THEN 1.0 ELSE 0.0 END", Kind.NUM) for name, sql in starts.items()}
        rel = rel.extend(one)
        total = " + ".join(rel.field(name).sql for name in one) or "0.0"
        over = f"OVER (ORDER BY {ORDER} ROWS UNBOUNDED PRECEDING)"
        return rel.extend({_SEGMENT: Expr(f"CAST(sum({total}) {over} AS DOUBLE)", Kind.NUM)})

    def _running(self, rel: Relation, calls: list[AggregateCall], ctx: Context) -> Relation:
        """Adds the results to rows that have their segments."""
        keys = [rel.field(name).sql for name in self.by]
        parts = [*([rel.field(_SEGMENT).sql] if rel.has(_SEGMENT) else []), *keys]
        partition = f"PARTITION BY {', '.join(parts)} " if parts else ""
        if self.time_window is not None or (self.window and keys and self.shared):
            over_all = f"OVER (ORDER BY {ORDER} ROWS UNBOUNDED PRECEDING)"
            position = f"CAST(count(*) FILTER (WHERE {self._eligible(rel)}) {over_all} AS DOUBLE)"
            rel = rel.extend({_POSITION: Expr(position, Kind.NUM)})
        if self.time_window is not None:
            rel = self._with_time_window(rel, partition, ctx)
        over = f"OVER ({partition}{self._frame(rel)})"
        items: dict[str, Expr] = {}
        for call in calls:
            e = aggregate(call, argument_of(call, rel, ctx), time=time_of(rel), over=over, allnum=self.allnum)
            items[call.name] = only_where(present(keys), e)
        return rel.extend(items)

    def _frame(self, rel: Relation) -> str:
        last = "CURRENT ROW" if self.current else "1 PRECEDING"
        by_position = f"ORDER BY {rel.field(_POSITION).sql} RANGE"
        if self.time_window is not None:
            back = f"({rel.field(_POSITION).sql} - {rel.field(_START).sql})"
            return f"{by_position} BETWEEN {back} PRECEDING AND {last}"
        if not self.window:
            return f"ORDER BY {ORDER} ROWS BETWEEN UNBOUNDED PRECEDING AND {last}"
        back = f"{self.window - self.current} PRECEDING"
        if self.by and self.shared:
            return f"{by_position} BETWEEN {back} AND {last}"
        return f"ORDER BY {ORDER} ROWS BETWEEN {back} AND {last}"

    def _with_time_window(self, rel: Relation, partition: str, ctx: Context) -> Relation:
        """Adds ``__start``, the position of the first row that is within the time window of a row.

        Raises:
            SearchError: the rows are not in the order of ``_time``.
        """
        rel = ctx.materialize(rel)
        time = time_of(rel)
        if time is None:
            raise self._error("`time_window` needs the field _time", ctx)
        before = f"lag({time}) OVER (ORDER BY {ORDER})"
        rising, falling = ctx.engine.execute(
            f"SELECT coalesce(bool_or(d > 0), false), coalesce(bool_or(d < 0), false) "
            f"FROM (SELECT {time} - {before} AS d FROM {rel.name})"
        )[0]
        if rising and falling:
            raise self._error("`time_window` needs rows sorted by _time: put `sort 0 _time` before it", ctx)
        order = f"ORDER BY {time} {'DESC' if falling else 'ASC'} RANGE BETWEEN {self.time_window!r} PRECEDING"
        over = f"OVER ({partition}{order} AND CURRENT ROW)"
        return rel.extend({_START: Expr(f"min({rel.field(_POSITION).sql}) {over}", Kind.NUM)})

    def _reset_by_results(
        self, rel: Relation, calls: list[AggregateCall], condition: EvalExpr, ctx: Context
    ) -> Relation:
        """Segments for a ``reset_after`` that reads the results: each reset changes the results behind it, so they
        are found one after another, each by one query over the rows behind the last."""
        rel = ctx.materialize(rel)
        last = "-9e18"
        while True:
            result = self._running(rel.filter(f"{ORDER} > {last}"), calls, ctx)
            hits = result.filter(f"{self._eligible(result)} AND {EvalCompiler(result, ctx).boolean(condition).sql}")
            hit = ctx.engine.scalar(f"SELECT min({ORDER}) FROM ({hits.sql()})")
            if hit is None:
                return rel
            last = str(hit)
            segment = rel.field(_SEGMENT).sql
            ctx.engine.execute(f"UPDATE {rel.name} SET {segment} = {segment} + 1 WHERE {ORDER} > {last}")

    def _error(self, message: str, ctx: Context) -> SearchError:
        return SearchError(message, Place(column=self.column).within(ctx.place))


def _read_options(s: Scanner, options: dict[str, str], resets: dict[str, EvalExpr]) -> None:
    while at_option(s, (*_OPTIONS, *_RESETS)):
        name = s.keyword(*_RESETS)
        if name is None:
            option = s.option(_OPTIONS)
            if option is None:
                raise s.error("expected `=` after the name of an option")
            options[option[0]] = option[1]
        else:
            s.accept("=")
            resets[name] = _condition(s, name)


def _condition(s: Scanner, name: str) -> EvalExpr:
    """The expression of a reset: ``"(a>1)"``, ``(a>1)``, or with the page's own quotes, ``"("a>1")"``."""
    if s.accept('"("'):
        start = s.pos
        while not s.done and s.peek(3) != '")"':
            s.pos = skip_quoted(s.text, s.pos, s.end) if s.at_quote() else s.pos + 1
        inner = s.sub(start, s.pos)
        s.expect('")"', f"at the end of the condition of `{name}`")
        return parse_whole(inner, name)
    if s.at_quote():
        return parse_whole(Scanner(s.quoted(), place=s.place), name)
    inner = s.bracketed("(")
    if '\\"' in inner.rest():
        inner = Scanner(unescape(inner.rest()), place=s.place)
    return parse_whole(inner, name)
