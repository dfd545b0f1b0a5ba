"""format: rows as one search expression; also how a subsearch becomes text inside its outer search."""

from __future__ import annotations

import re
from typing import Self

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.plan import Parser, Pipeline, plan_subsearch
from replay.relation import ORDER, Expr, Kind, Relation, as_list, as_text, quote
from replay.spl.scanner import Scanner

MAX_SUBSEARCH_ROWS = 10_000
_DEFAULT_WORDS = ("(", "(", "AND", ")", "OR", ")")
_VERBATIM = ("search", "query")
_OPTIONS = ("mvsep", "maxresults", "emptystr")


@command("format")
class Format(Command, frozen=True):
    """``format [mvsep=…] [maxresults=N] [emptystr=…] ["row prefix" "column prefix" "column separator" "column end"
    "row separator" "row end"]``. Source: Search Reference, "format".

    Fields come in alphabetical order, internal ones not at all; a missing field is left out of its row. The value of a
    field named ``search`` or ``query`` is a piece of search text by itself.
    """

    words: tuple[str, ...] = _DEFAULT_WORDS
    mvsep: str = "OR"
    maxresults: int = 0
    emptystr: str = "NOT( )"

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the options and the six words (all or none)."""
        options = s.options(_OPTIONS, "format")
        words: list[str] = []
        while not s.done:
            found = s.options(_OPTIONS, "format")
            options |= found
            if not found and not s.accept(","):
                words.append(s.value())
        if len(words) not in (0, 6):
            raise s.error(f"`format` takes six strings (row prefix … row end) or none, not {len(words)}")
        return cls(
            tuple(words) or _DEFAULT_WORDS,
            options.get("mvsep", "OR"),
            s.integer(options.get("maxresults", "0"), "maxresults"),
            options.get("emptystr", "NOT( )"),
        )

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """One row with one field, ``search``."""
        row_start, column_start, column_separator, column_end, row_separator, row_end = self.words
        names = sorted(name for name in rel.columns if not name.startswith("_"))
        cells = [cell(name, rel.field(name), self.mvsep) for name in names]
        row = f"nullif(concat_ws({quote(f' {column_separator} ')}, {', '.join(cells)}), '')" if cells else "NULL"
        wrapped = f"{quote(column_start + ' ')} || {row} || {quote(' ' + column_end)}"
        limit = f" ORDER BY {ORDER} LIMIT {self.maxresults}" if self.maxresults else ""
        rows = rel.derive(f"SELECT {wrapped} AS line, {ORDER} FROM {rel.name}{limit}", {})
        joined = f"string_agg(line, {quote(f' {row_separator} ')} ORDER BY {ORDER})"
        text = f"coalesce({quote(row_start + ' ')} || {joined} || {quote(' ' + row_end)}, {quote(self.emptystr)})"
        return rows.project({"search": Expr(text, Kind.STR)}, order="1")

    def needs(self, after: Needs) -> Needs:
        """Every field is written out."""
        return Needs(everything=True)


def cell(name: str, e: Expr, mvsep: str = "OR") -> str:
    """SQL of ``name="value"``; of several values ``( name="a" OR name="b" )``; null for a missing field."""
    if name in _VERBATIM:
        return as_text(e).sql
    return pair(name, e, mvsep)


def pair(name: str, e: Expr, mvsep: str = "OR") -> str:
    """Like ``cell``, for a name without a special meaning."""
    plain = re.fullmatch(r"[^\s\"'()\[\]|,=<>!]+", name)
    prefix = quote((name if plain else f'"{name}"') + "=")
    if e.kind is not Kind.MV:
        return f"{prefix} || spl_quoted({as_text(e).sql})"
    parts = f"list_transform({as_list(e).sql}, lambda v: {prefix} || spl_quoted(v))"
    joined = f"array_to_string({parts}, {quote(f' {mvsep} ')})"
    return f"CASE WHEN len({e.sql}) > 1 THEN '( ' || {joined} || ' )' ELSE {joined} END"


def subsearch_text(body: object, ctx: Context) -> str:
    """Run a subsearch and return the search text that stands for its result.

    Without ``format`` or ``return`` at its end, ``format`` is implied. No result is ``NOT( )``, which nothing
    satisfies, or with ``return`` no text, which filters nothing. Source: Search Reference, "format" and "return";
    limits.conf, [subsearch] maxout.

    Args:
        body: the parsed subsearch.
        ctx: the outer search.
    """
    from replay.commands.return_ import Return

    rel = plan_subsearch(body, ctx)
    assert isinstance(body, Pipeline)
    if not isinstance(body.commands[-1], (Format, Return)):
        rel = ctx.materialize(rel)
        if ctx.engine.count(rel) > MAX_SUBSEARCH_ROWS:
            ctx.warn(
                f"a subsearch gave more than {MAX_SUBSEARCH_ROWS} results: the others are left out, as Splunk does"
            )
        rel = Format(maxresults=MAX_SUBSEARCH_ROWS).plan(rel, ctx)
    first = next(ctx.engine.rows(rel, 1), {})
    return str(first.get("search", ""))
