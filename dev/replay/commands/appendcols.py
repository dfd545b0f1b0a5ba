"""appendcols: the fields of a subsearch beside those there are, row by row."""

from __future__ import annotations

from typing import Self

from replay.commands import Command, Needs, command
from replay.commands.append import MAX_ROWS
from replay.context import Context
from replay.plan import Parser, Pipeline
from replay.relation import NULL, ORDER, Expr, Relation, cast, common_kind
from replay.spl.scanner import Scanner
from replay.subsearches import rows_of

_OPTIONS = ("override", "maxtime", "maxout", "timeout")


@command("appendcols")
class AppendCols(Command, frozen=True):
    """``appendcols [override=b] [maxtime=N] [maxout=N] [timeout=N] [ subsearch ]``.

    Source: Search Reference, "appendcols": the first row goes with the first and so on; a field that the row has stays
    unless ``override``. Internal fields of the subsearch are left out. Rows that it has more of come at the end.
    """

    body: Pipeline
    override: bool = False
    maxout: int = MAX_ROWS

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read options and subsearch."""
        options = s.options(_OPTIONS, "appendcols")
        body = parser.subsearch(s.bracketed("["))
        s.finish("appendcols")
        for name in ("maxtime", "timeout"):
            s.integer(options.get(name, "0"), name)
        maxout = s.integer(options.get("maxout", str(MAX_ROWS)), "maxout")
        return cls(body, s.boolean(options.get("override", "f")), maxout)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Join on the number of the row."""
        sub = rows_of(self.body, ctx, self.maxout, self.name)
        sub = sub.keep([name for name in sub.columns if not name.startswith("_")])
        left, right = _numbered(rel), _numbered(sub)
        items = {
            name: self._merged(_of("l", rel, name), _of("r", sub, name))
            for name in dict.fromkeys((*rel.columns, *sub.columns))
        }
        joined = f"l FULL JOIN ({right}) r ON l.__row = r.__row"
        base = Relation(f"({left})", {}, rel.ctes)
        return base.project(items, order="coalesce(l.__row, r.__row)", tail=joined, others=[sub])

    def _merged(self, old: Expr, new: Expr) -> Expr:
        if NULL in (old, new):
            return new if old is NULL else old
        kind = common_kind((old.kind, new.kind))
        first, second = (new, old) if self.override else (old, new)
        return Expr(f"coalesce({cast(first, kind).sql}, {cast(second, kind).sql})", kind)

    def needs(self, after: Needs) -> Needs:
        """Nothing of its own."""
        return after


def _numbered(rel: Relation) -> str:
    return f"SELECT *, row_number() OVER (ORDER BY {ORDER}) AS __row FROM {rel.name}"


def _of(alias: str, rel: Relation, name: str) -> Expr:
    if not rel.has(name):
        return NULL
    column = rel.field(name)
    return Expr(f"{alias}.{column.sql}", column.kind)
