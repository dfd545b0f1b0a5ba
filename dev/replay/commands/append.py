"""append: the rows of a subsearch, after those there are."""

from __future__ import annotations

from typing import Self

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.plan import Parser, Pipeline
from replay.relation import Relation, union
from replay.spl.scanner import Scanner
from replay.subsearches import rows_of

MAX_ROWS = 50_000
_OPTIONS = ("extendtimerange", "maxtime", "maxout", "timeout")


@command("append")
class Append(Command, frozen=True):
    """``append [extendtimerange=b] [maxtime=N] [maxout=N] [timeout=N] [ subsearch ]``.

    Source: Search Reference, "append". Time limits make no difference here.
    """

    body: Pipeline
    maxout: int = MAX_ROWS

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read options and subsearch."""
        options = s.options(_OPTIONS, "append")
        body = parser.subsearch(s.bracketed("["))
        options |= s.options(_OPTIONS, "append")
        s.finish("append")
        s.boolean(options.get("extendtimerange", "f"))
        for name in ("maxtime", "timeout"):
            s.integer(options.get(name, "0"), name)
        return cls(body, s.integer(options.get("maxout", str(MAX_ROWS)), "maxout"))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Add the rows; fields are united."""
        return union([rel, rows_of(self.body, ctx, self.maxout, self.name)])

    def needs(self, after: Needs) -> Needs:
        """Nothing of its own."""
        return after
