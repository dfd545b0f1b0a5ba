"""regex: keep the rows whose field matches a regular expression, or does not."""

from __future__ import annotations

import re
from typing import Self

from replay import regexes
from replay.commands import Command, Needs, command
from replay.commands.rex import compile_here, read_regex
from replay.context import Context
from replay.functions import any_value
from replay.plan import Parser
from replay.relation import Relation
from replay.spl.scanner import Scanner


@command("regex")
class RegexCommand(Command, frozen=True):
    """``regex [field(=|!=)]"regex"``; ``!=`` also keeps the rows without the field.

    Source: Search Reference, "regex".
    """

    field: str
    negated: bool
    regex: regexes.Regex

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the field, if there is one, and the expression."""
        field, negated = "_raw", False
        target = re.compile(r"""\s*('[^']*'|[^\s"'=!]+)\s*(!?=)""").match(s.text, s.pos, s.end)
        if target:
            field, negated = target[1].strip("'"), target[2] == "!="
            s.pos = target.end()
        s.skip()
        at = s.pos
        expression = read_regex(s, "regex")
        s.finish("regex")
        return cls(field, negated, compile_here(s, at, expression, parser.context))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Filter; of a multivalue any value may match."""
        test = any_value(rel.field(self.field), lambda text: regexes.matches(text, self.regex)).sql
        return rel.filter(f"{'NOT ' if self.negated else ''}coalesce({test}, false)")

    def needs(self, after: Needs) -> Needs:
        """The field, too."""
        return after | Needs.of(self.field)
