"""lookup: add fields from a lookup table."""

from __future__ import annotations

from typing import Self

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.lookup_match import apply_lookup
from replay.lookup_table import find_lookup
from replay.plan import Parser
from replay.relation import Relation
from replay.spl.scanner import Scanner

_OPTIONS = ("local", "update")
_STOPS = ("output", "outputnew")


@command("lookup")
class Lookup(Command, frozen=True):
    """``lookup [local=b] [update=b] <table> <field> [AS <event field>] … [OUTPUT|OUTPUTNEW <field> [AS <name>] …]``.

    Source: Search Reference, "lookup". The table is a definition of transforms.conf or a CSV file of ``lookups/``;
    ``local`` and ``update`` say where and when Splunk reads it, which makes no difference here.
    """

    table: str
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]
    overwrite: bool

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read options, table, keys and outputs; commas are optional."""
        options = s.options(_OPTIONS, "lookup")
        table = s.value("the name of a lookup")
        options |= s.options(_OPTIONS, "lookup")
        for text in options.values():
            s.boolean(text)
        inputs = _pairs(s)
        if not inputs:
            raise s.error("`lookup` needs at least one field to match")
        mode = s.keyword(*_STOPS)
        outputs = _pairs(s) if mode else []
        s.finish("lookup")
        if mode and not outputs:
            raise s.error(f"`lookup … {mode.upper()}` needs at least one field")
        return cls(table, tuple(inputs), tuple(outputs), mode != "outputnew")

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Match every row."""
        return apply_lookup(rel, find_lookup(self.table, ctx), self.inputs, self.outputs, self.overwrite, ctx)

    def needs(self, after: Needs) -> Needs:
        """The keys; an output is read only if it must not be overwritten. A temporal lookup reads ``_time``."""
        made = {name for _, name in self.outputs} if self.overwrite else set()
        return Needs(after.names - made | {name for _, name in self.inputs} | {"_time"}, after.everything)


def _pairs(s: Scanner) -> list[tuple[str, str]]:
    """``a [AS b] [,] …`` up to OUTPUT, OUTPUTNEW or the end, as (field of the lookup, field of the event)."""
    pairs: list[tuple[str, str]] = []
    while not s.done and s.peek_word().lower() not in _STOPS:
        if s.accept(","):
            continue
        name = s.field()
        pairs.append((name, s.field("the name of an event field") if s.keyword("as") else name))
    return pairs
