"""where: keep the rows for which a Boolean eval expression is true."""

from __future__ import annotations

from typing import Self

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.expressions import EvalCompiler
from replay.functions.fields import fields_read
from replay.plan import Parser
from replay.relation import Relation
from replay.spl.evals import EvalExpr, parse_whole
from replay.spl.scanner import Scanner


@command("where")
class Where(Command, frozen=True):
    """``where <Boolean expression>``; null counts as false. Source: Search Reference, "where"."""

    predicate: EvalExpr

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the expression."""
        return cls(parse_whole(s, "where"))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Filter."""
        return rel.filter(EvalCompiler(rel, ctx).boolean(self.predicate).sql)

    def needs(self, after: Needs) -> Needs:
        """The fields of the expression, too."""
        return after | Needs(frozenset(fields_read(self.predicate)))
