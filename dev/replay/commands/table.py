"""table: these columns, in this order, and no others."""

from __future__ import annotations

from typing import Self

from replay.commands import Command, Needs, command
from replay.commands.fields import expand, field_names
from replay.context import Context
from replay.plan import Parser
from replay.relation import Relation
from replay.spl.scanner import Scanner


@command("table")
class Table(Command, frozen=True):
    """``table <field list>``; wildcards expand in alphabetical order. Source: Search Reference, "table"."""

    names: tuple[str, ...]

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the list."""
        names = field_names(s)
        s.finish("table")
        if not names:
            raise s.error("`table` needs at least one field")
        return cls(tuple(names))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Keep the listed columns; one that does not exist is empty."""
        return rel.keep(expand(self.names, rel))

    def needs(self, after: Needs) -> Needs:
        """The listed fields and no others."""
        return Needs(frozenset(self.names))
