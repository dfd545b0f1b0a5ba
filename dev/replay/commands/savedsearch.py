"""savedsearch: the results of a saved search, run now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from msgspec.structs import replace

from replay.commands import Command, Needs, command
from replay.context import Context
from replay.errors import SearchError
from replay.plan import MAX_SUBSEARCH_DEPTH, Parser, datasets_of, plan_search
from replay.relation import Relation
from replay.spl.macros import substitute
from replay.spl.scanner import Scanner


@command("savedsearch")
class SavedSearch(Command, frozen=True):
    """``savedsearch <name> [key=value] … [nosubstitution=b]``: ``$key$`` in the search becomes the value.

    Source: Search Reference, "savedsearch". The time range is that of the search that names it.
    """

    saved: str
    values: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the name and the values."""
        name = s.value("the name of a saved search")
        values: dict[str, str] = {}
        while not s.done:
            key = s.field("key=value")
            s.expect("=", f"after `{key}` in savedsearch")
            values[key] = s.value()
        if s.boolean(values.pop("nosubstitution", "f")):
            values = {}
        return cls(name, tuple(values.items()))

    def generate(self, ctx: Context, needs: Needs) -> Relation:
        """Run it."""
        return plan_search(*self._search(ctx))

    def reads_datasets(self, ctx: Context) -> Iterator[tuple[str, str, str]]:
        """Those that the saved search reads."""
        return datasets_of(*self._search(ctx))

    def _search(self, ctx: Context) -> tuple[str, Context]:
        if ctx.depth >= MAX_SUBSEARCH_DEPTH:
            raise SearchError(f"saved search `{self.saved}` names itself, or nests too deep", ctx.place)
        found = ctx.knowledge.saved_search(self.saved, ctx.app)
        return substitute(found.search, dict(self.values)), replace(ctx, depth=ctx.depth + 1, place=found.place)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Refuse: the command generates."""
        raise SearchError("`savedsearch` must be the first command of a search", ctx.place)
