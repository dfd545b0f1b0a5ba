"""map: a search for every row."""

from __future__ import annotations

import re
from typing import Self

from msgspec.structs import replace

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.engine import Value
from replay.errors import SearchError
from replay.plan import MAX_SUBSEARCH_DEPTH, Parser, parse, plan_search
from replay.relation import Relation, union
from replay.spl.scanner import Scanner, skip_quoted

_TOKEN = re.compile(r"\$([^$\s\"']+)\$")
_PLAIN = re.compile(r"[\w.:@/+-]+")
_VERBATIM = ("search", "query")


@command("map")
class Map(Command, frozen=True):
    """``map [maxsearches=10] search="… $field$ …"``, ``map … [ … ]`` or ``map … <saved search>``.

    Source: Search Reference, "map". The rows give way to the results of all searches, in order. ``$field$`` is the
    value of the row, ``$_serial_id$`` its number. A value that is more than a word is quoted where the search does not
    quote it, and its quotes are escaped; the value of a field named ``search`` or ``query`` is search text as it is.
    """

    search: str
    saved: bool = False
    maxsearches: int = 10

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the options and the search, in either order."""
        options = s.options(("search", "maxsearches"), "map")
        text, saved = options.get("search"), False
        if text is None and s.peek() == "[":
            text = s.bracketed("[").rest()
        elif text is None and not s.done:
            text, saved = s.value("the name of a saved search"), True
        options |= s.options(("maxsearches",), "map")
        s.finish("map")
        if not text or not text.strip():
            raise s.error('`map` needs search="…", [ … ] or the name of a saved search')
        return cls(text, saved, s.integer(options.get("maxsearches", "10"), "maxsearches"))

    def reads_events(self) -> bool:
        """Yes: its search is kept as text."""
        return True

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Run the search for the first rows; without any row it is only checked."""
        if ctx.depth >= MAX_SUBSEARCH_DEPTH:
            raise SearchError(f"subsearches nest deeper than {MAX_SUBSEARCH_DEPTH}", ctx.place)
        text, place = self.search, ctx.place
        if self.saved:
            found = ctx.knowledge.saved_search(self.search, ctx.app)
            text, place = found.search, found.place
        inner = replace(ctx, depth=ctx.depth + 1, place=place)
        rows = list(ctx.engine.rows(rel, self.maxsearches + 1))
        if len(rows) > self.maxsearches:
            ctx.warn(f"`map` runs for the first {self.maxsearches} rows only (maxsearches)")
        if not rows:
            # Numbers stand for the values, since they may stand anywhere in a search.
            parse(_TOKEN.sub("0", text), inner)
            return rel.filter("false").keep([])
        results = [
            plan_search(substituted(text, {**row, "_serial_id": str(number)}), inner)
            for number, row in enumerate(rows[: self.maxsearches], 1)
        ]
        return union(results) if results else rel.filter("false").keep([])

    def needs(self, after: Needs) -> Needs:
        """The fields that the search names; those of a saved search are not known yet."""
        return Needs(frozenset(_TOKEN.findall(self.search)), self.saved)


def substituted(text: str, row: dict[str, Value]) -> str:
    """The search with ``$field$`` replaced; a field that the row lacks is left as it stands."""
    out: list[str] = []
    i = 0
    while i < len(text):
        quoted = text[i] == '"'
        end = skip_quoted(text, i, len(text)) if quoted else text.find('"', i) if '"' in text[i:] else len(text)
        out.append(_TOKEN.sub(lambda token: _value(token, row, quoted), text[i:end]))  # noqa: B023
        i = end
    return "".join(out)


def _value(token: re.Match[str], row: dict[str, Value], quoted: bool) -> str:
    value = row.get(token[1])
    if value is None:
        return token[0]
    if isinstance(value, list):
        value = " ".join(value)
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if token[1] in _VERBATIM:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return escaped if quoted else text if _PLAIN.fullmatch(text) else f'"{escaped}"'
