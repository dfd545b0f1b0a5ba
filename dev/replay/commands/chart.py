"""chart: aggregates in a table, one row per value of one field and one column per value of another."""

from __future__ import annotations

from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from replay.aggregates import at_option
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
from replay.commands.makecontinuous import fill_gaps
from replay.commands.sort import SortKey, sort_rows
from replay.context import Context
from replay.errors import Place
from replay.plan import Parser
from replay.relation import Kind, Relation, as_text
from replay.spans import AnySpan, TimeSpan, bucket, bucket_start
from replay.spl.scanner import Scanner

_BINS = ("bins", "span", "minspan", "start", "end", "aligntime")
_OPTIONS = (*NAME_OPTIONS, *SERIES_OPTIONS, "cont", *_BINS)


class Split(Struct, frozen=True):
    """A field that splits rows or columns; ``bins`` if its values are put into buckets."""

    field: str
    bins: BinOptions | None = None


@command("chart")
class Chart(Command, frozen=True):
    """``chart [options] aggregates [OVER row] [BY [row] column] [where …]``. Source: Search Reference, "chart".

    Rows without the row field are left out; those whose row field is put into buckets and is no number, too.
    """

    measures: Measures
    row: Split | None
    split: Split | None
    series: Series
    naming: tuple[tuple[str, str], ...]
    cont: bool = True
    column: int = 0

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read options, aggregates, splits and the filter of the series."""
        column = s.pos + 1
        options: dict[str, str] = {}
        read_options(s, options, _OPTIONS, "chart")
        measures = parse_measures(s, ("by", "over"), _OPTIONS)
        read_options(s, options, _OPTIONS, "chart")
        splits: list[tuple[str, dict[str, str]]] = []
        if s.keyword("over"):
            _read_split(s, splits, options)
        if s.keyword("by"):
            while not s.done and s.peek_word("=<>!").lower() != "where":
                if not s.accept(","):
                    _read_split(s, splits, options)
            if not splits:
                raise s.error("a field must follow BY")
        where = parse_where(s)
        read_options(s, options, _OPTIONS, "chart")
        series = replace(Series.read(options, s), **where)
        s.finish("chart")
        front = {name: text for name, text in options.items() if name in _BINS}
        if splits and front:
            splits[0] = (splits[0][0], front | splits[0][1])
        row, split = ([*(_split(name, bins, s) for name, bins in splits), None, None])[:2]
        naming = tuple((name, options[name]) for name in NAME_OPTIONS if name in options)
        return cls(measures, row, split, series, naming, s.boolean(options.get("cont", "t")), column)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Group by both splits, turn the second into columns."""
        if self.row is None:
            return self.measures.grouped(rel, [], ctx)
        if any(split is not None and split.bins is not None for split in (self.row, self.split)):
            rel = ctx.materialize(rel)
        span = self.row.bins.span_for(self.row.field, rel, ctx) if self.row.bins is not None else None
        items = {ROW: rel.field(self.row.field) if span is None else bucket_start(rel.field(self.row.field), span)}
        if self.split is not None:
            value = rel.field(self.split.field)
            if self.split.bins is not None:
                value = bucket(value, self.split.bins.span_for(self.split.field, rel, ctx))
            items[COLUMN] = value if value.kind is Kind.MV else as_text(value)
        result, counting = table(rel.extend(items), self.measures, self.series, dict(self.naming), ctx)
        result = self._rows(result, span, ctx)
        row = result.field(ROW)
        if span is not None and not isinstance(span, TimeSpan):
            row = bucket(row, span)  # from the start of the bucket to its label
        return finish(result, row, self.row.field, counting, self._place(ctx))

    def needs(self, after: Needs) -> Needs:
        """The splits and what the aggregates read, and no others."""
        return self.measures.needs() | Needs.of(*(split.field for split in (self.row, self.split) if split is not None))

    def _rows(self, rel: Relation, span: AnySpan | None, ctx: Context) -> Relation:
        if span is None:
            return sort_rows(rel, [SortKey(ROW)])
        if not self.cont:
            return rel
        return fill_gaps(ctx.materialize(rel), ROW, span, ctx, self._place(ctx))

    def _place(self, ctx: Context) -> Place:
        return Place(column=self.column).within(ctx.place)


def read_options(s: Scanner, options: dict[str, str], allowed: tuple[str, ...], name: str) -> None:
    """Read every option that comes next; ``limit=top 5`` may have a space."""
    while at_option(s, allowed):
        option = s.option(allowed)
        assert option is not None, name
        options[option[0]] = option[1]
        if option[0] == "limit" and option[1].lower() in ("top", "bottom") and s.peek_word().isdigit():
            options["limit"] += s.value()


def _read_split(s: Scanner, splits: list[tuple[str, dict[str, str]]], options: dict[str, str]) -> None:
    """A field and the options behind it: bin options are its own, all others the chart's."""
    if len(splits) == 2:
        raise s.error("`chart` splits by two fields at most")
    name = s.field()
    found: dict[str, str] = {}
    read_options(s, found, _OPTIONS, "chart")
    splits.append((name, {n: text for n, text in found.items() if n in _BINS}))
    options |= {n: text for n, text in found.items() if n not in _BINS}


def _split(name: str, bins: dict[str, str], s: Scanner) -> Split:
    return Split(name, BinOptions.read(bins, name, s) if bins else None)
