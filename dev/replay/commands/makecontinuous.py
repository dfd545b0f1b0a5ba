"""makecontinuous: add a row for every bucket that has none."""

from __future__ import annotations

from typing import Self

from replay.aggregates import at_option
from replay.commands import Command, command
from replay.commands.bin import BinOptions
from replay.context import Context
from replay.errors import Place, SearchError
from replay.plan import Parser
from replay.relation import Kind, Relation, assign_columns, union
from replay.spans import MAX_BUCKETS, AnySpan, LogSpan, bucket_start, steps
from replay.spl.scanner import Scanner

_OPTIONS = ("bins", "span", "start", "end", "minspan", "aligntime")


@command("makecontinuous")
class MakeContinuous(Command, frozen=True):
    """``makecontinuous [field] [bin options]``; the field is ``_time`` if none is named.

    Values become the starts of their buckets. Source: Search Reference, "makecontinuous".
    """

    field: str
    options: BinOptions
    column: int = 0

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the field and the options, in any order."""
        column = s.pos + 1
        options: dict[str, str] = {}
        field = None
        while not s.done:
            if at_option(s, _OPTIONS):
                options |= s.options(_OPTIONS, "makecontinuous")
            elif field is None:
                field = s.field()
            else:
                s.finish("makecontinuous")
        field = field or "_time"
        return cls(field, BinOptions.read(options, field, s), column)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Bucket the field, then fill the gaps."""
        if not rel.has(self.field):
            return rel
        rel = ctx.materialize(rel)
        span = self.options.span_for(self.field, rel, ctx)
        rel = ctx.materialize(rel.extend({self.field: bucket_start(rel.field(self.field), span)}))
        return fill_gaps(rel, self.field, span, ctx, Place(column=self.column).within(ctx.place))


def fill_gaps(
    rel: Relation,
    field: str,
    span: AnySpan,
    ctx: Context,
    place: Place,
    bounds: tuple[float | None, float | None] = (None, None),
) -> Relation:
    """The rows, and a row with nothing but the bucket for every bucket without rows, sorted by bucket.

    Args:
        rel: materialised; the field holds the starts of buckets, as numbers.
        field: the field.
        span: the buckets.
        ctx: the search.
        place: for errors.
        bounds: the first and the last bucket that must be there; None is the data's own.

    Raises:
        SearchError: there would be more than 50,000 buckets (limits.conf.spec, [discretize]).
    """
    value = rel.field(field).sql
    ((low, high),) = ctx.engine.execute(f"SELECT min({value}), max({value}) FROM {rel.name}")
    low, high = (bounds[0] if bounds[0] is not None else low), (bounds[1] if bounds[1] is not None else high)
    if low is None or high is None or isinstance(span, LogSpan):
        return rel.renumber(f"{value} NULLS LAST, __n")
    starts: list[float] = []
    for start in steps(low, high, span):
        starts.append(start)
        if len(starts) > MAX_BUCKETS:
            raise SearchError(f"the span makes more than {MAX_BUCKETS} buckets of this range: take a longer one", place)
    have = {row[0] for row in ctx.engine.execute(f"SELECT DISTINCT {value} FROM {rel.name}")}
    missing = ctx.engine.load_rows([{field: s} for s in starts if s not in have], assign_columns({field: Kind.NUM}))
    filled = union([rel, missing])
    return filled.renumber(f"{filled.field(field).sql} NULLS LAST, __n")
