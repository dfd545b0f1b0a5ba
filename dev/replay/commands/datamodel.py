"""datamodel: a data model's definition, or the events of one of its datasets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Self

from replay.commands import EVERYTHING, Command, Needs, command
from replay.context import Context
from replay.errors import SearchError
from replay.plan import Parser
from replay.relation import ORDER, Expr, Kind, Relation, assign_columns
from replay.spl.scanner import Scanner
from replay.summaries import UNPREFIXED

_MODES = ("search", "flat", "acceleration_search")
_STRINGS = ("search_string", "flat_string", "acceleration_search_string")


@command("datamodel")
class DataModelCommand(Command, frozen=True):
    """``datamodel [M [D [search|flat|acceleration_search]]] [options]``. Source: Search Reference, "datamodel"."""

    model: str | None
    dataset: str | None
    mode: str | None

    @classmethod
    def parse(cls, s: Scanner, parser: Parser) -> Self:
        """Read names, mode and options."""
        words: list[str] = []
        while not s.done:
            if s.options(("strict_fields", "allow_old_summaries", "summariesonly"), "datamodel"):
                continue
            words.append(s.value())
        if len(words) > 3 or (len(words) == 3 and words[2] not in (*_MODES, *_STRINGS)):
            raise s.error(f"`datamodel` takes a model, a dataset and one of {', '.join(_MODES)}")
        model, dataset, mode = (*words, None, None, None)[:3]
        if mode in _STRINGS:
            raise s.error(f"`datamodel … {mode}` is not supported: use {mode.removesuffix('_string')}")
        return cls(model, dataset, mode)

    def plan(self, rel: Relation, ctx: Context) -> Relation:
        """Refuse: the command generates."""
        raise SearchError("`datamodel` must be the first command of a search", ctx.place)

    def reads_datasets(self, ctx: Context) -> Iterator[tuple[str, str, str]]:
        """The dataset whose events are asked for."""
        if self.mode is not None:
            assert self.model is not None and self.dataset is not None
            yield ctx.app, self.model, self.dataset

    def generate(self, ctx: Context, needs: Needs) -> Relation:
        """Events (prefixed names, or bare ones for flat), or the definitions as JSON, one a row."""
        if self.mode is not None:
            assert self.model is not None and self.dataset is not None
            rel = ctx.store.dataset(ctx, self.model, self.dataset, EVERYTHING if self.mode == "flat" else needs)
            return unprefixed(newest_first(rel)) if self.mode == "flat" else newest_first(rel)
        names = [self.model] if self.model else sorted(ctx.knowledge.datamodels(ctx.app))
        rows = []
        for name in names:
            model = ctx.knowledge.datamodel(ctx.app, name)
            datasets = [model.dataset(self.dataset)] if self.dataset else list(model.datasets.values())
            objects = [{"objectName": d.name, "lineage": ".".join(d.lineage), "fields": [f.name for f in d.fields]}
                       for d in datasets]  # fmt: skip
            rows.append({"_raw": json.dumps({"modelName": model.name, "objects": objects})})
        return ctx.engine.load_rows(rows, assign_columns({"_raw": Kind.STR}))


def newest_first(rel: Relation) -> Relation:
    """Events in the order of a search: by time, newest first. Results of a root search may have no time: they stay."""
    return rel.renumber(f"{rel.field('_time').sql} DESC, {ORDER} DESC") if rel.has("_time") else rel


def unprefixed(rel: Relation) -> Relation:
    """Dataset fields by their bare names (``Processes.dest`` is ``dest``)."""
    items: dict[str, Expr] = {}
    for name in rel.columns:
        bare = name if name in UNPREFIXED else name.rpartition(".")[2]
        items.setdefault(bare, rel.field(name))
    return rel.project(items)
