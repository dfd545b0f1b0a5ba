"""How many, how many different, and which most often. Source: Search Reference, "Aggregate functions"."""

from __future__ import annotations

from replay.aggregates import Rows, aggregate_function
from replay.relation import Expr, Kind, as_text


@aggregate_function("count", "c")
def count(rows: Rows) -> Expr:
    """``count``: rows; ``count(x)``: values of x; ``count(eval(p))``: rows where p is true."""
    if rows.value is None:
        return _number(rows.sql("count(*)"))
    if rows.multivalue:
        return _number(f"coalesce({rows.sql(f'sum(len({rows.argument.sql}))')}, 0)")
    return _number(rows.over_texts("count"))


@aggregate_function("dc", "distinct_count", "estdc")
def distinct_count(rows: Rows) -> Expr:
    """Different values, as text. ``estdc`` estimates in Splunk from 1,000 values on; here it is exact."""
    if rows.multivalue:
        return _number(f"coalesce(len(list_distinct({rows.all_values()})), 0)")
    return _number(rows.sql(f"count(DISTINCT {rows.argument.sql})"))


@aggregate_function("estdc_error")
def estdc_error(rows: Rows) -> Expr:
    """The error of ``estdc``: none, since it is exact here."""
    return _number(rows.sql("min(0)"))


@aggregate_function("mode")
def mode(rows: Rows) -> Expr:
    """The most frequent value; of several, the first in byte order (Splunk leaves it open)."""
    if rows.multivalue:
        return Expr(f"list_aggregate(list_sort({rows.all_values()}), 'mode')", Kind.STR)
    text = as_text(rows.argument).sql
    return Expr(rows.sql(f"mode({text} ORDER BY {text})"), Kind.STR)


def _number(sql: str) -> Expr:
    return Expr(f"CAST({sql} AS DOUBLE)", Kind.NUM)
