"""filldown: repeat the last value where there is none."""

from __future__ import annotations

from typing import Self

from replay.commands import Command, Needs, command
from replay.commands.fields import expand
from replay.context import Context
from replay.plan import Parser
from replay.relation import ORDER, Expr, Relation
from replay.spl.scanner import Scanner


@command("filldown")
class FillDown(Command, frozen=True):
    """``filldown [fields]``: a missing value becomes the last one above it. Source: Search Reference, "filldown"."""

    names: tuple[str, ...]

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the list; none is all fields."""
        names = s.fields()
        s.finish("filldown")
        return cls(tuple(names or ["*"]))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Fill each field that exists."""
        filled = {}
        for name in expand(self.names, rel):
            if rel.has(name):
                e = rel.field(name)
                filled[name] = Expr(f"last_value({e.sql} IGNORE NULLS) OVER (ORDER BY {ORDER})", e.kind)
        return rel.extend(filled)

    def needs(self, after: Needs) -> Needs:
        """Each field depends on itself alone."""
        return after
