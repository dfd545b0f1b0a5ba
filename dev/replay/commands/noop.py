"""Commands that change where or how Splunk works or shows results, but not the results."""

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


@command("noop", "localop", "highlight", "iconify", "redistribute")
class NoOp(Command, frozen=True):
    """``localop`` and ``redistribute`` say which machine works, ``highlight`` and ``iconify`` how the screen looks,
    ``noop`` sets what the optimizer does. Source: Search Reference, under these names.
    """

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Pass the arguments: none of them can change a result."""
        s.pos = s.end
        return cls()

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """The same rows."""
        return rel

    def needs(self, after: Needs) -> Needs:
        """Nothing of its own."""
        return after


@command("fieldformat")
class FieldFormat(Command, frozen=True):
    """``fieldformat <field>=<expression>``: how a value is shown. The value stays, as it does for every later command
    and for exported results in Splunk. Source: Search Reference, "fieldformat".
    """

    field: str
    expression: EvalExpr

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the field and the expression."""
        field = s.field()
        s.expect("=", f"after `{field}` in fieldformat")
        return cls(field, parse_whole(s, "fieldformat"))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """The same rows, if the expression makes sense."""
        EvalCompiler(rel, ctx).value(self.expression)
        return rel

    def needs(self, after: Needs) -> Needs:
        """The fields of the expression, so that a mistake in it shows."""
        return after | Needs(frozenset(fields_read(self.expression)))
