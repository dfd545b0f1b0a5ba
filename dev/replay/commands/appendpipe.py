"""appendpipe: run further commands on a copy of the rows, and add what they give."""

from __future__ import annotations

from typing import Self

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.plan import Parser, Pipeline, needs_of, plan_onto
from replay.relation import Relation, union
from replay.spl.scanner import Scanner


@command("appendpipe")
class AppendPipe(Command, frozen=True):
    """``appendpipe [run_in_preview=b] [ commands ]``. Source: Search Reference, "appendpipe"."""

    body: Pipeline

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the commands; no search is implied in front of them."""
        options = s.options(("run_in_preview",), "appendpipe")
        s.boolean(options.get("run_in_preview", "t"))
        inner = s.bracketed("[")
        s.finish("appendpipe")
        if inner.done:
            raise inner.error("`appendpipe [ ]` has no command")
        return cls(parser.pipeline(inner, generates=False))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """The rows, then those of the inner pipeline."""
        rel = ctx.materialize(rel)
        return union([rel, plan_onto(rel, self.body.commands, ctx)])

    def needs(self, after: Needs) -> Needs:
        """What either part reads."""
        return after | needs_of(list(self.body.commands), after)
