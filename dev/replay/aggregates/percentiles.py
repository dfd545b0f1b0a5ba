"""Percentiles and the median.

Splunk's page describes ranks and shows interpolated values (perc50 of 1…10 is 5.5, perc95 is 9.55); here they are
interpolated, which is what its digest gives. The median of an even number of values is the higher of the middle two,
as its page says. Source: Search Reference, "Aggregate functions".
"""

from __future__ import annotations

from replay.aggregates import Rows, aggregate_function
from replay.relation import Expr, Kind


@aggregate_function("perc", "p", "exactperc", "upperperc")
def percentile(rows: Rows) -> Expr:
    """``perc<N>(x)`` and its kin: all are exact here, so that they do not differ."""
    rank = rows.call.percentile
    assert rank is not None
    return Expr(rows.over_numbers("quantile_cont", min(rank, 100.0) / 100), Kind.NUM)


@aggregate_function("median")
def median(rows: Rows) -> Expr:
    """The middle value, of an even number of values the higher one of the middle two."""
    # A negative fraction makes DuckDB count from the top.
    return Expr(rows.over_numbers("quantile_disc", -0.5), Kind.NUM)
