"""eval: compute fields."""

from __future__ import annotations

import re
from typing import Self

from replay.commands import EVERYTHING, Command, Needs, command
from replay.context import Context
from replay.expressions import EvalCompiler
from replay.functions.fields import fields_read
from replay.plan import Parser
from replay.relation import NULL, Expr, Kind, Relation, as_text, quote
from replay.spl.evals import EvalExpr, parse_eval
from replay.spl.scanner import Scanner

_PATTERN = re.compile(r"\{([^{}]+)\}")


@command("eval")
class Eval(Command, frozen=True):
    """``eval f=expr[, g=expr]…``, left to right. Source: Search Reference, "eval"."""

    assignments: tuple[tuple[str, EvalExpr], ...]

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the assignments."""
        found: list[tuple[str, EvalExpr]] = []
        while True:
            s.skip()
            at = s.pos
            name = s.field("the name of a field to compute")
            if "{" in _PATTERN.sub("", name.replace("{}", "")):
                raise s.error("braces {…} in the name of a field do not nest", at)
            s.expect("=", f"after `{name}` in eval")
            found.append((name, parse_eval(s)))
            if not s.accept(","):
                s.finish("eval")
                return cls(tuple(found))
            if s.done:
                return cls(tuple(found))

    def generate(self, ctx: Context, needs: Needs) -> Relation:
        """As first command, eval works on one empty result, as if ``makeresults`` stood before it."""
        from replay.commands.makeresults import MakeResults

        return self.plan(MakeResults().generate(ctx, needs), ctx)

    def reads_events(self) -> bool:
        """No: it computes over its rows."""
        return False

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Add or replace the fields; a null result removes the field from the row."""
        for name, expr in self.assignments:
            value = EvalCompiler(rel, ctx).value(expr)
            rel = _by_value(rel, name, value, ctx) if _PATTERN.search(name) else rel.extend({name: value})
        return rel

    def needs(self, after: Needs) -> Needs:
        """The fields of the expressions, instead of those computed."""
        for name, expr in reversed(self.assignments):
            if _PATTERN.search(name):
                return EVERYTHING
            after = Needs(after.names - {name}, after.everything) | Needs(frozenset(fields_read(expr)))
        return after


def _by_value(rel: Relation, pattern: str, value: Expr, ctx: Context) -> Relation:
    """``eval {a}=b``: the field is named by the value of ``a``, row by row, so the data must be looked at."""
    parts = _PATTERN.split(pattern)
    pieces = [quote(p) if i % 2 == 0 else as_text(rel.field(p)).sql for i, p in enumerate(parts)]
    hidden = "__name"
    rel = ctx.materialize(rel.extend({hidden: Expr(f"({' || '.join(pieces)})", Kind.STR), "__value": value}))
    name_sql = rel.field(hidden).sql
    rows = ctx.engine.execute(f"SELECT DISTINCT {name_sql} FROM {rel.name} WHERE {name_sql} <> '' ORDER BY 1")
    computed = rel.field("__value")
    fields: dict[str, Expr] = {}
    for (name,) in rows:
        old = rel.field(name)
        kind = computed.kind if old is NULL or old.kind is computed.kind else Kind.STR
        new = computed.sql if kind is computed.kind else as_text(computed).sql
        otherwise = "NULL" if old is NULL else old.sql if kind is old.kind else as_text(old).sql
        fields[name] = Expr(f"CASE WHEN {name_sql} = {quote(name)} THEN {new} ELSE {otherwise} END", kind)
    return rel.extend(fields).drop([hidden, "__value"])
