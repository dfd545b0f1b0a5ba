"""delete: make events unsearchable."""

from __future__ import annotations

from typing import Self

from replay.aggregates import group, parse_calls
from replay.commands import Command, Needs, command
from replay.context import Context
from replay.errors import Place, SearchError
from replay.plan import Parser
from replay.relation import Relation, number
from replay.spl.scanner import Scanner


@command("delete")
class Delete(Command, frozen=True):
    """``search … | delete``: the events are gone for every later search. Source: Search Reference, "delete".

    Out comes a row for each index: ``index``, ``deleted``, ``errors``. Only a server deletes; events read from the
    command line are those of one search.
    """

    column: int

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """There are no arguments."""
        s.finish("delete")
        return cls(max(s.pos - len("delete"), 0) + 1)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Delete now.

        Raises:
            SearchError: there is no server, or the rows are no events of an index.
        """
        place = Place(column=self.column).within(ctx.place)
        if ctx.dispatch.writer is None:
            raise SearchError("`delete` removes events from the indexes of a server; there is none here", place)
        if not (rel.has("_seq") and rel.has("index")):
            raise SearchError("`delete` works on the events of a search, before any command that changes them", place)
        rel = ctx.materialize(rel)
        calls = parse_calls(Scanner("count as deleted"), (), evals=False)
        deleted = ctx.materialize(group(rel, calls, ("index",), ctx).extend({"errors": number(0)}))
        ctx.dispatch.writer.delete(rel, ctx)
        return deleted

    def needs(self, after: Needs) -> Needs:
        """What tells an event from all others."""
        return Needs.of("_seq", "index")
