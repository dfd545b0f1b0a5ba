"""Which events a search cannot find, so that the reader of the logs may pass over them (inputs/skim.py)."""

from __future__ import annotations

from replay.commands.search import Search
from replay.commands.tstats import TStats
from replay.context import Context
from replay.knowledge.datamodels import Dataset
from replay.plan import Pipeline
from replay.spl.search import has_subsearch
from replay.summaries import root_dataset
from replay.verbatim import texts_of


def required_texts(pipeline: Pipeline, ctx: Context) -> frozenset[str] | None:
    """Texts of which at least one stands in every event that the search can find; None if nothing can be said.

    Args:
        pipeline: a search.
        ctx: its context.
    """
    first, *others = pipeline.commands
    if any(command.reads_events() for command in others):
        return None
    if isinstance(first, Search) and not has_subsearch(first.expression):
        return texts_of(first.expression, ctx)
    if isinstance(first, TStats) and first.model is not None and not has_subsearch(first.where):
        return texts_of(first.where, ctx, _dataset(first, ctx))
    return None


def _dataset(command: TStats, ctx: Context) -> Dataset:
    assert command.model is not None
    model = ctx.knowledge.datamodel(ctx.app, command.model)
    return model.dataset(command.dataset or root_dataset(model, ctx))
