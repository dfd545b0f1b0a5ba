"""First and last seen, earliest and latest by ``_time``. Source: Search Reference, "Event order functions", "Time
functions".

Events come newest first, so of two events of one second the one that comes later is the earlier one.
"""

from __future__ import annotations

from replay.aggregates import Rows, aggregate_function
from replay.relation import NULL, Expr, Kind, as_number

_NO_TIME = Expr("CAST(NULL AS DOUBLE)", Kind.NUM)


@aggregate_function("first")
def first(rows: Rows) -> Expr:
    """The value seen first; a multivalue stays one."""
    return _same_kind(rows, rows.sql(f"arg_min({rows.argument.sql}, {rows.order})"))


@aggregate_function("last")
def last(rows: Rows) -> Expr:
    """The value seen last."""
    return _same_kind(rows, rows.sql(f"arg_max({rows.argument.sql}, {rows.order})"))


@aggregate_function("earliest")
def earliest(rows: Rows) -> Expr:
    """The value of the row with the smallest ``_time``."""
    return _at(rows, "arg_min", rows.argument)


@aggregate_function("latest")
def latest(rows: Rows) -> Expr:
    """The value of the row with the largest ``_time``."""
    return _at(rows, "arg_max", rows.argument)


@aggregate_function("earliest_time")
def earliest_time(rows: Rows) -> Expr:
    """The smallest ``_time`` of a row that has the field."""
    return _time(rows, "min", rows.argument)


@aggregate_function("latest_time")
def latest_time(rows: Rows) -> Expr:
    """The largest ``_time`` of a row that has the field."""
    return _time(rows, "max", rows.argument)


@aggregate_function("rate")
def rate(rows: Rows) -> Expr:
    """How much the number grows in a second: (latest - earliest) / (latest time - earliest time)."""
    value = as_number(rows.argument)
    grown = f"{_at(rows, 'arg_max', value).sql} - {_at(rows, 'arg_min', value).sql}"
    passed = f"{_time(rows, 'max', value).sql} - {_time(rows, 'min', value).sql}"
    return Expr(f"(({grown}) / nullif({passed}, 0))", Kind.NUM)


def _same_kind(rows: Rows, sql: str) -> Expr:
    return Expr(sql, rows.argument.kind)


def _at(rows: Rows, function: str, value: Expr) -> Expr:
    if rows.time is None:
        return NULL if value.kind is Kind.STR else Expr(f"CAST(NULL AS {value.kind.value})", value.kind)
    present = f"{rows.time} IS NOT NULL AND {value.sql} IS NOT NULL"
    return Expr(rows.sql(f"{function}({value.sql}, row({rows.time}, -{rows.order}))", present), value.kind)


def _time(rows: Rows, function: str, value: Expr) -> Expr:
    if rows.time is None:
        return _NO_TIME
    return Expr(rows.sql(f"{function}({rows.time})", f"{value.sql} IS NOT NULL"), Kind.NUM)
