"""eventstats: the aggregates of all rows, or of each group, written to every row."""

from __future__ import annotations

from typing import Self

from replay.aggregates import (
    AggregateCall,
    aggregate,
    argument_of,
    check_names,
    expand_calls,
    needs_of_calls,
    parse_calls,
    time_of,
)
from replay.commands import Command, Needs, command
from replay.commands.stats import parse_by
from replay.context import Context
from replay.plan import Parser
from replay.relation import Expr, Relation
from replay.spl.scanner import Scanner


@command("eventstats")
class EventStats(Command, frozen=True):
    """``eventstats [allnum=] calls [BY fields]``. Source: Search Reference, "eventstats".

    A row without a BY field stays and gets nothing. A multivalue BY field is one key: all its values together.
    """

    calls: tuple[AggregateCall, ...]
    by: tuple[str, ...] = ()
    allnum: bool = False

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the option, the calls and the BY fields."""
        options = s.options(("allnum",), "eventstats")
        calls = parse_calls(s, ("by",), options=("allnum",))
        by = parse_by(s, ("allnum",))
        options |= s.options(("allnum",), "eventstats")
        s.finish("eventstats")
        return cls(tuple(calls), by, s.boolean(options.get("allnum", "f")))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Windows over the whole of each group; the order of the rows stays."""
        keys = [rel.field(name).sql for name in self.by]
        over = f"OVER (PARTITION BY {', '.join(keys)})" if keys else "OVER ()"
        calls = expand_calls(self.calls, rel, self.by)
        check_names(calls, self.by, ctx)
        items: dict[str, Expr] = {}
        for call in calls:
            e = aggregate(call, argument_of(call, rel, ctx), time=time_of(rel), over=over, allnum=self.allnum)
            items[call.name] = only_where(present(keys), e)
        return rel.extend(items)

    def needs(self, after: Needs) -> Needs:
        """The BY fields and what the calls read, too."""
        return after | Needs.of(*self.by) | needs_of_calls(self.calls)


def present(keys: list[str]) -> str:
    """SQL: every key has a value; empty if there are no keys."""
    return " AND ".join(f"{key} IS NOT NULL" for key in keys)


def only_where(condition: str, e: Expr) -> Expr:
    """The expression where the condition holds, else null."""
    return Expr(f"CASE WHEN {condition} THEN {e.sql} END", e.kind) if condition else e
