"""tags: the tags of field values."""

from __future__ import annotations

from typing import Self

from replay.commands import EVERYTHING, Command, Needs, command
from replay.context import Context
from replay.plan import Parser
from replay.predicates import compare
from replay.relation import Expr, Kind, Relation, as_text, quote
from replay.spl.scanner import Scanner
from replay.spl.search import Compare

_OPTIONS = ("outputfield", "inclname", "inclvalue", "allowed_tags")


@command("tags")
class Tags(Command, frozen=True):
    """``tags [outputfield=<field>] [inclname=b] [inclvalue=b] [<fields>]``: the tags of each field go to
    ``tag::<field>``, or those of all to the output field. Source: Search Reference, "tags".

    ``inclname`` and ``inclvalue`` put the field and the value before the tag, joined by ``::``.
    """

    names: tuple[str, ...]
    output: str | None = None
    inclname: bool = False
    inclvalue: bool = False
    allowed: tuple[str, ...] = ()

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the options and the fields."""
        options = s.options(_OPTIONS, "tags")
        names = s.fields()
        s.finish("tags")
        allowed = tuple(t.strip() for t in options.get("allowed_tags", "").split(",") if t.strip())
        return cls(
            tuple(names),
            options.get("outputfield"),
            s.boolean(options.get("inclname", "f")),
            s.boolean(options.get("inclvalue", "f")),
            allowed,
        )

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Look up the tags of every value."""
        found: dict[str, list[str]] = {}
        tags = ctx.knowledge.tags(ctx.app)
        for tag in sorted(tags.names()):
            if self.allowed and tag not in self.allowed:
                continue
            for field, value in tags.pairs(tag):
                if rel.has(field) and (not self.names or field in self.names):
                    found.setdefault(self.output or f"tag::{field}", []).append(self._tag(rel, field, value, tag))
        return rel.extend(
            {name: Expr(f"list_sort(list_distinct(spl_mv([{', '.join(t)}])))", Kind.MV) for name, t in found.items()}
        )

    def _tag(self, rel: Relation, field: str, value: str, tag: str) -> str:
        e = rel.field(field)
        parts = [quote(f"{field}::")] if self.inclname else []
        parts += [f"{as_text(e).sql} || '::'"] if self.inclvalue else []
        return f"CASE WHEN {compare(e, Compare(field, '=', value))} THEN {' || '.join([*parts, quote(tag)])} END"

    def needs(self, after: Needs) -> Needs:
        """The fields whose tags are wanted."""
        return after | Needs(frozenset(self.names)) if self.names else EVERYTHING
