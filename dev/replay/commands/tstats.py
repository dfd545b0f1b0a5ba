"""tstats: statistics over the events of a data-model dataset.

There are no summaries that lag behind events here, so ``summariesonly`` and ``allow_old_summaries`` change nothing.
With ``prestats=t`` Splunk hands partial results to the next stats, chart or timechart; here it hands on the rows that
these would count, which gives the same statistics. Source: Search Reference, "tstats".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from replay.aggregates import AggregateCall, group, parse_calls
from replay.commands import Command, Needs, command
from replay.context import Context
from replay.errors import Place, SearchError
from replay.plan import Parser
from replay.relation import Expr, Relation, cast, common_kind, string, union
from replay.spans import TimeSpan, parse_any_span, time_bucket
from replay.spl.scanner import Scanner
from replay.spl.search import And, SearchExpr, fields_of
from replay.summaries import root_dataset
from replay.terms import compile_terms, resolve_subsearches, split_time

_OPTIONS = (
    "prestats", "local", "append", "summariesonly", "include_reduced_buckets", "allow_old_summaries", "chunk_size",
    "fillnull_value", "use_summary_index_values",
)  # fmt: skip
_CLAUSES = ("from", "where", "by", "groupby")
INDEXED = ("_time", "host", "source", "sourcetype", "index")


@command("tstats")
class TStats(Command, frozen=True):
    """``tstats <options> <functions> from datamodel=M.D where <search> by <fields> [span=…]``."""

    calls: tuple[AggregateCall, ...]
    model: str | None
    dataset: str | None
    where: SearchExpr
    by: tuple[str, ...]
    span: TimeSpan | None
    fillnull: str | None
    prestats: bool
    append: bool
    column: int

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read options, functions and clauses."""
        column = s.pos + 1
        options: dict[str, str] = {}
        calls: list[AggregateCall] = []
        while not s.done and s.peek_word("=<>!").lower() not in _CLAUSES:
            found = s.options(_OPTIONS, "tstats")
            options |= found
            if not s.done and s.peek_word("=<>!").lower() not in _CLAUSES:
                calls += parse_calls(s, (*_CLAUSES, *_OPTIONS), evals=False)
        if not calls:
            raise s.error("`tstats` needs a function, such as count")
        model = dataset = None
        if s.keyword("from"):
            model, dataset = _from(s)
        where = parser.expression(_clause(s)) if s.keyword("where") else And(())
        by, span = _by(s) if s.keyword("by", "groupby") else ((), None)
        s.finish("tstats")
        for name in ("local", "summariesonly", "include_reduced_buckets", "allow_old_summaries"):
            s.boolean(options.get(name, "f"))
        return cls(
            tuple(calls), model, dataset, where, by, span, options.get("fillnull_value"),
            s.boolean(options.get("prestats", "f")), s.boolean(options.get("append", "f")), column,
        )  # fmt: skip

    def generate(self, ctx: Context, needs: Needs) -> Relation:
        """The statistics, or with prestats=t what they count."""
        if any(call.base == "list" for call in self.calls):
            ctx.warn("list() is not among the functions of tstats in Splunk's manual: values() is")
        rel = self._rows(ctx)
        rel = self._bucketed(rel)
        if self.fillnull is not None:
            rel = rel.extend({f: _filled(rel.field(f), self.fillnull) for f in self.by})
        if not self.prestats:
            return group(rel, self.calls, self.by, ctx)
        for name in self.by:
            rel = rel.filter(f"{rel.field(name).sql} IS NOT NULL")
        return rel.keep(dict.fromkeys([*self.by, *_arguments(self.calls), "_time"]))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """``append=t`` with ``prestats=t`` adds to the rows there are."""
        if not (self.append and self.prestats):
            raise SearchError(
                "`tstats` must be the first command, or have prestats=t append=t",
                Place(column=self.column).within(ctx.place),
            )
        return union([rel, self.generate(ctx, Needs())])

    def reads_datasets(self, ctx: Context) -> Iterator[tuple[str, str, str]]:
        """The dataset, if it reads one."""
        if self.model is not None:
            yield ctx.app, self.model, self.dataset or root_dataset(ctx.knowledge.datamodel(ctx.app, self.model), ctx)

    def _rows(self, ctx: Context) -> Relation:
        where = resolve_subsearches(self.where, ctx)
        where, when = split_time(where, ctx)
        ctx = ctx.within(when.earliest, when.latest)
        reads = fields_of(where) | set(self.by) | set(_arguments(self.calls)) | {"_time"}
        if self.model is None:
            self._only_indexed(reads, ctx)
            return ctx.store.events(ctx, where, Needs(frozenset(reads)))
        ((_, _, dataset),) = self.reads_datasets(ctx)
        rel = ctx.store.dataset(ctx, self.model, dataset, Needs(frozenset(reads), where=where))
        self._check_fields(rel, reads, f"{self.model}.{dataset}", ctx)
        return rel.filter(compile_terms(where, rel.field, ctx))

    def _only_indexed(self, reads: set[str], ctx: Context) -> None:
        """Without a data model only indexed fields exist (SR: tstats, "indexed fields")."""
        unknown = sorted(reads - set(INDEXED) - {"_raw", "tag", "eventtype"})
        if unknown:
            raise SearchError(
                f"`tstats` without a data model reads indexed fields only ({', '.join(INDEXED)}), "
                f"not `{unknown[0]}`: name a data model with from datamodel=…",
                Place(column=self.column).within(ctx.place),
            )

    def _check_fields(self, rel: Relation, reads: set[str], dataset: str, ctx: Context) -> None:
        """A field that the dataset does not have is null on every event, in Splunk too; but say so."""
        for name in sorted(reads):
            if not rel.has(name) and name not in ("nodename", "index", "splunk_server", "_raw"):
                ctx.warn(f"dataset `{dataset}` has no field `{name}`, so it is null on every event")

    def _bucketed(self, rel: Relation) -> Relation:
        if "_time" not in self.by or self.span is None:
            return rel
        return rel.extend({"_time": time_bucket(rel.field("_time"), self.span.span, self.span.offset)})


def _clause(s: Scanner) -> Scanner:
    """What stands between ``where`` and ``by``; the cursor moves behind it."""
    start = s.pos
    while not s.done and s.peek_word("=<>!").lower() not in ("by", "groupby"):
        if s.at_quote():
            s.quoted()
        elif s.peek() in "([":
            s.bracketed(s.peek())
        else:
            s.pos += max(len(s.peek_word("=<>!")), 1)
    return s.sub(start, s.pos)


def _from(s: Scanner) -> tuple[str, str | None]:
    """``datamodel=M.D``, ``datamodel M.D``, ``datamodel=M``; quotes around the name are allowed."""
    if not s.keyword("datamodel"):
        raise s.error("`tstats … from` takes datamodel=<model>.<dataset>")
    s.accept("=")
    model, _, dataset = s.value("the name of a data model").partition(".")
    return model, dataset or None


def _by(s: Scanner) -> tuple[tuple[str, ...], TimeSpan | None]:
    names: list[str] = []
    span: TimeSpan | None = None
    while not s.done:
        if s.accept(","):
            continue
        option = s.option(("span",))
        if option is None:
            s.skip()
            at = s.pos
            name = s.field()
            if "*" in name:
                raise s.error("`tstats … by` takes no wildcards", at)
            names.append(name)
        elif option[1] != "auto":
            found = parse_any_span(option[1], time=True)
            if not isinstance(found, TimeSpan):
                raise s.error(f"`span={option[1]}` is no span of time (try 5m, 1h, 1d)")
            span = found
    if not names:
        raise s.error("`by` needs at least one field")
    return tuple(dict.fromkeys(names)), span


def _arguments(calls: tuple[AggregateCall, ...]) -> list[str]:
    return [c.argument for c in calls if isinstance(c.argument, str)]


def _filled(e: Expr, value: str) -> Expr:
    text = string(value)
    kind = common_kind([e.kind, text.kind])
    return Expr(f"coalesce({cast(e, kind).sql}, {cast(text, kind).sql})", kind)
