"""stats: aggregates over all rows, or over groups of them."""

from __future__ import annotations

from typing import Self

from replay.aggregates import AggregateCall, at_option, group, needs_of_calls, parse_calls
from replay.commands import Command, Needs, command
from replay.context import Context
from replay.plan import Parser
from replay.relation import Relation
from replay.spl.scanner import Scanner

_OPTIONS = ("partitions", "allnum", "delim", "dedup_splitvals")


@command("stats")
class Stats(Command, frozen=True):
    """``stats [partitions=] [allnum=] [delim=] calls [BY fields] [dedup_splitvals=]``.

    Source: Search Reference, "stats".
    """

    calls: tuple[AggregateCall, ...]
    by: tuple[str, ...] = ()
    allnum: bool = False
    delim: str | None = None
    dedup_splitvals: bool = False

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read options, calls and BY fields."""
        options = s.options(_OPTIONS, "stats")
        calls = parse_calls(s, ("by",), options=_OPTIONS)
        by = parse_by(s, _OPTIONS)
        options |= s.options(_OPTIONS, "stats")
        s.finish("stats")
        s.integer(options.get("partitions", "1"), "partitions")
        return cls(
            tuple(calls),
            by,
            s.boolean(options.get("allnum", "f")),
            options.get("delim"),
            s.boolean(options.get("dedup_splitvals", "f")),
        )

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """One row per group."""
        result = group(rel, self.calls, self.by, ctx, allnum=self.allnum, dedup_splitvals=self.dedup_splitvals)
        return result if self.delim is None else result.delimited(self.delim)

    def needs(self, after: Needs) -> Needs:
        """The BY fields and what the calls read, and no others."""
        return Needs.of(*self.by) | needs_of_calls(self.calls)


def parse_by(s: Scanner, options: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Read ``BY f1[,] f2 …`` if it comes next, up to the end or an option.

    Raises:
        SearchError: no field follows BY, or one has a wildcard (SR: stats, "by-clause").
    """
    if not s.keyword("by"):
        return ()
    names: list[str] = []
    while not s.done:
        if s.accept(","):
            continue
        if at_option(s, options):
            break
        at = s.pos
        name = s.field("a field name after BY")
        if "*" in name:
            raise s.error("wildcards are not allowed after BY", at)
        names.append(name)
    if not names:
        raise s.error("a field must follow BY")
    return tuple(names)
