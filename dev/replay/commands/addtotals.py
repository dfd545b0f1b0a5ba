"""addtotals and addcoltotals: sums of rows and of columns."""

from __future__ import annotations

from typing import Self

from replay.aggregates import at_option
from replay.commands import Command, command
from replay.commands.fields import expand
from replay.context import Context
from replay.plan import Parser
from replay.relation import ORDER, Expr, Kind, Relation, as_number, string, union
from replay.spl.scanner import Scanner


class _Totals(Command, frozen=True):
    """What the two commands share."""

    fields: tuple[str, ...] = ()
    row: bool = True
    col: bool = False
    fieldname: str = "Total"
    label: str = "Total"
    labelfield: str | None = None

    @classmethod
    def _read(cls, s: Scanner, allowed: tuple[str, ...], row: bool, col: bool) -> Self:
        options: dict[str, str] = {}
        names: list[str] = []
        while not s.done:
            if at_option(s, allowed):
                options |= s.options(allowed, cls.name)
            elif not s.accept(","):
                names.append(s.field())
                if s.peek() == "=":
                    raise s.error(f"`{cls.name}` has no option `{names[-1]}` (it has: {', '.join(allowed)})")
        return cls(
            tuple(names),
            s.boolean(options["row"]) if "row" in options else row,
            s.boolean(options["col"]) if "col" in options else col,
            options.get("fieldname", "Total"),
            options.get("label", "Total"),
            options.get("labelfield"),
        )

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Sum each row, then each column."""
        summed = expand(self.fields, rel) if self.fields else [n for n in rel.columns if not n.startswith("_")]
        summed = [name for name in summed if rel.has(name)]
        if self.row:
            terms = " + ".join(f"coalesce({as_number(rel.field(name)).sql}, 0)" for name in summed) or "0"
            rel = rel.extend({self.fieldname: Expr(f"CAST({terms} AS DOUBLE)", Kind.NUM)})
            summed = [*(name for name in summed if name != self.fieldname), self.fieldname]
        return self._with_column_totals(rel, summed) if self.col else rel

    def _with_column_totals(self, rel: Relation, summed: list[str]) -> Relation:
        totals = {name: Expr(f"sum({as_number(rel.field(name)).sql})", Kind.NUM) for name in summed}
        if self.labelfield is not None:
            totals[self.labelfield] = string(self.label)
        return union([rel, rel.project(totals, order=f"coalesce(max({ORDER}), 0) + 1")])


@command("addtotals")
class AddTotals(_Totals, frozen=True):
    """``addtotals [row=t] [col=f] [labelfield=] [label=Total] [fieldname=Total] [fields]``.

    Values that are no number do not count; without a list all fields but internal ones do. Source: Search Reference,
    "addtotals".
    """

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read options and fields."""
        return cls._read(s, ("row", "col", "labelfield", "label", "fieldname"), True, False)


@command("addcoltotals")
class AddColTotals(_Totals, frozen=True):
    """``addcoltotals [labelfield=] [label=Total] [fields]``: one more row with the sums of the columns.

    Source: Search Reference, "addcoltotals".
    """

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read options and fields."""
        return cls._read(s, ("labelfield", "label"), False, True)
