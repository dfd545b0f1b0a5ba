"""top and rare: the most and the least frequent values."""

from __future__ import annotations

from typing import Self

from replay.aggregates import AggregateCall, at_option, group
from replay.commands import Command, Needs, command
from replay.commands.stats import parse_by
from replay.context import Context
from replay.plan import Parser
from replay.relation import ORDER, Expr, Kind, Relation, string, union
from replay.spl.scanner import Scanner

_OPTIONS = ("limit", "showcount", "showperc", "countfield", "percentfield", "useother", "otherstr")
_RANK = "__rank"


@command("top")
class Top(Command, frozen=True):
    """``top [N] [options] fields [BY fields]``. Source: Search Reference, "top" and "rare".

    Rows without one of the fields do not count; of equal counts the smaller value comes first. The percentage is of
    the rows counted, within each BY group, with six decimals.
    """

    fields: tuple[str, ...]
    by: tuple[str, ...] = ()
    limit: int = 10
    countfield: str | None = "count"
    percentfield: str | None = "percent"
    otherstr: str | None = None

    descending = True

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read count, options, fields and BY fields."""
        options: dict[str, str] = {}
        word = s.peek_word()
        if word.isdigit():
            s.pos += len(word)
            options["limit"] = word
        fields: list[str] = []
        while not s.done and s.peek_word("=<>!").lower() != "by":
            if at_option(s, _OPTIONS):
                options |= s.options(_OPTIONS, cls.name)
            elif not s.accept(","):
                fields.append(s.field())
        by = parse_by(s, _OPTIONS)
        options |= s.options(_OPTIONS, cls.name)
        s.finish(cls.name)
        if not fields:
            raise s.error(f"`{cls.name}` needs a field")
        countfield = options.get("countfield", "count") if s.boolean(options.get("showcount", "t")) else None
        percentfield = options.get("percentfield", "percent") if s.boolean(options.get("showperc", "t")) else None
        otherstr = options.get("otherstr", "OTHER") if s.boolean(options.get("useother", "f")) else None
        limit = s.integer(options.get("limit", "10"), "limit")
        return cls(tuple(fields), by, limit, countfield, percentfield, otherstr)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Count, rank within each BY group, keep the first."""
        rel = self._ranked(rel, ctx)
        if self.limit:
            kept = rel.filter(f"{rel.field(_RANK).sql} <= {self.limit}")
            rel = union([kept, self._others(rel, self.otherstr)]) if self.otherstr is not None else kept
        by = [rel.field(name).sql for name in self.by]
        rel = rel.renumber(", ".join([*by, rel.field(_RANK).sql]))
        measures = {"__count": self.countfield, "__percent": self.percentfield}
        items = {name: rel.field(name) for name in [*self.by, *self.fields]}
        return rel.project(items | {name: rel.field(hidden) for hidden, name in measures.items() if name is not None})

    def needs(self, after: Needs) -> Needs:
        """The fields and the BY fields, and no others."""
        return Needs.of(*self.fields, *self.by)

    def _ranked(self, rel: Relation, ctx: Context) -> Relation:
        """By, fields, ``__count``, ``__percent`` (of the BY group) and ``__rank`` (within it)."""
        rel = group(rel, [AggregateCall("count", None, "__count")], [*self.by, *self.fields], ctx)
        count = rel.field("__count").sql
        by = ", ".join(rel.field(name).sql for name in self.by)
        partition = f"PARTITION BY {by} " if by else ""
        order = f"ORDER BY {count} {'DESC' if self.descending else 'ASC'}, {ORDER}"
        percent = f"round(100 * {count} / sum({count}) OVER ({partition}), 6)"
        rank = f"CAST(row_number() OVER ({partition}{order}) AS DOUBLE)"
        return rel.extend({"__percent": Expr(percent, Kind.NUM), _RANK: Expr(rank, Kind.NUM)})

    def _others(self, rel: Relation, label: str) -> Relation:
        """One row per BY group that sums up what lies beyond the limit."""
        keys = {name: rel.field(name) for name in self.by}
        items = keys | {name: string(label) for name in self.fields}
        for name in ("__count", "__percent"):
            items[name] = Expr(f"sum({rel.field(name).sql})", Kind.NUM)
        items[_RANK] = Expr(f"min({rel.field(_RANK).sql})", Kind.NUM)
        beyond = f"{rel.field(_RANK).sql} > {self.limit}"
        grouping = f"GROUP BY {', '.join(e.sql for e in keys.values())}" if keys else "HAVING count(*) > 0"
        return rel.project(items, order=f"min({ORDER})", tail=f"WHERE {beyond} {grouping}")


@command("rare")
class Rare(Top, frozen=True):
    """``rare``: as ``top``, the least frequent first."""

    descending = False
