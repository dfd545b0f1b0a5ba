"""Fields that the data names: pairs of name and values found in each row become columns.

The rows are computed first, since only they know the names.
"""

from __future__ import annotations

from collections.abc import Callable

from replay.context import Context
from replay.relation import Expr, Kind, Relation, as_list, cast, common_kind, quote

Merge = Callable[[Expr, Expr], Expr]
"""(the field as it was, the values found) -> the field."""


def add_pairs(rel: Relation, pairs: str, ctx: Context, merge: Merge) -> Relation:
    """Add a column for every name that any row has.

    Args:
        rel: the rows.
        pairs: SQL over ``rel`` of a VARCHAR[][]: ``[name, value, …]`` for each name, each name once.
        ctx: the search.
        merge: what becomes of a field that exists already.
    """
    by_name = "SELECT *, MAP(list_transform(__pairs, lambda p: p[1]), __pairs) AS __map FROM ({})"
    rel = ctx.materialize(rel.derive(by_name.format(f"SELECT *, {pairs} AS __pairs FROM {rel.name}"), rel.columns))
    counts = ctx.engine.execute(
        f"SELECT pair[1], max(len(pair)) FROM (SELECT unnest(__pairs) AS pair FROM {rel.name}) GROUP BY 1 ORDER BY 1"
    )
    items: dict[str, Expr] = {}
    for name, length in counts:
        values = f"__map[{quote(name)}]"
        found = Expr(f"{values}[2]", Kind.STR) if length == 2 else Expr(f"spl_mv({values}[2:])", Kind.MV)
        items[name] = merge(rel.field(name), found) if rel.has(name) else found
    return rel.extend(items)


def keep_old(old: Expr, new: Expr) -> Expr:
    """The field as it was; the values found only where it has none."""
    return _first(old, new)


def prefer_new(old: Expr, new: Expr) -> Expr:
    """The values found; the field as it was where there are none."""
    return _first(new, old)


def add_new(old: Expr, new: Expr) -> Expr:
    """Both, as a multivalue."""
    lists = ", ".join(f"coalesce({as_list(e).sql}, [])" for e in (old, new))
    return Expr(f"spl_mv(list_concat({lists}))", Kind.MV)


def _first(a: Expr, b: Expr) -> Expr:
    kind = common_kind((a.kind, b.kind))
    return Expr(f"coalesce({cast(a, kind).sql}, {cast(b, kind).sql})", kind)
