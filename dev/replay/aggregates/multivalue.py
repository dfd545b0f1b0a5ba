"""All values, as a multivalue. Source: Search Reference, "Multivalue stats and chart functions"."""

from __future__ import annotations

from replay.aggregates import Rows, aggregate_function
from replay.relation import Expr, Kind, as_text

LIST_LIMIT = 100  # limits.conf.spec, [stats|sistats] list_maxsize


@aggregate_function("list")
def list_(rows: Rows) -> Expr:
    """The first 100 values, in order, repeated ones too."""
    if rows.multivalue:
        rows_read = rows.sql(f"arg_min({rows.argument.sql}, {rows.order}, {LIST_LIMIT})")
        return Expr(f"flatten({rows_read})[1:{LIST_LIMIT}]", Kind.MV)
    return Expr(rows.sql(f"arg_min({as_text(rows.argument).sql}, {rows.order}, {LIST_LIMIT})"), Kind.MV)


@aggregate_function("values")
def values(rows: Rows) -> Expr:
    """The different values in byte order, all of them."""
    if rows.multivalue or rows.over:
        texts = rows.all_values() if rows.multivalue else _texts(rows)
        return Expr(f"list_sort(list_distinct({texts}))", Kind.MV)
    text = as_text(rows.argument).sql
    return Expr(rows.sql(f"list(DISTINCT {text} ORDER BY {text})", f"{text} IS NOT NULL"), Kind.MV)


def _texts(rows: Rows) -> str:
    text = as_text(rows.argument).sql
    return rows.sql(f"list({text})", f"{text} IS NOT NULL")
