"""What the summary of a dataset depends on beside the events: if it changes, the summary is made anew."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from replay.commands.fields import matcher
from replay.context import Context
from replay.errors import ReplayError
from replay.knowledge.datamodels import Calculation, Dataset
from replay.knowledge.lookups import Lookup
from replay.plan import expand_macros
from replay.store.manifest import FORMAT

_CONFS = ("props", "transforms", "tags")


def fingerprint(ctx: Context, model: str, name: str) -> str | None:
    """Of the knowledge that makes a dataset, as a search in the app of ``ctx`` sees it.

    Returns:
        64 hexadecimal digits; None for a dataset that cannot be summarised: it is made by a search of its own, or
        its constraints hold one, or it reads a lookup that is no file.

    Raises:
        KnowledgeError: no such dataset.
    """
    knowledge = ctx.knowledge
    tree = knowledge.datamodel(ctx.app, model)
    dataset = tree.dataset(name)
    lookups = _lookups(ctx, dataset)
    described = [_described(d, ctx) for d in tree.datasets.values() if dataset.name in d.lineage]
    if dataset.kind != "event" or lookups is None or any("[" in text for d in described for text in d[1]):
        return None
    parts: list[Any] = [FORMAT, model, name, described]
    parts += [knowledge.contents(ctx.app, conf) for conf in _CONFS]
    parts.append({e.name: (_expanded(e.search, ctx), e.tags) for e in knowledge.eventtypes(ctx.app).values()})
    parts += [sha256(lookup.path.read_bytes()).hexdigest() for lookup in lookups if lookup.path is not None]
    return sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def _described(dataset: Dataset, ctx: Context) -> list[Any]:
    constraints = [_expanded(c.search, ctx) for c in dataset.constraints]
    fields = [(f.qualified, f.type, f.required) for f in dataset.fields]
    calculations = [_calculation(c) for c in dataset.calculations]
    return [dataset.lineage, constraints, fields, calculations]


def _calculation(c: Calculation) -> list[Any]:
    outputs = [(output.qualified, output.column) for output in c.outputs]
    return [c.kind, c.expression, c.input_field, c.lookup_name, c.lookup_inputs, outputs]


def _expanded(search: str, ctx: Context) -> str:
    try:
        return expand_macros(search, ctx)
    except ReplayError:  # whoever uses it gets the error; many an event type is never used
        return search


def _lookups(ctx: Context, dataset: Dataset) -> list[Lookup] | None:
    """The tables that may give fields; None if one of them is no file."""
    names = {c.lookup_name for c in dataset.calculations if c.kind == "Lookup"}
    names |= {auto.lookup.table for props in ctx.knowledge.every_props(ctx.app) for auto in props.lookups}
    found = list(_found(ctx, sorted(names)))
    return None if any(lookup.path is None for lookup in found) else found


def _found(ctx: Context, names: Iterable[str]) -> Iterable[Lookup]:
    for name in names:
        try:
            yield ctx.knowledge.lookup(ctx.app, name)
        except ReplayError:  # as above
            continue


def takes(names: Iterable[str], everything: bool) -> bool:
    """True if a summary can have all these fields: it has every field but the raw event."""
    return not everything and not any(matcher(n).match("_raw") for n in names)
