"""tail: the last rows, last first."""

from __future__ import annotations

from typing import Self

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.plan import Parser
from replay.relation import ORDER, Relation
from replay.spl.scanner import Scanner


@command("tail")
class Tail(Command, frozen=True):
    """``tail [N]``: the last N rows (10), in reverse order. Source: Search Reference, "tail"."""

    limit: int

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the number."""
        options = s.options(("limit",), "tail")
        text = options.get("limit") or ("10" if s.done else s.value())
        s.finish("tail")
        return cls(s.integer(text, "tail"))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Turn round and cut."""
        rel = rel.derive(f"SELECT * FROM {rel.name} ORDER BY {ORDER} DESC LIMIT {self.limit}", rel.columns)
        return rel.renumber(f"{ORDER} DESC")

    def needs(self, after: Needs) -> Needs:
        """Nothing of its own."""
        return after
