"""transpose: rows become columns."""

from __future__ import annotations

from typing import Self

from replay.aggregates import at_option
from replay.commands import Command, command
from replay.context import Context
from replay.engine import Value
from replay.plan import Parser
from replay.relation import Relation, assign_columns, cast, common_kind
from replay.spl.scanner import Scanner

_OPTIONS = ("column_name", "header_field", "include_empty")


@command("transpose")
class Transpose(Command, frozen=True):
    """``transpose [N] [column_name=column] [header_field=] [include_empty=t]``. Source: Search Reference, "transpose".

    Every field becomes a row, its name in ``column``; the first N rows (5; 0 for all) become columns ``row 1``,
    ``row 2`` … or are named by the header field. Internal fields other than ``_time`` are left out. Without rows, there
    are no fields.
    """

    limit: int = 5
    column_name: str = "column"
    header_field: str | None = None
    include_empty: bool = True

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the count and the options, in any order."""
        options: dict[str, str] = {}
        limit = "5"
        while not s.done:
            if at_option(s, _OPTIONS):
                options |= s.options(_OPTIONS, "transpose")
            elif s.peek_word().isdigit():
                limit = s.value()
            else:
                s.finish("transpose")
        return cls(
            s.integer(limit, "the number of rows"),
            options.get("column_name", "column"),
            options.get("header_field"),
            s.boolean(options.get("include_empty", "t")),
        )

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Turn the rows in Python: there are few, and what they hold becomes the schema."""
        names = [n for n in rel.columns if n != self.header_field and (n == "_time" or not n.startswith("_"))]
        kind = common_kind(rel.field(name).kind for name in names)
        header = [self.header_field] if self.header_field is not None and rel.has(self.header_field) else []
        rel = rel.project({name: cast(rel.field(name), kind) for name in [*names, *header]})
        rows = list(ctx.engine.rows(rel, self.limit or None))
        labels: list[str] = []
        for i, row in enumerate(rows, 1):
            label = row.get(self.header_field) if self.header_field is not None else None
            labels.append(label if isinstance(label, str) and label not in labels else f"row {i}")
        turned: list[dict[str, Value]] = []
        for name in names if rows else ():
            cells: dict[str, Value] = {label: row.get(name) for label, row in zip(labels, rows, strict=True)}
            if self.include_empty or any(cell is not None for cell in cells.values()):
                turned.append({self.column_name: name, **cells})
        kinds = {self.column_name: common_kind([])} | dict.fromkeys(labels, kind)
        return ctx.engine.load_rows(turned, assign_columns(kinds))
