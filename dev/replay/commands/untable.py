"""untable: from one column per value to one row per value."""

from __future__ import annotations

from typing import Self

from replay.commands import Command, command
from replay.context import Context
from replay.plan import Parser
from replay.relation import ORDER, Expr, Kind, Relation, cast, common_kind, quote
from replay.spl.scanner import Scanner


@command("untable")
class Untable(Command, frozen=True):
    """``untable x name value``: every other field of a row becomes a row. Source: Search Reference, "untable".

    Cells without a value and internal fields give no row.
    """

    x: str
    label: str
    value: str

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the three names."""
        names = s.fields()
        s.finish("untable")
        if len(names) != 3:
            raise s.error("`untable` takes three fields: x, a name for the labels, a name for the values")
        return cls(*names)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Unnest the names and the values side by side."""
        others = [name for name in rel.columns if name != self.x and not name.startswith("_")]
        if not others:
            return rel.keep([self.x, self.label, self.value]).filter("false")
        kind = common_kind(rel.field(name).kind for name in others)
        cells = ", ".join(cast(rel.field(name), kind).sql for name in others)
        labels = ", ".join(quote(name) for name in others)
        long = rel.project(
            {
                self.x: rel.field(self.x),
                self.label: Expr(f"unnest([{labels}])", Kind.STR),
                self.value: Expr(f"unnest([{cells}])", kind),
                "__cell": Expr(f"unnest(generate_series(1, {len(others)})) + 0.0", Kind.NUM),
            }
        )
        long = long.filter(f"{long.field(self.value).sql} IS NOT NULL AND {long.field(self.x).sql} IS NOT NULL")
        return long.renumber(f"{ORDER}, {long.field('__cell').sql}").drop(["__cell"])
