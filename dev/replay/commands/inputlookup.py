"""inputlookup: the rows of a lookup table."""

from __future__ import annotations

from typing import Self

from replay.commands import EVERYTHING, Command, Needs, command
from replay.context import Context
from replay.errors import SearchError
from replay.lookup_table import find_lookup, lookup_rows
from replay.plan import Parser
from replay.relation import ORDER, Relation, union
from replay.spl.scanner import Scanner
from replay.spl.search import SearchExpr, has_subsearch
from replay.terms import compile_terms, resolve_subsearches

_OPTIONS = ("append", "strict", "start", "max")


@command("inputlookup")
class InputLookup(Command, frozen=True):
    """``inputlookup [append=b] [strict=b] [start=N] [max=N] <table> [where <search>]``.

    Source: Search Reference, "inputlookup". ``strict`` makes no difference: a table that cannot be read is an error.
    """

    table: str
    append: bool = False
    start: int = 0
    limit: int | None = None
    where: SearchExpr | None = None

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read options (before or after the table), the table, and the where clause."""
        options = s.options(_OPTIONS, "inputlookup")
        table = s.value("the name of a lookup")
        options |= s.options(_OPTIONS, "inputlookup")
        where = parser.expression(s) if s.keyword("where") else None
        s.finish("inputlookup")
        s.boolean(options.get("strict", "f"))
        limit = s.integer(options["max"], "max") if "max" in options else None
        start = s.integer(options.get("start", "0"), "start")
        return cls(table, s.boolean(options.get("append", "f")), start, limit, where)

    def generate(self, ctx: Context, needs: Needs) -> Relation:
        """The rows of the table, in file order."""
        rel = lookup_rows(find_lookup(self.table, ctx), ctx)
        if self.where is not None:
            where = resolve_subsearches(self.where, ctx)
            rel = rel.filter(compile_terms(where, rel.field, ctx))
        if self.start or self.limit is not None:
            rel = rel.renumber(ORDER)
            upper = f" AND {ORDER} <= {self.start + self.limit}" if self.limit is not None else ""
            rel = rel.filter(f"{ORDER} > {self.start}{upper}")
        return rel

    def reads_events(self) -> bool:
        """Only if its where clause holds a subsearch."""
        return self.where is not None and has_subsearch(self.where)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """With append=t, the rows come after those there are."""
        if not self.append:
            raise SearchError("`inputlookup` must be the first command, or have append=t", ctx.place)
        return union([rel, self.generate(ctx, EVERYTHING)])

    def needs(self, after: Needs) -> Needs:
        """Nothing of its own."""
        return after
