"""What ``chart`` and ``timechart`` share: aggregates over a row split and a column split.

Source: Search Reference, "chart" and "timechart": of the column split the ten series with the highest scores stay, the
rest becomes OTHER. The score of a series is the sum of its cells, or with several aggregates how often it occurs; equal
scores are ordered by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from msgspec import Struct
from msgspec.structs import replace

from replay.aggregates import AGGREGATES, AggregateCall, at_option, group, needs_of_calls, parse_calls
from replay.commands import Needs
from replay.commands.sort import SortKey, order_terms
from replay.commands.xyseries import labeller, pivot
from replay.context import Context
from replay.errors import Place, SearchError
from replay.expressions import EvalCompiler
from replay.relation import Expr, Kind, Relation, as_number, as_text, quote
from replay.spl.evals import Binary, Call, EvalExpr, Field, Unary, parse_whole
from replay.spl.scanner import Scanner

ROW, COLUMN = "__row", "__column"
_EVENTS = "__events"
_COUNTS = frozenset(("count", "c", "dc", "distinct_count", "estdc"))
_RATES = {"per_second": 1.0, "per_minute": 60.0, "per_hour": 3600.0, "per_day": 86400.0}
SERIES_OPTIONS = ("limit", "useother", "usenull", "otherstr", "nullstr")
NAME_OPTIONS = ("sep", "format")
_LIMIT = re.compile(r"(top|bottom)?(\d+)", re.IGNORECASE)
_SCORES = {"sum": "sum", "avg": "avg", "mean": "avg", "max": "max", "min": "min", "count": "count", "median": "median"}


# --- what is computed -------------------------------------------------------------------------------------------------


class Measures(Struct, frozen=True):
    """The aggregates of a chart.

    Attributes:
        calls: the calls, hidden ones (``__…``) among them.
        computed: (column, expression over hidden columns) of ``eval(avg(x)/max(y)) AS z``.
        rates: (column, hidden column of the sum, seconds) of ``per_minute(x)``.
        names: the columns to show, in order.
    """

    calls: tuple[AggregateCall, ...]
    computed: tuple[tuple[str, EvalExpr], ...]
    rates: tuple[tuple[str, str, float], ...]
    names: tuple[str, ...]

    @property
    def counting(self) -> frozenset[str]:
        """The columns that are 0 where there is nothing to count."""
        return frozenset(call.name for call in self.calls if call.base in _COUNTS)

    def needs(self) -> Needs:
        """The fields that the calls read."""
        return needs_of_calls(self.calls)

    def grouped(self, rel: Relation, by: Sequence[str], ctx: Context, seconds: float = 0.0) -> Relation:
        """``stats … BY …`` with the computed columns; ``seconds`` is the length of a bucket, for rates."""
        rel = group(rel, self.calls, by, ctx)
        for name, expression in self.computed:
            rel = rel.extend({name: EvalCompiler(rel, ctx).value(expression)})
        for name, hidden, unit in self.rates:
            rel = rel.extend({name: Expr(f"({rel.field(hidden).sql} * {unit / seconds!r})", Kind.NUM)})
        expanded = [n for n in rel.columns if n not in by and not n.startswith("__")]
        names = expanded if any(call.has_wildcard for call in self.calls) else self.names
        return rel.keep([*by, *names, *([_EVENTS] if rel.has(_EVENTS) else [])])


def parse_measures(s: Scanner, stop: Iterable[str], options: Iterable[str], *, rates: bool = False) -> Measures:
    """Read aggregates, ``eval(…) AS name`` and (``rates``) ``per_second(x)`` and its like, up to a stop word."""
    stops, options = tuple(stop), tuple(options)
    special = ("eval", *(_RATES if rates else ()))
    reader = _MeasureReader()
    while not s.done and s.peek_word("=<>!").lower() not in stops and not at_option(s, options):
        if s.accept(","):
            continue
        word = s.peek_word("=<>!").lower()
        if word == "eval":
            reader.read_eval(s)
        elif word in special:
            reader.read_rate(s, word)
        else:
            calls = parse_calls(s, (*stops, *special), options=options)
            reader.calls += calls
            reader.names += [call.name for call in calls]
    if not reader.names:
        raise s.error("expected a statistical function, such as `count` or `avg(size)`")
    return Measures(tuple(reader.calls), tuple(reader.computed), tuple(reader.rates), tuple(reader.names))


class _MeasureReader:
    def __init__(self) -> None:
        self.calls: list[AggregateCall] = []
        self.computed: list[tuple[str, EvalExpr]] = []
        self.rates: list[tuple[str, str, float]] = []
        self.names: list[str] = []

    def read_eval(self, s: Scanner) -> None:
        """``eval(<expression over aggregates>) [AS name]``."""
        s.keyword("eval")
        inner = s.bracketed("(")
        text = f"eval({inner.rest().strip()})"
        expression = self.without_aggregates(parse_whole(inner, "eval( )"))
        name = s.field("a name after AS") if s.keyword("as") else text
        self.computed.append((name, expression))
        self.names.append(name)

    def read_rate(self, s: Scanner, function: str) -> None:
        """``per_minute(x) [AS name]``."""
        column = s.pos + 1
        s.keyword(function)
        inner = s.bracketed("(")
        field = inner.field()
        inner.finish(function)
        name = s.field("a name after AS") if s.keyword("as") else f"{function}({field})"
        hidden = self.hide("sum", field, column)
        self.rates.append((name, hidden, _RATES[function]))
        self.names.append(name)

    def hide(self, function: str, argument: str | None, column: int) -> str:
        """Ask for an aggregate under a hidden name."""
        for call in self.calls:
            if call.name.startswith("__") and (call.function, call.argument) == (function, argument):
                return call.name
        self.calls.append(AggregateCall(function, argument, f"__measure{len(self.calls)}", column, renamed=True))
        return self.calls[-1].name

    def without_aggregates(self, node: EvalExpr) -> EvalExpr:
        """The expression with each aggregate call replaced by the field that will hold its result."""
        match node:
            case Call(name, args, column):
                of_field = len(args) == 1 and isinstance(args[0], Field)
                known = AGGREGATES.get(AggregateCall(name, None, name).base) is not None
                if known and (of_field or (not args and name in ("count", "c"))):
                    argument = args[0].name if args and isinstance(args[0], Field) else None
                    return Field(self.hide(name, argument, column), column)
                return Call(name, tuple(self.without_aggregates(arg) for arg in args), column)
            case Unary(op, operand, column):
                return Unary(op, self.without_aggregates(operand), column)
            case Binary(op, left, right, column):
                return Binary(op, self.without_aggregates(left), self.without_aggregates(right), column)
        return node


# --- which series are shown -------------------------------------------------------------------------------------------


class Series(Struct, frozen=True):
    """The options of a column split.

    Attributes:
        limit: how many series stay; 0 is all.
        bottom: the lowest scores stay, not the highest.
        score: aggregate over the cells of a series.
        threshold: (operator, number) that the score must satisfy, in place of the limit.
        inverted: ``notin``: the series named by the limit go, the others stay.
    """

    limit: int = 10
    bottom: bool = False
    useother: bool = True
    usenull: bool = True
    otherstr: str = "OTHER"
    nullstr: str = "NULL"
    score: str | None = None
    threshold: tuple[str, float] | None = None
    inverted: bool = False

    @classmethod
    def read(cls, options: Mapping[str, str], s: Scanner) -> Self:
        """From option texts."""
        limit = _LIMIT.fullmatch(options.get("limit", "10"))
        if limit is None:
            raise s.error(f"`limit` takes a number, top<N> or bottom<N>, not `{options['limit']}`")
        return cls(
            int(limit[2]),
            (limit[1] or "").lower() == "bottom",
            s.boolean(options.get("useother", "t")),
            s.boolean(options.get("usenull", "t")),
            options.get("otherstr", "OTHER"),
            options.get("nullstr", "NULL"),
        )

    def choose(self, cells: Relation, measures: Sequence[str], ctx: Context) -> tuple[list[str], bool]:
        """(the series to show, is there any other) of materialised cells, sorted by name; NULL is not among them."""
        value = cells.field(measures[0] if len(measures) == 1 else _EVENTS)
        name = cells.field(COLUMN).sql
        score = f"{self.score or 'sum'}({as_number(value).sql})"
        direction = "ASC" if self.bottom else "DESC"
        rows = ctx.engine.execute(
            f"SELECT {name}, {score} AS score FROM {cells.name} WHERE {name} IS NOT NULL AND {name} <> "
            f"{quote(self.nullstr)} GROUP BY {name} ORDER BY score {direction} NULLS LAST, {name}"
        )
        if self.threshold is not None:
            operator, bound = self.threshold
            kept = [n for n, v in rows if v is not None and _holds(v, operator, bound)]
        elif self.limit == 0:
            kept = [n for n, _ in rows]
        else:
            kept = [n for n, _ in (rows[self.limit :] if self.inverted else rows[: self.limit])]
        return kept, len(kept) < len(rows)


def parse_where(s: Scanner) -> dict[str, Any]:
    """Read ``where sum in top5`` or ``where avg > 10`` if it comes next: what it changes in ``Series``."""
    if not s.keyword("where"):
        return {}
    function = s.peek_word("=<>!").lower()
    if function not in _SCORES:
        raise s.error(f"`where` of a chart takes a function of the series ({', '.join(_SCORES)})")
    s.pos += len(function)
    operator = next((op for op in ("<=", ">=", "<", ">") if s.accept(op)), None)
    if operator is not None:
        text = s.value("a number")
        try:
            return {"score": _SCORES[function], "threshold": (operator, float(text))}
        except ValueError as e:
            raise s.error(f"`{text}` is no number") from e
    which = s.keyword("in", "notin")
    limit = _LIMIT.fullmatch(s.value("top<N> or bottom<N>")) if which else None
    if limit is None or limit[1] is None:
        raise s.error("`where` of a chart is `where sum in top5`, `notin bottom5`, or `where sum > 10`")
    bottom = limit[1].lower() == "bottom"
    return {"score": _SCORES[function], "limit": int(limit[2]), "bottom": bottom, "inverted": which == "notin"}


def _holds(value: float, operator: str, bound: float) -> bool:
    return {"<": value < bound, ">": value > bound, "<=": value <= bound, ">=": value >= bound}[operator]


def in_order(names: Sequence[str], ctx: Context) -> list[str]:
    """Series names as columns are ordered: numbers as numbers, text byte by byte."""
    if not names:
        return []
    listed = ", ".join(f"({quote(name)})" for name in names)
    terms = ", ".join(order_terms(Expr("name", Kind.STR), SortKey("name")))
    return [row[0] for row in ctx.engine.execute(f"SELECT name FROM (VALUES {listed}) AS v(name) ORDER BY {terms}")]


# --- the table --------------------------------------------------------------------------------------------------------


def table(
    rel: Relation,
    measures: Measures,
    series: Series,
    naming: Mapping[str, str],
    ctx: Context,
    seconds: float = 0.0,
) -> tuple[Relation, frozenset[str]]:
    """Rows (field ``__row``) by columns (field ``__column``, if there is one) of the measures.

    Args:
        rel: the rows, with ``__row`` and maybe ``__column`` (STR or MV).
        measures: what to compute.
        series: which columns to show.
        naming: ``sep`` and ``format``.
        ctx: the search.
        seconds: the length of a time bucket, for rates.

    Returns:
        The table, and those of its columns that count: 0 where there is nothing.
    """
    if not rel.has(COLUMN):
        return measures.grouped(rel, [ROW], ctx, seconds), measures.counting
    split = rel.field(COLUMN)
    if series.usenull:
        missing = f"[{quote(series.nullstr)}]" if split.kind is Kind.MV else quote(series.nullstr)
        rel = rel.extend({COLUMN: Expr(f"coalesce({split.sql}, {missing})", split.kind)})
    rel = ctx.materialize(rel)
    counted = replace(measures, calls=(*measures.calls, AggregateCall("count", None, _EVENTS)))
    cells = ctx.materialize(counted.grouped(rel, [ROW, COLUMN], ctx, seconds))
    names = [n for n in cells.columns if n not in (ROW, COLUMN, _EVENTS)]
    shown, more = series.choose(cells, names, ctx)
    if more and series.useother:
        rel = rel.extend({COLUMN: _or_other(rel.field(COLUMN), [*shown, series.nullstr], series.otherstr)})
        cells = ctx.materialize(measures.grouped(rel, [ROW, COLUMN], ctx, seconds))
    shown = in_order(shown, ctx)
    present = {n for (n,) in ctx.engine.execute(f"SELECT DISTINCT {cells.field(COLUMN).sql} FROM {cells.name}")}
    last = [n for n in (series.nullstr, series.otherstr) if n in present and n not in shown]
    columns = [*shown, *(n for n in last if n != series.otherstr or (more and series.useother))]
    label = labeller(names, naming.get("sep", ": "), naming.get("format"))
    counting = frozenset(label(name, column) for name in names if name in measures.counting for column in columns)
    return pivot(cells, ROW, COLUMN, columns, names, label), counting


def _or_other(split: Expr, shown: Sequence[str], other: str) -> Expr:
    listed = ", ".join(quote(name) for name in shown)
    if split.kind is Kind.MV:
        return Expr(
            f"list_transform({split.sql}, lambda v: CASE WHEN v IN ({listed}) THEN v ELSE {quote(other)} END)", Kind.MV
        )
    text = as_text(split).sql
    return Expr(f"CASE WHEN {text} IN ({listed}) THEN {text} WHEN {text} IS NOT NULL THEN {quote(other)} END", Kind.STR)


def finish(rel: Relation, row: Expr, field: str, counting: Iterable[str], place: Place) -> Relation:
    """The row split under its own name, and 0 for null in columns that count.

    Raises:
        SearchError: a series has the name of the row field.
    """
    if rel.has(field):
        raise SearchError(f"a series is named `{field}`, as the field of the rows is: rename that field", place)
    zero = set(counting)
    items = {field: row}
    for name in rel.columns:
        if name != ROW:
            value = rel.field(name)
            items[name] = Expr(f"coalesce({value.sql}, 0)", Kind.NUM) if name in zero else value
    return rel.project(items)
