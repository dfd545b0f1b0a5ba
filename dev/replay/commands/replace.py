"""replace: put other values in place of whole values."""

from __future__ import annotations

import re
from typing import Self

from replay.commands import Command, Needs, command
from replay.commands.fields import expand
from replay.context import Context
from replay.functions import each, once
from replay.plan import Parser
from replay.relation import Relation, quote
from replay.spl.scanner import Scanner


@command("replace")
class Replace(Command, frozen=True):
    """``replace a WITH b[, c WITH d]… [IN f …]``: values equal to a, or matching it with ``*``, become b.

    What a wildcard matched stands for the wildcard in the replacement. A rule without wildcards goes before one with
    them, a later one before an earlier one, a wildcard rule with more literal text before one with less. Without IN
    all fields are searched but internal ones. Source: Search Reference, "replace".
    """

    rules: tuple[tuple[str, str], ...]
    fields: tuple[str, ...]

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the rules and the fields."""
        rules: list[tuple[str, str]] = []
        while not s.done and not s.keyword("in"):
            at = s.pos
            old = s.value("a value to replace")
            if not s.keyword("with"):
                raise s.error(f"expected `WITH` after `{old}`")
            new = s.value("the value to put in its place")
            if new.count("*") not in (0, old.count("*")):
                raise s.error("the replacement needs as many wildcards as the value it replaces, or none", at)
            rules.append((old, new))
            s.accept(",")
        fields = s.fields()
        s.finish("replace")
        if not rules:
            raise s.error("`replace` needs at least one `value WITH replacement`")
        return cls(tuple(rules), tuple(fields))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Replace in the fields there are."""
        names = expand(self.fields, rel) if self.fields else [n for n in rel.columns if not n.startswith("_")]
        return rel.extend({name: each(rel.field(name), self._replaced) for name in names if rel.has(name)})

    def _replaced(self, text: str) -> str:
        ranked = sorted(enumerate(self.rules), key=lambda item: (*_rank(item[1][0]), -item[0]))
        return once(text, lambda v: f"CASE {' '.join(_when(v, *rule) for _, rule in ranked)} ELSE {v} END")

    def needs(self, after: Needs) -> Needs:
        """Nothing but what is wanted behind it."""
        return after


def _rank(pattern: str) -> tuple[bool, int]:
    return "*" in pattern, -len(pattern.replace("*", ""))


def _when(value: str, old: str, new: str) -> str:
    if "*" not in old:
        return f"WHEN {value} = {quote(old)} THEN {quote(new)}"
    pattern = quote("(?s)^" + "(.*)".join(re.escape(part) for part in old.split("*")) + "$")
    template, group = "", 0
    for piece in re.split(r"(\*)", new):
        group += piece == "*"
        template += f"\\{group}" if piece == "*" else piece.replace("\\", "\\\\")
    return f"WHEN regexp_matches({value}, {pattern}) THEN regexp_replace({value}, {pattern}, {quote(template)})"
