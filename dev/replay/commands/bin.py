"""bin, bucket, discretize: replace a time or a number by the bucket that it falls into."""

from __future__ import annotations

from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.errors import Place, SearchError
from replay.plan import Parser
from replay.relation import Relation, as_number
from replay.spans import (
    DEFAULT_BINS,
    AnySpan,
    NumberSpan,
    TimeSpan,
    bucket,
    choose_number_span,
    choose_time_span,
    parse_any_span,
    time_bucket,
)
from replay.spl.scanner import Scanner
from replay.spl.timespec import SECONDS, parse_time

_OPTIONS = ("bins", "span", "minspan", "start", "end", "aligntime")


class BinOptions(Struct, frozen=True):
    """How buckets are chosen: a span, or at most ``bins`` buckets over the range of the data.

    Source: Search Reference, "bin": ``start`` and ``end`` only widen the range; ``aligntime`` is for spans of less than
    a day.
    """

    span: AnySpan | None = None
    bins: int = DEFAULT_BINS
    minspan: AnySpan | None = None
    start: float | None = None
    end: float | None = None
    aligntime: str | None = None

    @classmethod
    def read(cls, options: dict[str, str], field: str, s: Scanner) -> Self:
        """From option texts.

        Raises:
            SearchError: a value is no span or no number.
        """
        found: dict[str, object] = {}
        for name in ("span", "minspan"):
            if name in options and options[name] != "auto":
                span = parse_any_span(options[name], time=field == "_time")
                if span is None:
                    raise s.error(f"`{name}={options[name]}` is no span (try 5m, 1h, 1d, 10, 2log10)")
                found[name] = span
        for name in ("start", "end"):
            if name in options:
                try:
                    found[name] = float(options[name])
                except ValueError as e:
                    raise s.error(f"`{name}` takes a number, not `{options[name]}`") from e
        bins = s.integer(options.get("bins", str(DEFAULT_BINS)), "bins")
        if bins < 1:
            raise s.error("`bins` takes a whole number of at least 1")
        return cls(**found, bins=bins, aligntime=options.get("aligntime"))  # type: ignore[arg-type]

    @property
    def looks_at_data(self) -> bool:
        """True if the span depends on the range of the data."""
        return self.span is None

    def span_for(self, field: str, rel: Relation, ctx: Context) -> AnySpan:
        """The span to use; ``rel`` is materialised if the data must be looked at."""
        span = self.span or self._chosen(field, rel, ctx)
        if self.aligntime is None or not isinstance(span, TimeSpan) or not 0 < span.span.seconds < SECONDS["d"]:
            return span
        return replace(span, offset=self._alignment(ctx) % span.span.seconds)

    def _chosen(self, field: str, rel: Relation, ctx: Context) -> AnySpan:
        value = as_number(rel.field(field)).sql
        low, high = ctx.engine.execute(f"SELECT min({value}), max({value}) FROM {rel.name}")[0]
        if low is None:
            low = high = 0.0
        low, high = min((low, *_given(self.start))), max((high, *_given(self.end)))
        least = self.minspan
        if field == "_time":
            seconds = (
                least.span.seconds or least.span.months * 30 * SECONDS["d"] if isinstance(least, TimeSpan) else 0.0
            )
            return TimeSpan(choose_time_span(low, high, self.bins, seconds))
        return NumberSpan(
            choose_number_span(low, high, self.bins, least.width if isinstance(least, NumberSpan) else 0.0)
        )

    def _alignment(self, ctx: Context) -> float:
        text = self.aligntime or ""
        if text in ("earliest", "latest"):
            return (ctx.earliest if text == "earliest" else ctx.latest) or 0.0
        at = parse_time(text, ctx.now)
        if at is None:
            raise SearchError(f"`aligntime={text}` is no time (try earliest, latest, @d+3h)", ctx.place)
        return at


def _given(value: float | None) -> tuple[float, ...]:
    return () if value is None else (value,)


@command("bin", "bucket", "discretize")
class Bin(Command, frozen=True):
    """``bin [span=|bins=|minspan=|start=|end=|aligntime=] field [AS name]``. Source: Search Reference, "bin"."""

    field: str
    name_as: str
    options: BinOptions
    column: int = 0

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read options and the field, in any order."""
        options: dict[str, str] = {}
        field = name_as = None
        column = s.pos + 1
        while not s.done:
            options |= s.options(_OPTIONS, "bin")
            if s.done:
                break
            if field is not None and s.keyword("as"):
                name_as = s.field("a name after AS")
            elif field is None:
                field = s.field()
            else:
                s.finish("bin")
        if field is None:
            raise s.error("`bin` needs a field")
        return cls(field, name_as or field, BinOptions.read(options, field, s), column)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Replace the values, or write the buckets to another field."""
        if not rel.has(self.field):
            return rel
        if self.options.looks_at_data:
            rel = ctx.materialize(rel)
        try:
            span = self.options.span_for(self.field, rel, ctx)
        except SearchError as e:
            raise SearchError(e.message, Place(column=self.column).within(ctx.place)) from e
        return rel.extend({self.name_as: bucket(rel.field(self.field), span)})

    def needs(self, after: Needs) -> Needs:
        """The field, instead of the one it makes."""
        return Needs(after.names - {self.name_as}, after.everything) | Needs.of(self.field)


__all__ = ["Bin", "BinOptions", "time_bucket"]
