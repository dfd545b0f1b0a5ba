"""mvcombine: merge rows that differ in one field only."""

from __future__ import annotations

from typing import Self

from msgspec.structs import replace

from replay.commands import Command, command
from replay.context import Context
from replay.plan import Parser
from replay.relation import ORDER, Expr, Kind, Relation, as_list
from replay.spl.scanner import Scanner


@command("mvcombine")
class MvCombine(Command, frozen=True):
    """``mvcombine [delim=" "] field``. Source: Search Reference, "mvcombine": the delimiter shows after ``nomv``."""

    field: str
    delim: str = " "

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the delimiter and the field."""
        options = s.options(("delim",), "mvcombine")
        if s.done:
            raise s.error("`mvcombine` needs a field")
        at = s.pos
        field = s.field()
        if field.startswith("_"):
            raise s.error(f"`mvcombine` does not work on internal fields such as `{field}`", at)
        options |= s.options(("delim",), "mvcombine")
        s.finish("mvcombine")
        return cls(field, options.get("delim", " "))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Group by all other fields; a merged row stands where its first row stood."""
        if not rel.has(self.field):
            return rel
        value = as_list(rel.field(self.field)).sql
        values = f"flatten(list({value} ORDER BY {ORDER}) FILTER (WHERE {value} IS NOT NULL))"
        items = {name: rel.field(name) for name in rel.columns}
        others = [e.sql for name, e in items.items() if name != self.field]
        items[self.field] = replace(Expr(values, Kind.MV), delimiter=self.delim)
        grouping = f"GROUP BY {', '.join(others)}" if others else "HAVING count(*) > 0"
        return rel.project(items, order=f"min({ORDER})", tail=grouping)
