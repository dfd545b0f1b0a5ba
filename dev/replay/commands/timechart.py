"""timechart: aggregates over time."""

from __future__ import annotations

from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from replay.charts import (
    COLUMN,
    NAME_OPTIONS,
    ROW,
    SERIES_OPTIONS,
    Measures,
    Series,
    finish,
    parse_measures,
    parse_where,
    table,
)
from replay.commands import Command, Needs, command
from replay.commands.bin import BinOptions
from replay.commands.chart import read_options
from replay.commands.makecontinuous import fill_gaps
from replay.context import Context
from replay.errors import Place, SearchError
from replay.plan import Parser
from replay.relation import Kind, Relation, as_number, as_text, number
from replay.spans import TimeSpan, bucket_start
from replay.spl.scanner import Scanner

_BINS = ("bins", "span", "minspan", "start", "end", "aligntime")
_OPTIONS = (*NAME_OPTIONS, *SERIES_OPTIONS, "cont", "partial", "fixedrange", *_BINS)


class _Range(Struct, frozen=True):
    """The first and the last moment of a chart, epoch seconds; None where neither the search nor the data tells."""

    first: float | None
    last: float | None


@command("timechart")
class TimeChart(Command, frozen=True):
    """``timechart [options] aggregates [BY field [where …]]``. Source: Search Reference, "timechart".

    Every bucket of the search's time range (of the data's, if that is open) has a row: counts are 0 and other
    aggregates missing where there are no events. Without ``span`` there are 100 buckets at most (``bins``).
    """

    measures: Measures
    split: str | None
    bins: BinOptions
    series: Series
    naming: tuple[tuple[str, str], ...]
    cont: bool = True
    partial: bool = True
    fixedrange: bool = True
    column: int = 0

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read options, aggregates, the split and the filter of the series."""
        column = s.pos + 1
        options: dict[str, str] = {}
        read_options(s, options, _OPTIONS, "timechart")
        measures = parse_measures(s, ("by",), _OPTIONS, rates=True)
        read_options(s, options, _OPTIONS, "timechart")
        split = s.field("a field after BY") if s.keyword("by") else None
        read_options(s, options, _OPTIONS, "timechart")
        where = parse_where(s)
        read_options(s, options, _OPTIONS, "timechart")
        series = replace(Series.read(options, s), **where)
        s.finish("timechart")
        bins = BinOptions.read({n: text for n, text in options.items() if n in _BINS}, "_time", s)
        naming = tuple((name, options[name]) for name in NAME_OPTIONS if name in options)
        cont, partial, fixedrange = (s.boolean(options.get(name, "t")) for name in ("cont", "partial", "fixedrange"))
        return cls(measures, split, bins, series, naming, cont, partial, fixedrange, column)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Group by bucket and split, fill the gaps."""
        if not rel.has("_time"):
            ctx.warn("timechart: the rows have no field _time, so there is nothing to chart")
        rel = ctx.materialize(rel)
        when = self._range(rel, ctx)
        span = self._span(rel, when, ctx)
        items = {ROW: bucket_start(rel.field("_time"), span)}
        if self.split is not None:
            value = rel.field(self.split)
            items[COLUMN] = value if value.kind is Kind.MV else as_text(value)
        seconds = span.span.seconds
        if self.measures.rates and not seconds:
            raise self._error("per_second() and its like need a span of days or less", ctx)
        result, counting = table(rel.extend(items), self.measures, self.series, dict(self.naming), ctx, seconds)
        result = self._complete(ctx.materialize(result), span, when, ctx)
        return finish(result, result.field(ROW), "_time", counting, self._place(ctx))

    def needs(self, after: Needs) -> Needs:
        """``_time``, the split, and what the aggregates read."""
        return self.measures.needs() | Needs.of("_time", *([self.split] if self.split is not None else []))

    def _range(self, rel: Relation, ctx: Context) -> _Range:
        time = as_number(rel.field("_time")).sql
        ((low, high),) = ctx.engine.execute(f"SELECT min({time}), max({time}) FROM {rel.name}")
        if self.fixedrange and ctx.earliest is not None and ctx.latest is not None:
            return _Range(ctx.earliest, max(ctx.earliest, ctx.latest - 1e-6))
        return _Range(low, high)

    def _span(self, rel: Relation, when: _Range, ctx: Context) -> TimeSpan:
        bins = self.bins
        if bins.span is None and when.first is not None:
            bins = replace(bins, start=when.first, end=when.last)
        span = bins.span_for("_time", rel, ctx)
        if not isinstance(span, TimeSpan):
            raise self._error("`timechart` needs a span of time, such as span=1h", ctx)
        return span

    def _complete(self, rel: Relation, span: TimeSpan, when: _Range, ctx: Context) -> Relation:
        """Rows for the empty buckets; without the buckets that the range cuts, if ``partial=f``."""
        if ctx.engine.count(rel) == 0:
            return rel
        first, last = (None if at is None else self._start(at, span, ctx) for at in (when.first, when.last))
        if self.cont:
            rel = fill_gaps(rel, ROW, span, ctx, self._place(ctx), (first, last))
        if self.partial or first is None or last is None or when.first is None or when.last is None:
            return rel
        cut = [f"{rel.field(ROW).sql} <> {first!r}"] if first < when.first else []
        if last + span.span.seconds - 1e-6 > when.last:
            cut.append(f"{rel.field(ROW).sql} <> {last!r}")
        return rel.filter(" AND ".join(cut)) if cut else rel

    def _start(self, at: float, span: TimeSpan, ctx: Context) -> float:
        return float(ctx.engine.scalar(f"SELECT {bucket_start(number(at), span).sql}"))

    def _place(self, ctx: Context) -> Place:
        return Place(column=self.column).within(ctx.place)

    def _error(self, message: str, ctx: Context) -> SearchError:
        return SearchError(message, self._place(ctx))
