"""collect: put results into a summary index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from replay.commands import Command, command
from replay.context import Context
from replay.plan import Parser
from replay.relation import Relation
from replay.spl.scanner import Scanner

_BOOLEANS = ("addinfo", "addtime", "spool", "testmode", "run_in_preview", "uselb")
_TEXTS = ("index", "file", "marker", "host", "source", "sourcetype", "output_format", "timeformat")


@command("collect")
@dataclass(frozen=True)
class Collect(Command):
    """``collect index=<name> [options]``: the rows pass through. Source: Search Reference, "collect".

    Nothing is written, here or to Splunk; the search is warned.
    """

    index: str

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read and check the options."""
        options = s.options((*_TEXTS, *_BOOLEANS), "collect")
        s.finish("collect")
        for name in _BOOLEANS:
            s.boolean(options.get(name, "f"))
        if not options.get("index"):
            raise s.error("`collect` needs index=<name>")
        if options.get("output_format", "raw").lower() not in ("raw", "hec"):
            raise s.error("`collect output_format=` is raw or hec")
        return cls(options["index"])

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """The same rows."""
        ctx.warn(f"`collect` writes nothing here: the rows meant for index `{self.index}` only pass through")
        return rel
