"""accum, delta and autoregress: what a row owes to the rows before it."""

from __future__ import annotations

from typing import Self

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.plan import Parser
from replay.relation import ORDER, Expr, Kind, Relation, as_number
from replay.spl.scanner import Scanner


@command("accum")
class Accum(Command, frozen=True):
    """``accum <field> [AS <name>]``: the running total. Source: Search Reference, "accum".

    Rows without a number add nothing and get no total.
    """

    field: str
    name_of_total: str

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the field and the name."""
        field = s.field()
        target = s.field() if s.keyword("as") else field
        s.finish("accum")
        return cls(field, target)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Sum up."""
        value = as_number(rel.field(self.field)).sql
        total = f"CASE WHEN {value} IS NOT NULL THEN sum({value}) OVER (ORDER BY {ORDER}) END"
        return rel.extend({self.name_of_total: Expr(total, Kind.NUM)})

    def needs(self, after: Needs) -> Needs:
        """The field."""
        return after | Needs.of(self.field)


@command("delta")
class Delta(Command, frozen=True):
    """``delta <field> [AS <name>] [p=N]``: the value less that of the row N before (1); named ``delta(<field>)``.

    Source: Search Reference, "delta"; nothing where one of the two is no number.
    """

    field: str
    target: str
    back: int = 1

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the field, the name and the distance."""
        options = s.options(("p",), "delta")
        field = s.field()
        options |= s.options(("p",), "delta")
        target = s.field() if s.keyword("as") else f"delta({field})"
        options |= s.options(("p",), "delta")
        s.finish("delta")
        back = s.integer(options.get("p", "1"), "p")
        if back < 1:
            raise s.error("`delta p=` is at least 1")
        return cls(field, target, back)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Subtract."""
        value = as_number(rel.field(self.field)).sql
        return rel.extend({self.target: Expr(f"{value} - lag({value}, {self.back}) OVER (ORDER BY {ORDER})", Kind.NUM)})

    def needs(self, after: Needs) -> Needs:
        """The field."""
        return after | Needs.of(self.field)


@command("autoregress")
class AutoRegress(Command, frozen=True):
    """``autoregress <field> [AS <name>] [p=N | p=N1-N2]``: values of earlier rows, named ``<field>_p<N>``.

    Source: Search Reference, "autoregress"; a name of one's own goes with one distance only.
    """

    field: str
    target: str | None
    back: range

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the field, the name and the distances."""
        field = s.field()
        options = s.options(("p",), "autoregress")
        target = s.field() if s.keyword("as") else None
        options |= s.options(("p",), "autoregress")
        s.finish("autoregress")
        first, _, last = options.get("p", "1").partition("-")
        back = range(s.integer(first, "p"), s.integer(last or first, "p") + 1)
        if not back or back[0] < 1 or (target is not None and len(back) > 1):
            raise s.error("`autoregress p=` is N or N1-N2, at least 1; AS goes with a single N")
        return cls(field, target, back)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Copy."""
        e = rel.field(self.field)
        return rel.extend(
            {
                self.target or f"{self.field}_p{n}": Expr(f"lag({e.sql}, {n}) OVER (ORDER BY {ORDER})", e.kind)
                for n in self.back
            }
        )

    def needs(self, after: Needs) -> Needs:
        """The field."""
        return after | Needs.of(self.field)
