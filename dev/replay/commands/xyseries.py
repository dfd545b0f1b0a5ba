"""xyseries: from one row per value to one column per value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

from replay.aggregates import at_option
from replay.commands import Command, Needs, command
from replay.commands.sort import SortKey, order_terms
from replay.context import Context
from replay.errors import SearchError
from replay.plan import Parser
from replay.relation import ORDER, Expr, Kind, Relation, as_text, quote
from replay.spl.scanner import Scanner

_OPTIONS = ("grouped", "sep", "format")


@command("xyseries")
class XYSeries(Command, frozen=True):
    """``xyseries [grouped=] x name value… [sep=": "] [format=]``. Source: Search Reference, "xyseries".

    Of several rows with one x and one name, the last gives the value.
    """

    x: str
    series: str
    values: tuple[str, ...]
    sep: str = ": "
    format: str | None = None

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the fields and options."""
        options: dict[str, str] = {}
        names: list[str] = []
        while not s.done:
            if at_option(s, _OPTIONS):
                options |= s.options(_OPTIONS, "xyseries")
            elif not s.accept(","):
                names.append(s.field())
        if len(names) < 3:
            raise s.error("`xyseries` needs three fields: x, the field of the series names, and a value field")
        s.boolean(options.get("grouped", "f"))
        return cls(names[0], names[1], tuple(names[2:]), options.get("sep", ": "), options.get("format"))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """The names of the series are in the data: look, then turn rows into columns."""
        rel = ctx.materialize(rel)
        series = series_names(rel, self.series, ctx)
        label = labeller(self.values, self.sep, self.format)
        return pivot(rel, self.x, self.series, series, self.values, label)

    def needs(self, after: Needs) -> Needs:
        """The named fields and no others."""
        return Needs.of(self.x, self.series, *self.values)


def series_names(rel: Relation, field: str, ctx: Context) -> list[str]:
    """The different values of a field of a materialised relation, in order."""
    terms = ", ".join(order_terms(Expr("name", Kind.STR), SortKey("name")))
    names = f"SELECT DISTINCT {as_text(rel.field(field)).sql} AS name FROM {rel.name}"
    return [str(name) for (name,) in ctx.engine.execute(f"{names} WHERE name IS NOT NULL ORDER BY {terms}")]


def labeller(values: Sequence[str], sep: str, form: str | None) -> Callable[[str, str], str]:
    """How a column is named by its value field (or aggregate) and its series: by the series alone if there is only one
    value field, else ``value: series``; ``format`` holds ``$AGG$`` and ``$VAL$``."""

    def label(value: str, series: str) -> str:
        if form is not None:
            return form.replace("$AGG$", value).replace("$VAL$", series)
        return series if len(values) == 1 else f"{value}{sep}{series}"

    return label


def pivot(
    rel: Relation, x: str, series: str, names: Sequence[str], values: Sequence[str], label: Callable[[str, str], str]
) -> Relation:
    """One row per x, sorted by it, with a column for every value field and series.

    Args:
        rel: the rows.
        x: the field that names the rows.
        series: the field that names the columns.
        names: the values of ``series`` that get columns, in this order.
        values: the fields that fill the cells; the last row of a cell wins.
        label: (value field, series) -> column name.

    Raises:
        SearchError: two columns would have one name.
    """
    key = rel.field(x)
    name = as_text(rel.field(series)).sql
    items = {x: key}
    for value in values:
        e = rel.field(value)
        for one in names:
            cell = f"arg_max({e.sql}, {ORDER}) FILTER (WHERE {name} = {quote(one)})"
            column = label(value, one)
            if column in items:
                raise SearchError(f"two series would make the column `{column}`: rename the field or use sep or format")
            items[column] = Expr(cell, e.kind)
    terms = ", ".join(order_terms(key, SortKey(x)))
    return rel.project(
        items, order=f"row_number() OVER (ORDER BY {terms})", tail=f"WHERE {key.sql} IS NOT NULL GROUP BY {key.sql}"
    )
