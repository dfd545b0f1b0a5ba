"""Arithmetic over values that are numbers; others are ignored. Source: Search Reference, "Aggregate functions"."""

from __future__ import annotations

from replay.aggregates import Rows, aggregate_function
from replay.relation import Expr, Kind, as_number


@aggregate_function("sum")
def sum_(rows: Rows) -> Expr:
    """The sum; null if no value is a number."""
    return Expr(rows.over_numbers("sum"), Kind.NUM)


@aggregate_function("avg", "mean")
def avg(rows: Rows) -> Expr:
    """The arithmetic mean."""
    return Expr(rows.over_numbers("avg"), Kind.NUM)


@aggregate_function("range")
def range_(rows: Rows) -> Expr:
    """The largest number minus the smallest."""
    return Expr(f"({rows.over_numbers('max')} - {rows.over_numbers('min')})", Kind.NUM)


@aggregate_function("sumsq")
def sumsq(rows: Rows) -> Expr:
    """The sum of the squares."""
    if rows.multivalue:
        return Expr(f"list_sum(list_transform(spl_nums({rows.all_values()}), lambda v: v * v))", Kind.NUM)
    value = as_number(rows.argument).sql
    return Expr(rows.sql(f"sum({value} * {value})"), Kind.NUM)


@aggregate_function("stdev")
def stdev(rows: Rows) -> Expr:
    """The sample standard deviation; 0 for a single value."""
    return _sample(rows, "stddev_samp")


@aggregate_function("stdevp")
def stdevp(rows: Rows) -> Expr:
    """The population standard deviation."""
    return Expr(rows.over_numbers("stddev_pop"), Kind.NUM)


@aggregate_function("var")
def var(rows: Rows) -> Expr:
    """The sample variance; 0 for a single value."""
    return _sample(rows, "var_samp")


@aggregate_function("varp")
def varp(rows: Rows) -> Expr:
    """The population variance."""
    return Expr(rows.over_numbers("var_pop"), Kind.NUM)


def _sample(rows: Rows, function: str) -> Expr:
    return Expr(f"coalesce({rows.over_numbers(function)}, {rows.over_numbers('var_pop')})", Kind.NUM)
