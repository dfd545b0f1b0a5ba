"""makemv and nomv: one text into several values, and back."""

from __future__ import annotations

import re
from typing import Self

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.plan import Parser
from replay.regexes import all_matches
from replay.relation import Expr, Kind, Relation, as_text, quote
from replay.spl.scanner import Scanner

_OPTIONS = ("delim", "tokenizer", "allowempty", "setsv")
_COMMA = re.compile(r"\s*delim\s*=\s*(,[^\s\"]*)", re.IGNORECASE)


@command("makemv")
class MakeMv(Command, frozen=True):
    """``makemv [delim=" " | tokenizer="(regex)"] [allowempty=b] [setsv=b] <field>``.

    Source: Search Reference, "makemv". Empty pieces are left out unless ``allowempty``; with ``tokenizer`` the first
    group of every match is a value. ``setsv`` concerns the single-value form, which is not kept apart here.
    """

    field: str
    delim: str = " "
    tokenizer: str | None = None
    allowempty: bool = False

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the options (before or after the field) and the field."""
        options = _options(s)
        field = s.field()
        options |= _options(s)
        s.finish("makemv")
        if field.startswith("_"):
            raise s.error(f"`makemv` does not work on internal fields such as `{field}`")
        if "delim" in options and "tokenizer" in options:
            raise s.error("`makemv` takes `delim` or `tokenizer`, not both")
        if options.get("delim") == "":
            raise s.error("`makemv delim=` needs at least one character")
        s.boolean(options.get("setsv", "f"))
        allowempty = s.boolean(options.get("allowempty", "f"))
        return cls(field, options.get("delim", " "), options.get("tokenizer"), allowempty)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Split."""
        if not rel.has(self.field):
            return rel
        e = rel.field(self.field)
        if e.kind is Kind.MV:
            pieces = f"flatten(list_transform({e.sql}, lambda t: {self._split('t')}))"
        else:
            pieces = self._split(as_text(e).sql)
        if not self.allowempty:
            pieces = f"list_filter({pieces}, lambda p: p <> '')"
        return rel.extend({self.field: Expr(f"spl_mv({pieces})", Kind.MV)})

    def _split(self, text: str) -> str:
        if self.tokenizer is not None:
            return all_matches(text, self.tokenizer, 1)
        return f"string_split({text}, {quote(self.delim)})"

    def needs(self, after: Needs) -> Needs:
        """The field."""
        return after | Needs.of(self.field)


def _options(s: Scanner) -> dict[str, str]:
    """The options; an unquoted ``delim=,`` is a comma."""
    found: dict[str, str] = {}
    while True:
        comma = _COMMA.match(s.text, s.pos, s.end)
        if comma is None:
            option = s.option(_OPTIONS)
            if option is None:
                return found
            found[option[0]] = option[1]
        else:
            s.pos = comma.end()
            found["delim"] = comma[1]


@command("nomv")
class NoMv(Command, frozen=True):
    """``nomv <field>``: the values as one text, joined by the delimiter that ``mvcombine`` or ``stats`` set, else by a
    newline. Source: Search Reference, "nomv" and "mvcombine".
    """

    field: str

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the field."""
        field = s.field()
        s.finish("nomv")
        return cls(field)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Join."""
        e = rel.field(self.field)
        if e.kind is not Kind.MV:
            return rel
        return rel.extend({self.field: Expr(f"array_to_string({e.sql}, {quote(e.delimiter)})", Kind.STR)})

    def needs(self, after: Needs) -> Needs:
        """The field."""
        return after | Needs.of(self.field)
