"""reverse: the rows in the opposite order."""

from __future__ import annotations

from typing import Self

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.plan import Parser
from replay.relation import ORDER, Relation
from replay.spl.scanner import Scanner


@command("reverse")
class Reverse(Command, frozen=True):
    """``reverse``. Source: Search Reference, "reverse"."""

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """There are no arguments."""
        s.finish("reverse")
        return cls()

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Turn the order round."""
        return rel.renumber(f"{ORDER} DESC")

    def needs(self, after: Needs) -> Needs:
        """Nothing of its own."""
        return after
