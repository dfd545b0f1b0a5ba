"""Aggregates: what stands before BY in ``stats`` and its relatives (``eventstats``, ``chart``, ``tstats`` …).

``parse_calls`` reads a list of calls (``count avg(size) AS mean values(eval(lower(user)))``), ``aggregate`` makes the
SQL aggregate of one call, ``group`` is the whole ``stats … BY …``. The functions themselves are in the modules of this
package, one file per family: ``@aggregate_function("sum")``, (rows) -> expression.

Source: Search Reference, "stats" and "Statistical and charting functions".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from replay.commands import Needs
from replay.errors import Place, SearchError
from replay.expressions import EvalCompiler
from replay.functions.fields import fields_read
from replay.registry import Registry, nearest
from replay.relation import NULL, ORDER, Expr, Kind, Relation, as_number, as_text
from replay.spl.evals import EvalExpr, parse_whole
from replay.spl.scanner import Scanner

if TYPE_CHECKING:
    from replay.context import Context

_PERCENTILE = re.compile(r"(perc|p|exactperc|upperperc)(\d+(?:\.\d+)?)")
_PERCENTILES = ("perc", "p", "exactperc", "upperperc")
_NUMERIC = frozenset(
    ("sum", "avg", "mean", "range", "median", "stdev", "stdevp", "var", "varp", "sumsq", "rate", *_PERCENTILES)
)
_CHRONOLOGICAL = frozenset(("earliest", "latest", "earliest_time", "latest_time", "rate"))


class AggregateCall(Struct, frozen=True):
    """One call of an aggregate list.

    Attributes:
        function: the function as typed (``perc95``, ``dc``).
        argument: a field name (maybe with ``*``), the expression of ``f(eval(…))``, or None for ``count`` alone.
        name: the column: the name after AS, or the text of the call.
        column: where the call stands in the search, counted from 1.
        renamed: the name was given by AS.
    """

    function: str
    argument: str | EvalExpr | None
    name: str
    column: int = 0
    renamed: bool = False

    @property
    def base(self) -> str:
        """The function's own name: lower case, without the number of a percentile."""
        name = self.function.lower()
        percentile = _PERCENTILE.fullmatch(name)
        return percentile[1] if percentile else name

    @property
    def percentile(self) -> float | None:
        """The number in ``perc95``."""
        found = _PERCENTILE.fullmatch(self.function.lower())
        return float(found[2]) if found else None

    @property
    def has_wildcard(self) -> bool:
        """True for ``avg(*lay)``."""
        return isinstance(self.argument, str) and "*" in self.argument


class Rows(Struct, frozen=True):
    """What one aggregate function sees: its argument, over the rows of a group or of a window.

    Attributes:
        call: the call.
        value: the argument; None for ``count`` alone. A multivalue counts with each of its values.
        order: SQL of the order of the rows.
        time: SQL of ``_time`` as a number; None if there is none.
        over: an OVER clause, or empty for a plain aggregate.
    """

    call: AggregateCall
    value: Expr | None
    order: str = ORDER
    time: str | None = None
    over: str = ""

    @property
    def argument(self) -> Expr:
        """The argument of a function that needs one."""
        assert self.value is not None
        return self.value

    @property
    def multivalue(self) -> bool:
        """True if a row may hold several values."""
        return self.argument.kind is Kind.MV

    def sql(self, call: str, where: str = "") -> str:
        """``call FILTER (WHERE where) OVER (…)``."""
        return " ".join(part for part in (call, where and f"FILTER (WHERE {where})", self.over) if part)

    def all_values(self) -> str:
        """SQL of the list of all values, in order; null if there is none."""
        value = self.argument.sql
        ordered = "" if self.over else f" ORDER BY {self.order}"
        collected = self.sql(f"list({value}{ordered})", f"{value} IS NOT NULL")
        return f"flatten({collected})" if self.multivalue else collected

    def over_texts(self, function: str) -> str:
        """SQL of a DuckDB aggregate over the values as text."""
        if self.multivalue:
            return f"list_aggregate({self.all_values()}, '{function}')"
        return self.sql(f"{function}({as_text(self.argument).sql})")

    def over_numbers(self, function: str, *parameters: float) -> str:
        """SQL of a DuckDB aggregate over the values that are numbers."""
        more = "".join(f", {p!r}" for p in parameters)
        if self.multivalue:
            return f"list_aggregate(spl_nums({self.all_values()}), '{function}'{more})"
        return self.sql(f"{function}({as_number(self.argument).sql}{more})")


AggregateFunction = Callable[[Rows], Expr]
AGGREGATES: Registry[AggregateFunction] = Registry("replay.aggregates", "statistical function")
aggregate_function = AGGREGATES.claim


# --- parsing ----------------------------------------------------------------------------------------------------------


def parse_calls(
    s: Scanner, stop: Iterable[str], *, evals: bool = True, options: Iterable[str] = ()
) -> list[AggregateCall]:
    """Read aggregate calls, separated by spaces or commas, up to a stop word or the end.

    Args:
        s: the scanner, at the first call.
        stop: words that end the list (``by``, ``from``, ``where``, ``over`` …), in lower case.
        evals: ``f(eval(…))`` and wildcards are allowed; they are not in ``tstats``.
        options: names of options (``name=value``) that may follow and end the list, too.

    Raises:
        SearchError: with the column: an unknown function, a malformed call, two calls that make one column.
    """
    stops, ends = tuple(stop), tuple(options)
    calls: list[AggregateCall] = []
    while not s.done:
        if s.accept(","):
            continue
        if s.peek_word("=<>!").lower() in stops or at_option(s, ends) or s.peek() == "[":
            break
        call = _parse_call(s, evals)
        if call not in calls:
            calls.append(call)
    if not calls:
        raise s.error("expected a statistical function, such as `count` or `values(user)`")
    return calls


def at_option(s: Scanner, names: Iterable[str]) -> bool:
    """True if one of these options (``name=…``, ``name(…)``) comes next."""
    word = s.peek_word("=<>!")
    return word.lower() in tuple(names) and s.text[s.pos + len(word) : s.end].lstrip()[:1] in ("=", "(")


def _parse_call(s: Scanner, evals: bool) -> AggregateCall:
    function = s.peek_word("=<>!")
    start = s.pos
    _check_function(s, function)
    s.pos += len(function)
    argument, text = _parse_argument(s, function, evals)
    column = start + 1
    call = AggregateCall(function, argument, text, column)
    if argument is None and call.base not in ("count", "c"):
        if not evals:
            raise s.error(f"`{function}` needs a field: `{function}(<field>)`", start)
        call = replace(call, argument="*", name=f"{function}(*)")
    if call.has_wildcard and not evals:
        raise s.error("wildcards are not allowed in the functions of this command", start)
    if s.keyword("as"):
        if s.done:
            raise s.error("a name must follow AS")
        call = replace(call, name=s.field("a name after AS"), renamed=True)
        if isinstance(call.argument, str) and call.name.count("*") != call.argument.count("*"):
            raise s.error(f"`{call.argument}` and `{call.name}` must have the same number of wildcards", start)
    return call


def _check_function(s: Scanner, function: str) -> None:
    if not function:
        raise s.error("expected a statistical function, such as `count` or `values(user)`")
    base = AggregateCall(function, None, "").base
    if base == "sparkline":
        raise s.error("`sparkline` draws a chart inside a table cell: it is not supported here")
    if base in _PERCENTILES and base == function.lower():
        raise s.error(f"unknown statistical function `{function}`: a percentile is written perc95(<field>)")
    if AGGREGATES.get(base) is None:
        raise s.error(f"unknown statistical function `{function}`{nearest(base, AGGREGATES.names())}")


def _parse_argument(s: Scanner, function: str, evals: bool) -> tuple[str | EvalExpr | None, str]:
    """(argument, text of the call) of what follows a function's name."""
    if s.peek() != "(":
        return None, function
    inner = s.bracketed("(")
    if inner.done:
        if function.lower() in ("count", "c"):
            return None, f"{function}()"
        raise inner.error(f"`{function}( )` needs a field")
    text = f"{function}({inner.rest().strip()})"
    if re.match(r"eval\s*\(", inner.rest().lstrip(), re.IGNORECASE):
        if not evals:
            raise inner.error("`eval(…)` is not allowed in the functions of this command")
        inner.expect(inner.peek(4))
        expression = parse_whole(inner.bracketed("("), "eval( )")
        inner.finish(function)
        return expression, text
    if inner.peek() in "\"'":
        name = inner.field()
        inner.finish(function)
        return name, f"{function}({name})"
    name = inner.rest().strip()
    if re.search(r"[\s,()\"']", name):
        raise inner.error(f"`{function}` takes one field name (in quotes if it has spaces) or eval(…)")
    return name, text


# --- what the calls read ----------------------------------------------------------------------------------------------


def needs_of_calls(calls: Iterable[AggregateCall]) -> Needs:
    """The fields that the calls read."""
    names: set[str] = set()
    for call in calls:
        if isinstance(call.argument, str):
            names.add(call.argument)
        elif call.argument is not None:
            names |= fields_read(call.argument)
        if call.base in _CHRONOLOGICAL:
            names.add("_time")
    return Needs(frozenset(names))


def expand_calls(calls: Iterable[AggregateCall], rel: Relation, by: Sequence[str]) -> list[AggregateCall]:
    """Calls with wildcards replaced by one call per matching field; ``*`` matches no BY and no internal fields."""
    from replay.commands.fields import matcher

    found: list[AggregateCall] = []
    for call in calls:
        if not call.has_wildcard:
            found.append(call)
            continue
        assert isinstance(call.argument, str)
        pattern = matcher(call.argument)
        for name in rel.columns:
            match = pattern.match(name)
            if match and name not in by and (name[0] != "_" or call.argument[0] == "_"):
                label = _fill(call.name, match.groups()) if call.renamed else f"{call.function}({name})"
                found.append(replace(call, argument=name, name=label))
    return found


def _fill(pattern: str, parts: Sequence[str]) -> str:
    pieces = pattern.split("*")
    return pieces[0] + "".join(part + piece for part, piece in zip(parts, pieces[1:], strict=True))


def check_names(calls: Sequence[AggregateCall], by: Sequence[str], ctx: Context) -> None:
    """Refuse two calls that would make one column, and one function of one field under two names.

    Source: Search Reference, "stats" ("you cannot rename one field with multiple names").

    Raises:
        SearchError: with the column of the second call.
    """
    names: dict[str, AggregateCall] = {}
    sources: dict[tuple[str, object], AggregateCall] = {}
    for call in calls:
        place = Place(column=call.column or None).within(ctx.place)
        if call.name in by:
            raise SearchError(f"the column `{call.name}` is a BY field already: give the function another name", place)
        if call.name in names:
            raise SearchError(f"two functions make the column `{call.name}`: give one another name with AS", place)
        source = (call.function.lower(), call.argument if isinstance(call.argument, str) else call.column)
        if call.argument is not None and source in sources:
            raise SearchError(
                f"`{call.function}({call.argument})` is asked for twice, as `{sources[source].name}` and as "
                f"`{call.name}`: name it once and copy it with eval",
                place,
            )
        names[call.name] = sources[source] = call


# --- SQL --------------------------------------------------------------------------------------------------------------


def argument_of(call: AggregateCall, rel: Relation, ctx: Context) -> Expr | None:
    """The call's argument over a relation; a Boolean counts where it is true."""
    if call.argument is None:
        return None
    if isinstance(call.argument, str):
        return rel.field(call.argument)
    e = EvalCompiler(rel, ctx).compile(call.argument)
    return Expr(f"CASE WHEN {e.sql} THEN CAST(1 AS DOUBLE) END", Kind.NUM) if e.kind is Kind.BOOL else e


def time_of(rel: Relation) -> str | None:
    """SQL of ``_time`` as a number, for ``earliest`` and its like."""
    return as_number(rel.field("_time")).sql if rel.has("_time") else None


def aggregate(
    call: AggregateCall,
    value: Expr | None,
    *,
    order: str = ORDER,
    time: str | None = None,
    over: str = "",
    allnum: bool = False,
) -> Expr:
    """The SQL aggregate of a call.

    Args:
        call: the call, without wildcards.
        value: its argument over the rows (``argument_of``); every value of a multivalue counts.
        order: SQL of the order of the rows.
        time: SQL of ``_time`` as a number, for ``earliest`` and its like.
        over: an OVER clause: a window in place of a group.
        allnum: numeric functions give nothing if a value is no number (SR: stats, ``allnum``).
    """
    function = AGGREGATES.get(call.base)
    assert function is not None, call
    rows = Rows(call, value, order, time, over)
    result = function(rows)
    if allnum and call.base in _NUMERIC and value is not None and value.kind is not Kind.NUM:
        texts, numbers = rows.over_texts("count"), rows.over_numbers("count")
        return replace(result, sql=f"CASE WHEN {texts} = {numbers} THEN {result.sql} END")
    return result


def group(
    rel: Relation,
    calls: Sequence[AggregateCall],
    by: Sequence[str],
    ctx: Context,
    *,
    allnum: bool = False,
    dedup_splitvals: bool = False,
) -> Relation:
    """``stats calls BY by``: BY fields first, then the aggregates, sorted by the BY values; without BY one row.

    A row without one of the BY fields is left out; one with several values in a BY field falls into a group for each.
    Source: Search Reference, "stats".

    Args:
        rel: the rows.
        calls: the calls; wildcards are expanded here.
        by: field names.
        ctx: the search.
        allnum: see ``aggregate``.
        dedup_splitvals: a row falls only once into the group of a value that it holds twice.
    """
    calls = expand_calls(calls, rel, by)
    check_names(calls, by, ctx)
    by = list(dict.fromkeys(by))
    rel, keys = _split(rel, by, dedup_splitvals)
    items = {name: rel.field(key) for name, key in zip(by, keys, strict=True)}
    listed = ", ".join(e.sql for e in items.values())
    for call in calls:
        items[call.name] = aggregate(call, argument_of(call, rel, ctx), time=time_of(rel), allnum=allnum)
    if not by:
        return rel.project(items, order="count(*)")  # an aggregate, so that there is one row whatever else is asked for
    present = " AND ".join(f"{rel.field(key).sql} IS NOT NULL" for key in keys)
    return rel.project(items, order=f"row_number() OVER (ORDER BY {listed})", tail=f"WHERE {present} GROUP BY {listed}")


def _split(rel: Relation, by: Sequence[str], dedup: bool) -> tuple[Relation, list[str]]:
    """One row per value of every multivalue BY field; returns the fields that hold the keys, too.

    The key goes to a field of its own, so that ``values(x) BY x`` still sees all values of x.
    """
    keys = list(by)
    for i, name in enumerate(by):
        value = rel.field(name)
        if value.kind is Kind.MV:
            keys[i] = f"__by{i}"
            values = f"list_distinct({value.sql})" if dedup else value.sql
            rel = rel.extend({keys[i]: Expr(f"unnest({values})", Kind.STR)})
        elif value is NULL:
            keys[i] = f"__by{i}"
            rel = rel.extend({keys[i]: NULL})
    return rel, keys


__all__ = ["AGGREGATES", "AggregateCall", "Rows", "aggregate", "aggregate_function", "group", "parse_calls"]
