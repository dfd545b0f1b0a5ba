"""head: the first rows, or the rows until a condition fails."""

from __future__ import annotations

from typing import Self

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.expressions import EvalCompiler
from replay.functions.fields import fields_read
from replay.plan import Parser
from replay.relation import ORDER, Relation
from replay.spl.evals import EvalExpr, parse_eval
from replay.spl.scanner import Scanner

_OPTIONS = ("limit", "null", "keeplast")


@command("head")
class Head(Command, frozen=True):
    """``head [N | limit=N] [<condition>] [null=b] [keeplast=b]``. Source: Search Reference, "head"."""

    limit: int | None
    condition: EvalExpr | None = None
    null: bool = False
    keeplast: bool = False

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the arguments, in any order."""
        limit: int | None = None
        condition: EvalExpr | None = None
        options: dict[str, str] = {}
        while not s.done:
            option = s.option(_OPTIONS)
            if option is not None:
                options[option[0]] = option[1]
            elif limit is None and s.peek_word().isdigit():
                limit = s.integer(s.value(), "head")
            elif condition is None:
                condition = parse_eval(s)
            else:
                s.finish("head")
        if "limit" in options:
            if limit is not None:
                raise s.error("`head` takes a number or `limit=`, not both")
            limit = s.integer(options["limit"], "limit")
        if limit is None and condition is None:
            limit = 10
        null, keeplast = (s.boolean(options.get(name, "f")) for name in ("null", "keeplast"))
        return cls(limit, condition, null, keeplast)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Cut at the first row where the condition fails, then at the limit."""
        if self.condition is not None:
            condition = EvalCompiler(rel, ctx).boolean(self.condition).sql
            passes = f"coalesce({condition}, {'true' if self.null else 'false'})"
            stop = f"coalesce(min(CASE WHEN NOT {passes} THEN {ORDER} END) OVER (), {ORDER} + 1)"
            before = "<=" if self.keeplast else "<"
            rel = rel.derive(f"SELECT * FROM {rel.name} QUALIFY {ORDER} {before} {stop}", rel.columns)
        if self.limit is not None:
            rel = rel.derive(f"SELECT * FROM {rel.name} ORDER BY {ORDER} LIMIT {self.limit}", rel.columns)
        return rel

    def needs(self, after: Needs) -> Needs:
        """The fields of the condition, too."""
        return after | Needs(frozenset(fields_read(self.condition) if self.condition is not None else ()))
