"""search: events that satisfy a search expression, or the rows so far that do."""

from __future__ import annotations

from typing import Self

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.plan import Parser
from replay.relation import Relation
from replay.spl.scanner import Scanner
from replay.spl.search import And, SearchExpr, fields_of, has_subsearch
from replay.terms import compile_terms, resolve_subsearches, split_time


@command("search")
class Search(Command, frozen=True):
    """``search <expression>``. Source: Search Reference, "search"."""

    expression: SearchExpr

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the expression."""
        return cls(parser.expression(s))

    def generate(self, ctx: Context, needs: Needs) -> Relation:
        """Events of the store, newest first."""
        expression = resolve_subsearches(self.expression, ctx)
        expression, when = split_time(expression, ctx)
        return ctx.store.events(ctx.within(when.earliest, when.latest), expression, needs)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Filter the rows; terms name the columns there are now."""
        expression = resolve_subsearches(self.expression, ctx)
        if expression == And(()):
            return rel
        return rel.filter(compile_terms(expression, rel.field, ctx))

    def needs(self, after: Needs) -> Needs:
        """The fields of the expression, too. What a subsearch gives is not known yet: then everything."""
        return after | Needs(frozenset(fields_of(self.expression)), has_subsearch(self.expression))

    def reads_events(self) -> bool:
        """Only if it holds a subsearch."""
        return has_subsearch(self.expression)
