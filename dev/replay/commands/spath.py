"""spath: fields out of JSON and XML."""

from __future__ import annotations

from typing import Self

from replay.commands import EVERYTHING, Command, Needs, command
from replay.context import Context
from replay.pairs import add_new, add_pairs, prefer_new
from replay.plan import Parser
from replay.relation import Expr, Kind, Relation, as_text, quote
from replay.spl.scanner import Scanner
from replay.udf.structured import AUTO_LIMIT, json_members, spath_at, spath_leaves

_OPTIONS = ("input", "output", "path")


@command("spath")
class Spath(Command, frozen=True):
    """``spath [input=<field>] [output=<field>] [path=<path> | <path>]``. Source: Search Reference, "spath".

    With a path, its values go to the output (the path itself, if there is none); where there are none, the output stays
    as it was. Without a path, every leaf becomes a field, from the first 5,000 characters (limits.conf, [spath]); one
    that exists gets the values on top of its own.
    """

    input: str = "_raw"
    path: str | None = None
    output: str | None = None

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the options and the path, in any order."""
        options: dict[str, str] = {}
        while not s.done:
            found = s.options(_OPTIONS, "spath")
            options |= found
            if not found:
                if "path" in options:
                    s.finish("spath")
                options["path"] = s.value("a path")
        if "output" in options and "path" not in options:
            raise s.error("`spath output=` needs a path")
        return cls(options.get("input", "_raw"), options.get("path"), options.get("output"))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Extract."""
        source = rel.field(self.input)
        if not rel.has(self.input):
            return rel
        if self.path is None:
            return self._leaves(rel, ctx)
        path = quote(self.path)
        if source.kind is Kind.MV:
            values = f"flatten(list_transform({source.sql}, lambda t: coalesce({spath_at.sql('t', path)}, [])))"
        else:
            values = spath_at.sql(as_text(source).sql, path)
        target = self.output or self.path
        found = Expr(f"spl_mv({values})", Kind.MV)
        return rel.extend({target: prefer_new(rel.field(target), found) if rel.has(target) else found})

    def _leaves(self, rel: Relation, ctx: Context) -> Relation:
        e = rel.field(self.input)
        text = f"array_to_string({e.sql}, chr(10))" if e.kind is Kind.MV else as_text(e).sql
        longer = ctx.engine.scalar(f"SELECT count(*) FROM ({rel.sql()}) WHERE len({text}) > {AUTO_LIMIT}")
        if longer:
            ctx.warn(
                f"`spath` reads the first {AUTO_LIMIT} characters only, as in Splunk: `{self.input}` is longer in "
                f"{longer} rows (a path has no such limit)"
            )
        return add_pairs(rel, spath_leaves.sql(text), ctx, add_new)

    def needs(self, after: Needs) -> Needs:
        """The input; without a path it is not known what else is made of it."""
        if self.path is None:
            return EVERYTHING
        return after | Needs.of(self.input, self.output or self.path)


@command("fromjson")
class FromJson(Command, frozen=True):
    """``fromjson <field> [prefix=<text>]``: the members of a JSON object become fields; arrays become multivalues,
    objects stay JSON. Source: Search Reference, "fromjson".
    """

    field: str
    prefix: str = ""

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the field and the prefix."""
        options = s.options(("prefix",), "fromjson")
        field = s.field()
        options |= s.options(("prefix",), "fromjson")
        s.finish("fromjson")
        return cls(field, options.get("prefix", ""))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Extract; a field that exists is overwritten."""
        if not rel.has(self.field):
            return rel
        members = json_members.sql(as_text(rel.field(self.field)).sql)
        named = f"list_transform({members}, lambda p: list_concat([{quote(self.prefix)} || p[1]], p[2:]))"
        return add_pairs(rel, named if self.prefix else members, ctx, prefer_new)
