"""rangemap: name the range that a number lies in."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Self

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.plan import Parser
from replay.relation import Expr, Kind, Relation, as_number, quote
from replay.spl.scanner import Scanner

_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)-(-?\d+(?:\.\d+)?)")


@command("rangemap")
class RangeMap(Command, frozen=True):
    """``rangemap field=<field> [<name>=<low>-<high>] … [default=<name>]``: sets the field ``range``.

    Source: Search Reference, "rangemap": both ends belong to a range; a number in several ranges gets several names;
    in none, the default, which is ``None``.
    """

    field: str
    ranges: tuple[tuple[str, float, float], ...]
    default: str = "None"

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the field, the ranges and the default, in any order."""
        field, default = "", "None"
        ranges: list[tuple[str, float, float]] = []
        while not s.done:
            if s.accept(","):
                continue
            name = s.field("field=, default= or the name of a range")
            s.expect("=", f"after `{name}` in rangemap")
            text = s.value(f"a value for `{name}`")
            if name.lower() == "field":
                field = text
            elif name.lower() == "default":
                default = text
            else:
                bounds = _RANGE.fullmatch(text)
                if bounds is None:
                    raise s.error(f"`{name}={text}` is no range: write {name}=<low>-<high>")
                ranges.append((name, float(bounds[1]), float(bounds[2])))
        if not field or not ranges:
            raise s.error("`rangemap` needs field= and at least one range")
        return cls(field, tuple(ranges), default)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Name the ranges."""
        value = as_number(rel.field(self.field)).sql
        names = [f"CASE WHEN {value} BETWEEN {low!r} AND {high!r} THEN {quote(n)} END" for n, low, high in self.ranges]
        ordered = sorted(self.ranges, key=lambda r: r[1])
        if any(low <= before[2] for before, (_, low, _) in pairwise(ordered)):
            found = f"coalesce(spl_mv([{', '.join(names)}]), [{quote(self.default)}])"
            return rel.extend({"range": Expr(found, Kind.MV)})
        return rel.extend({"range": Expr(f"coalesce({', '.join(names)}, {quote(self.default)})", Kind.STR)})

    def needs(self, after: Needs) -> Needs:
        """The field."""
        return Needs(after.names - {"range"} | {self.field}, after.everything)
