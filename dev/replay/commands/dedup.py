"""dedup: of rows that agree in some fields, keep the first."""

from __future__ import annotations

from typing import Self

from replay.commands import Command, Needs, command
from replay.commands.sort import SortKey, parse_sort_keys, sort_rows
from replay.context import Context
from replay.plan import Parser
from replay.relation import ORDER, Expr, Kind, Relation
from replay.spl.scanner import Scanner

_OPTIONS = ("keepevents", "keepempty", "consecutive")


@command("dedup")
class Dedup(Command, frozen=True):
    """``dedup [N] fields [keepevents=] [keepempty=] [consecutive=] [sortby …]``. Source: Search Reference, "dedup".

    Values are compared byte by byte, multivalues as whole lists.
    """

    fields: tuple[str, ...]
    count: int = 1
    keepevents: bool = False
    keepempty: bool = False
    consecutive: bool = False
    sortby: tuple[SortKey, ...] = ()

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the count, the fields, options anywhere among them, and ``sortby``."""
        count = 1
        word = s.peek_word()
        if word.isdigit():
            s.pos += len(word)
            count = int(word)
            if count == 0:
                raise s.error("`dedup` keeps at least 1 row of each kind, not 0")
        fields: list[str] = []
        options: dict[str, str] = {}
        sortby: list[SortKey] = []
        while not s.done:
            options |= s.options(_OPTIONS, "dedup")
            if s.done or s.accept(","):
                continue
            if s.keyword("sortby"):
                sortby, _ = parse_sort_keys(s)
                if not sortby:
                    raise s.error("`sortby` needs a field")
                break
            fields.append(s.field())
        s.finish("dedup")
        if not fields:
            raise s.error("`dedup` needs a field")
        keepevents, keepempty, consecutive = (s.boolean(options.get(name, "f")) for name in _OPTIONS)
        return cls(tuple(fields), count, keepevents, keepempty, consecutive, tuple(sortby))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Number the rows of each kind and keep the first ones."""
        if self.sortby:
            rel = sort_rows(rel, self.sortby)
        names = list(rel.columns)
        keys = [rel.field(name).sql for name in self.fields]
        partition = ", ".join(keys)
        if self.consecutive:
            rel, partition = _runs(rel, partition)
        rank = f"row_number() OVER (PARTITION BY {partition} ORDER BY {ORDER})"
        rel = rel.extend({"__rank": Expr(f"CAST({rank} AS DOUBLE)", Kind.NUM)})
        present = " AND ".join(f"{key} IS NOT NULL" for key in keys)
        first = f"{rel.field('__rank').sql} <= {self.count}"
        if self.keepevents:
            blanked = {
                name: Expr(f"CASE WHEN {first} OR NOT ({present}) THEN {rel.field(name).sql} END", rel.field(name).kind)
                for name in self.fields
                if rel.has(name)
            }
            return rel.extend(blanked).keep(names)
        kept = f"NOT ({present}) OR {first}" if self.keepempty else f"{present} AND {first}"
        return rel.filter(kept).keep(names)

    def needs(self, after: Needs) -> Needs:
        """The fields compared and sorted by, too."""
        return after | Needs.of(*self.fields, *(key.field for key in self.sortby))


def _runs(rel: Relation, key: str) -> tuple[Relation, str]:
    """Rows with the number of their run of equal neighbours."""
    changed = f"row({key}) IS DISTINCT FROM lag(row({key})) OVER (ORDER BY {ORDER})"
    rel = rel.extend({"__changed": Expr(f"CASE WHEN {changed} THEN 1.0 ELSE 0.0 END", Kind.NUM)})
    total = f"sum({rel.field('__changed').sql}) OVER (ORDER BY {ORDER} ROWS UNBOUNDED PRECEDING)"
    rel = rel.extend({"__run": Expr(total, Kind.NUM)})
    return rel, rel.field("__run").sql
