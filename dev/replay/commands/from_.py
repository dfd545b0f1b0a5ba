"""from: the rows of a dataset, saved search or lookup."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from msgspec.structs import replace

from replay.commands import EVERYTHING, Command, Needs, command
from replay.commands.datamodel import newest_first, unprefixed
from replay.context import Context
from replay.errors import SearchError
from replay.plan import MAX_SUBSEARCH_DEPTH, Parser, datasets_of, plan_search
from replay.relation import Relation
from replay.spl.scanner import Scanner
from replay.summaries import root_dataset

_KINDS = ("datamodel", "savedsearch", "inputlookup", "lookup")


@command("from")
class From(Command, frozen=True):
    """``from datamodel:"M.D"``; ``savedsearch:``, ``inputlookup:`` and ``lookup:`` likewise, or with a space instead
    of the colon. Source: searchbnf.conf, from-command."""

    kind: str
    dataset_name: str

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read the kind and the name."""
        kind = s.peek_word(":=").lower()
        if kind not in _KINDS:
            raise s.error(f"`from` takes one of {', '.join(k + ':' for k in _KINDS)}")
        s.pos += len(kind)
        if not s.accept(":"):
            s.accept("=")
        name = s.value(f"the name of a {kind}")
        s.finish("from")
        return cls(kind, name)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Refuse: the command generates."""
        raise SearchError("`from` must be the first command of a search", ctx.place)

    def generate(self, ctx: Context, needs: Needs) -> Relation:
        """The rows; fields of a dataset have no prefix."""
        if self.kind == "datamodel":
            ((_, model, dataset),) = self.reads_datasets(ctx)
            return unprefixed(newest_first(ctx.store.dataset(ctx, model, dataset, EVERYTHING)))
        if self.kind == "savedsearch":
            return plan_search(*self._search(ctx))
        from replay.commands.inputlookup import InputLookup

        return InputLookup(self.dataset_name).generate(ctx, needs)

    def reads_datasets(self, ctx: Context) -> Iterator[tuple[str, str, str]]:
        """The dataset, or those that the saved search reads."""
        if self.kind == "datamodel":
            model, _, dataset = self.dataset_name.partition(".")
            yield ctx.app, model, dataset or root_dataset(ctx.knowledge.datamodel(ctx.app, model), ctx)
        if self.kind == "savedsearch":
            yield from datasets_of(*self._search(ctx))

    def _search(self, ctx: Context) -> tuple[str, Context]:
        if ctx.depth >= MAX_SUBSEARCH_DEPTH:
            raise SearchError(f"saved search `{self.dataset_name}` names itself, or nests too deep", ctx.place)
        saved = ctx.knowledge.saved_search(self.dataset_name)
        return saved.search, replace(ctx, app=saved.app, place=saved.place, depth=ctx.depth + 1)
