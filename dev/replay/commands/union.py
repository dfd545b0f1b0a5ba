"""union and multisearch: the rows of several searches."""

from __future__ import annotations

from typing import Self

from replay.commands import Command, Needs, command
from replay.commands.append import MAX_ROWS
from replay.context import Context
from replay.errors import SearchError
from replay.plan import Parser, Pipeline
from replay.relation import ORDER, Kind, Relation
from replay.relation import union as unite
from replay.spl.scanner import Scanner
from replay.subsearches import parse_dataset, rows_of

_OPTIONS = ("maxtime", "maxout", "timeout")


@command("union")
class Union(Command, frozen=True):
    """``union [maxtime=N] [maxout=N] [timeout=N] <dataset> …``; a dataset is a subsearch or a name such as
    ``datamodel:"Model.Dataset"``. Source: Search Reference, "union". Rows come dataset by dataset.
    """

    datasets: tuple[Pipeline, ...]
    maxout: int = MAX_ROWS

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read options and datasets."""
        options = s.options(_OPTIONS, "union")
        for name in ("maxtime", "timeout"):
            s.integer(options.get(name, "0"), name)
        found = _datasets(s, parser)
        if not found:
            raise s.error("`union` needs at least one dataset")
        return cls(found, s.integer(options.get("maxout", str(MAX_ROWS)), "maxout"))

    def generate(self, ctx: Context, needs: Needs) -> Relation:
        """As the first command: the rows of all datasets."""
        return unite(self._relations(ctx))

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Later: after the rows there are."""
        return unite([rel, *self._relations(ctx)])

    def _relations(self, ctx: Context) -> list[Relation]:
        return [rows_of(body, ctx, self.maxout, self.name) for body in self.datasets]

    def needs(self, after: Needs) -> Needs:
        """Nothing of its own."""
        return after


@command("multisearch")
class MultiSearch(Command, frozen=True):
    """``multisearch [ search … ] [ search … ] …``: event searches at the same time, newest event first.

    Source: Search Reference, "multisearch": at least two, and it must be the first command.
    """

    searches: tuple[Pipeline, ...]

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the searches."""
        found = _datasets(s, parser)
        if len(found) < 2:
            raise s.error("`multisearch` needs at least two subsearches")
        return cls(found)

    def generate(self, ctx: Context, needs: Needs) -> Relation:
        """The rows of all searches; a search has no limit of its own."""
        rel = unite([rows_of(body, ctx, 0, self.name) for body in self.searches])
        time = rel.field("_time")
        return rel.renumber(f"{time.sql} DESC NULLS LAST, {ORDER}") if time.kind is Kind.NUM else rel

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Refuse: the command generates."""
        raise SearchError("`multisearch` must be the first command of a search", ctx.place)


def _datasets(s: Scanner, parser: Parser) -> tuple[Pipeline, ...]:
    found: list[Pipeline] = []
    while not s.done:
        if not s.accept(","):
            found.append(parse_dataset(s, parser))
    return tuple(found)
