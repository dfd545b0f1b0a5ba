"""fillnull: put a value where there is none."""

from __future__ import annotations

from typing import Self

from replay.commands import Command, Needs, command
from replay.commands.fields import expand
from replay.context import Context
from replay.plan import Parser
from replay.relation import Expr, Kind, Relation, as_list, as_text, number, string
from replay.spl.scanner import Scanner


@command("fillnull")
class FillNull(Command, frozen=True):
    """``fillnull [value=v] [fields]``. Source: Search Reference, "fillnull".

    Listed fields are created where they do not exist. Without a list all fields are filled that have a value in at
    least one row (one that has none does not exist), internal ones excepted.
    """

    value: str = "0"
    names: tuple[str, ...] = ()

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the value and the list, in either order."""
        options = s.options(("value",), "fillnull")
        names: list[str] = []
        while not s.done:
            found = s.options(("value",), "fillnull")
            options |= found
            if not found and not s.accept(","):
                names.append(s.field())
        return cls(options.get("value", "0"), tuple(names))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Fill each field."""
        if self.names:
            return rel.extend({name: self._filled(rel.field(name)) for name in expand(self.names, rel)})
        filled: dict[str, Expr] = {}
        for name in rel.columns:
            if not name.startswith("_"):
                e = rel.field(name)
                full = self._filled(e)
                empty = f"count({e.sql}) OVER () = 0"
                filled[name] = Expr(f"CASE WHEN {empty} THEN NULL ELSE {full.sql} END", full.kind)
        return rel.extend(filled)

    def _filled(self, e: Expr) -> Expr:
        value = string(self.value)
        if e.kind is Kind.MV:
            value = as_list(value)
        elif e.kind is Kind.NUM and self.value.isdigit() and str(int(self.value)) == self.value:
            value = number(float(self.value))
        else:
            e = as_text(e)
        return Expr(f"coalesce({e.sql}, {value.sql})", value.kind)

    def needs(self, after: Needs) -> Needs:
        """The listed fields; each depends on itself alone."""
        return after | Needs(frozenset(self.names))
