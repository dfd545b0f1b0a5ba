"""outputlookup: write the rows into a lookup table."""

from __future__ import annotations

from typing import Self

from replay.collection_rows import write_collection
from replay.commands import Command, command
from replay.context import Context
from replay.lookup_table import exists, lookup_rows, write_rows, writing
from replay.plan import Parser
from replay.relation import ORDER, Expr, Kind, Relation, as_text, union
from replay.spl.scanner import Scanner

_BOOLEANS = ("append", "create_empty", "override_if_empty", "createinapp", "allow_updates")
_TEXTS = ("max", "key_field", "output_format", "create_context")
_FORMATS = ("splunk_sv_csv", "splunk_mv_csv")


@command("outputlookup")
class OutputLookup(Command, frozen=True):
    """``outputlookup [append=b] [create_empty=b] [override_if_empty=b] [max=N] [key_field=<field>] [allow_updates=b]
    [output_format=splunk_sv_csv|splunk_mv_csv] <table>``. Source: Search Reference, "outputlookup".

    The rows pass through. What is written lives as long as the session: later searches of it read it under the same
    name, and no file of a loaded app is touched. Several values are joined by newlines unless ``splunk_mv_csv``; an
    empty text is an empty cell. ``append`` keeps to the columns that there are.

    Into a KV store collection (of the server, if one runs the search), ``append`` adds documents, and so does
    ``key_field``, which names the field that holds their key; one with a key that is there replaces that document,
    unless ``allow_updates=f``.
    """

    table: str
    append: bool = False
    create_empty: bool = True
    override_if_empty: bool = True
    max: int | None = None
    key_field: str | None = None
    multivalue: bool = False
    update: bool = True

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the options (before or after the table) and the table."""
        options = s.options((*_BOOLEANS, *_TEXTS), "outputlookup")
        table = s.value("the name of a lookup")
        options |= s.options((*_BOOLEANS, *_TEXTS), "outputlookup")
        s.finish("outputlookup")
        form = options.get("output_format", _FORMATS[0]).lower()
        if form not in _FORMATS:
            raise s.error(f"`outputlookup output_format=` is {' or '.join(_FORMATS)}")
        append, create, override, _, update = (
            s.boolean(options.get(name, "f" if name == "append" else "t")) for name in _BOOLEANS
        )
        limit = s.integer(options["max"], "max") if "max" in options else None
        return cls(table, append, create, override, limit, options.get("key_field"), form == _FORMATS[1], update)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Write now, and hand the same rows on."""
        lookup = ctx.knowledge.lookup(ctx.app, self.table, must_exist=False)
        rel = ctx.materialize(rel)
        there = exists(lookup, ctx)
        if not ctx.engine.count(rel) and not (self.override_if_empty if there else self.create_empty):
            return rel
        limit = f"ORDER BY {ORDER} LIMIT {self.max}" if self.max is not None else ""
        if lookup.kind == "kvstore":
            add = self.append or self.key_field is not None
            first = rel.project({name: rel.field(name) for name in rel.columns}, tail=limit)
            write_collection(lookup, first, ctx, add=add, update=self.update or not add, key=self.key_field)
            return rel
        rows = self._cells(rel, limit)
        with writing:
            if exists(lookup, ctx) and self.append:
                old = lookup_rows(lookup, ctx, filtered=False)
                rows = union([old, rows]).keep(old.columns)
            write_rows(lookup, ctx.materialize(rows), ctx)
        return rel

    def _cells(self, rel: Relation, limit: str) -> Relation:
        """The rows as a file holds them."""
        items: dict[str, Expr] = {}
        for name in rel.columns:
            e = rel.field(name)
            if e.kind is Kind.MV and self.multivalue:
                items[name] = e
            else:
                text = f"array_to_string({e.sql}, chr(10))" if e.kind is Kind.MV else as_text(e).sql
                items[name] = Expr(f"nullif({text}, '')", Kind.STR)
        return rel.project(items, tail=limit)
