"""Smallest and largest. Source: Search Reference, "Aggregate functions": numbers sort before text."""

from __future__ import annotations

from replay.aggregates import Rows, aggregate_function
from replay.relation import Expr, Kind


@aggregate_function("min")
def min_(rows: Rows) -> Expr:
    """The smallest number; if there is no number, the first text in byte order."""
    value = rows.argument
    if value.kind is Kind.NUM:
        return Expr(rows.sql(f"min({value.sql})"), Kind.NUM)
    if rows.multivalue:
        return Expr(f"spl_list_min({rows.all_values()})", Kind.STR)
    number = f"spl_num({value.sql})"
    smallest = rows.sql(f"arg_min({value.sql}, {number})")
    return Expr(f"coalesce({smallest}, {rows.sql(f'min({value.sql})')})", Kind.STR)


@aggregate_function("max")
def max_(rows: Rows) -> Expr:
    """The last text in byte order; if there is no text that is not a number, the largest number."""
    value = rows.argument
    if value.kind is Kind.NUM:
        return Expr(rows.sql(f"max({value.sql})"), Kind.NUM)
    if rows.multivalue:
        return Expr(f"spl_list_max({rows.all_values()})", Kind.STR)
    number = f"spl_num({value.sql})"
    last_text = rows.sql(f"max({value.sql})", f"{number} IS NULL")
    return Expr(f"coalesce({last_text}, {rows.sql(f'arg_max({value.sql}, {number})')})", Kind.STR)
