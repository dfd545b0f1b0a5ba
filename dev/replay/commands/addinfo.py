"""addinfo: what the search itself is, in every row."""

from __future__ import annotations

from typing import Self

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.plan import Parser
from replay.relation import Relation, number, string
from replay.spl.scanner import Scanner

_FIELDS = ("info_min_time", "info_max_time", "info_sid", "info_search_time")


@command("addinfo")
class AddInfo(Command, frozen=True):
    """``addinfo``: ``info_min_time``, ``info_max_time``, ``info_sid``, ``info_search_time``.

    Source: Search Reference, "addinfo". An open time range goes from 0 to ``+Infinity``. The id of a
    search that is no job of a server is made of its time.
    """

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """There are no arguments."""
        s.finish("addinfo")
        return cls()

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Add the fields."""
        latest = string("+Infinity") if ctx.latest is None else number(ctx.latest)
        values = (number(ctx.earliest or 0.0), latest, string(ctx.dispatch.sid or f"{ctx.now:.3f}"), number(ctx.now))
        return rel.extend(dict(zip(_FIELDS, values, strict=True)))

    def needs(self, after: Needs) -> Needs:
        """Nothing of its own."""
        return Needs(after.names - set(_FIELDS), after.everything)
