"""mvexpand: one row for each value of a multivalue field."""

from __future__ import annotations

from typing import Self

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.plan import Parser
from replay.relation import ORDER, Expr, Kind, Relation
from replay.spl.scanner import Scanner


@command("mvexpand")
class MvExpand(Command, frozen=True):
    """``mvexpand <field> [limit=N]``: the other fields are copied; a row without the field stays as it is.

    Source: Search Reference, "mvexpand"; ``limit`` is the number of values per row, 0 is all.
    """

    field: str
    limit: int = 0

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the field and the limit, in any order."""
        options = s.options(("limit",), "mvexpand")
        field = s.field()
        options |= s.options(("limit",), "mvexpand")
        s.finish("mvexpand")
        if field.startswith("_"):
            raise s.error(f"`mvexpand` does not work on internal fields such as `{field}`")
        return cls(field, s.integer(options.get("limit", "0"), "limit"))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Unnest."""
        values = rel.field(self.field)
        if values.kind is not Kind.MV:
            return rel
        some = f"{values.sql}[1:{self.limit}]" if self.limit else values.sql
        listed = f"coalesce({some}, [CAST(NULL AS VARCHAR)])"
        each = f"unnest({listed}) AS __value, generate_subscripts({listed}, 1) AS __position"
        # Not by LATERAL: inside it DuckDB reads a field called "user" as the name of the database's user.
        expanded = rel.derive(f"SELECT *, {each} FROM {rel.name}", rel.columns)
        items = {name: rel.field(name) for name in rel.columns} | {self.field: Expr("__value", Kind.STR)}
        return expanded.project(items, order=f"row_number() OVER (ORDER BY {ORDER}, __position)")

    def needs(self, after: Needs) -> Needs:
        """The field."""
        return after | Needs.of(self.field)
