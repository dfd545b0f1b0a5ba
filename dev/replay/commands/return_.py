"""return: hand values of a subsearch to its outer search."""

from __future__ import annotations

from typing import Self

from msgspec import Struct

from replay.commands import Command, Needs, command
from replay.commands.format import pair
from replay.context import Context
from replay.plan import Parser
from replay.relation import ORDER, Expr, Kind, Relation, as_list
from replay.spl.scanner import Scanner


class Item(Struct, frozen=True):
    """One value to hand over: of ``field``, under ``alias``, or bare if there is no alias."""

    field: str
    alias: str | None


@command("return")
class Return(Command, frozen=True):
    """``return [N] field… alias=field… $field…``: the first N rows (1) as search text.

    Source: Search Reference, "return". One row gives ``user="bob" ip="10.1.11.2"``, several
    ``(user="bob" …) OR (user="fred" …)``.
    """

    items: tuple[Item, ...]
    limit: int = 1

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the number and the items."""
        limit = s.integer(s.value(), "return") if s.peek_word().isdigit() else 1
        items: list[Item] = []
        while not s.done:
            if s.accept(","):
                continue
            option = s.option()
            if option is not None:
                items.append(Item(option[1], option[0]))
                continue
            name = s.field()
            items.append(Item(name[1:], None) if name.startswith("$") else Item(name, name))
        if not items:
            raise s.error("`return` needs at least one field")
        return cls(tuple(items), limit)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """One row with one field, ``search``; none if there is nothing to hand over."""
        cells = [
            _bare(rel.field(i.field)) if i.alias is None else pair(i.alias, rel.field(i.field)) for i in self.items
        ]
        line = f"nullif(concat_ws(' ', {', '.join(cells)}), '')"
        rows = rel.derive(f"SELECT {line} AS line, {ORDER} FROM {rel.name} ORDER BY {ORDER} LIMIT {self.limit}", {})
        joined = f"string_agg('(' || line || ')', ' OR ' ORDER BY {ORDER})"
        text = Expr(f"CASE WHEN count(line) > 1 THEN {joined} ELSE any_value(line) END", Kind.STR)
        return rows.project({"search": text}, order="1", tail="HAVING count(line) > 0")

    def needs(self, after: Needs) -> Needs:
        """The fields handed over."""
        return Needs.of(*(item.field for item in self.items))


def _bare(e: Expr) -> str:
    return f"array_to_string({as_list(e).sql}, ' OR ')"
