"""strcat: join fields and texts into a new field."""

from __future__ import annotations

from typing import Self

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.plan import Parser
from replay.relation import Expr, Kind, Relation, as_text, cast, quote, string
from replay.spl.scanner import Scanner


@command("strcat")
class StrCat(Command, frozen=True):
    """``strcat [allrequired=b] <field | "text"> … <new field>``. Source: Search Reference, "strcat".

    A missing field is an empty text, or with ``allrequired=t`` leaves the new field as it was.
    """

    sources: tuple[tuple[str, bool], ...]
    target: str
    allrequired: bool = False

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the sources as (text, is literal) and the new field, which is the last word."""
        options = s.options(("allrequired",), "strcat")
        words: list[tuple[str, bool]] = []
        while not s.done:
            if not s.accept(","):
                literal = s.at_quote()
                words.append((s.field(), literal))
        if len(words) < 2:
            raise s.error("`strcat` needs at least one field or text, and the name of a new field")
        return cls(tuple(words[:-1]), words[-1][0], s.boolean(options.get("allrequired", "f")))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Join the texts."""
        parts = [quote(word) if literal else as_text(rel.field(word)).sql for word, literal in self.sources]
        if not self.allrequired:
            joined = f"concat({', '.join(parts)})"
            return rel.extend({self.target: Expr(joined, Kind.STR)})
        old = cast(rel.field(self.target), Kind.STR).sql
        return rel.extend({self.target: Expr(f"coalesce({' || '.join(parts)}, {old})", Kind.STR)})

    def needs(self, after: Needs) -> Needs:
        """The fields that are joined."""
        read = {word for word, literal in self.sources if not literal}
        kept = {self.target} if self.allrequired else set()
        return Needs(after.names - {self.target} | read | kept, after.everything)


@command("setfields")
class SetFields(Command, frozen=True):
    """``setfields f="value", …``: the same values in every row. Source: Search Reference, "setfields"."""

    values: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the pairs."""
        pairs: list[tuple[str, str]] = []
        while not s.done:
            if s.accept(","):
                continue
            name = s.field()
            s.expect("=", f"after `{name}` in setfields")
            pairs.append((name, s.value()))
        if not pairs:
            raise s.error("`setfields` needs at least one field=value")
        return cls(tuple(pairs))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Set them."""
        return rel.extend({name: string(value) for name, value in self.values})

    def needs(self, after: Needs) -> Needs:
        """Nothing of its own."""
        return Needs(after.names - {name for name, _ in self.values}, after.everything)
