"""collect: put results into a summary index."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Self

from replay.commands import EVERYTHING, Command, Needs, command
from replay.context import Context
from replay.engine import Value
from replay.inputs import Event
from replay.plan import Parser
from replay.relation import Relation
from replay.report import text_of
from replay.spl.scanner import Scanner
from replay.stash import SOURCETYPE, stash_text

_BOOLEANS = ("addinfo", "addtime", "spool", "testmode", "run_in_preview", "uselb")
_TEXTS = ("index", "file", "marker", "host", "source", "sourcetype", "output_format", "timeformat")


@command("collect")
class Collect(Command, frozen=True):
    """``collect index=<name> [options]``: the rows pass through. Source: Search Reference, "collect".

    A server writes them into the index; from the command line nothing is written, and the search is warned.
    """

    index: str
    host: str
    source: str
    sourcetype: str
    test: bool

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read and check the options."""
        options = s.options((*_TEXTS, *_BOOLEANS), "collect")
        s.finish("collect")
        for name in _BOOLEANS:
            s.boolean(options.get(name, "f"))
        if not options.get("index"):
            raise s.error("`collect` needs index=<name>")
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]*", options["index"]):
            raise s.error(f"`{options['index'][:100]}` cannot be the name of an index: use letters, digits, _ and -")
        if options.get("output_format", "raw").lower() not in ("raw", "hec"):
            raise s.error("`collect output_format=` is raw or hec")
        return cls(
            options["index"], options.get("host", ""), options.get("source", ""),
            options.get("sourcetype", SOURCETYPE), s.boolean(options.get("testmode", "f")),
        )  # fmt: skip

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """The same rows, written if there is a server to write them."""
        writer = ctx.dispatch.writer
        if self.test:
            return rel
        if writer is None:
            ctx.warn(f"`collect` writes nothing here: the rows meant for index `{self.index}` only pass through")
            return rel
        rel = ctx.materialize(rel)
        writer.add(self._events(ctx.engine.rows(rel), ctx), self.index, ctx.engine)
        return rel

    def needs(self, after: Needs) -> Needs:
        """Every field is written."""
        return EVERYTHING

    def _events(self, rows: Iterator[dict[str, Value]], ctx: Context) -> Iterator[Event]:
        source = self.source or ctx.dispatch.search_name or ctx.dispatch.sid
        for row in rows:
            time = _time(row, ctx)
            raw = text_of(row.get("_raw")) or stash_text(time, {**self._info(ctx), **row})
            yield Event(raw, time, self.host or text_of(row.get("host")) or "localhost", source, self.sourcetype)

    @staticmethod
    def _info(ctx: Context) -> dict[str, Value]:
        latest = "+Infinity" if ctx.latest is None else ctx.latest
        return {
            "search_name": ctx.dispatch.search_name, "search_now": ctx.now, "info_min_time": ctx.earliest or 0.0,
            "info_max_time": latest, "info_search_time": ctx.now,
        }  # fmt: skip


def _time(row: Mapping[str, Value], ctx: Context) -> float:
    """The time of a result; one without gets the start of the search's time range, or the time of the search."""
    time = row.get("_time")
    if isinstance(time, float):
        return time
    try:
        return float(text_of(time)) if time is not None else ctx.earliest or ctx.now
    except ValueError:
        return ctx.earliest or ctx.now
