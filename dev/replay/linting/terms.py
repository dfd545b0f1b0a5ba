"""The search expressions that read events, and the comparisons in them that a missing field fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from replay.commands.search import Search
from replay.commands.tstats import TStats
from replay.linting.examined import ExaminedSearch
from replay.linting.flow import pipelines_in
from replay.linting.nullable import ALWAYS, conjuncts, dataset_of, demanded, may_lack
from replay.spl.search import And, Compare, Or, SearchExpr


class Base(NamedTuple):
    """An expression that says which events are read, and whether an event may lack a field."""

    expression: SearchExpr
    lacks: Callable[[str], bool]


def bases(search: ExaminedSearch) -> Iterator[Base]:
    """Each tstats where clause on a known dataset, and each search that comes first in its pipeline."""
    firsts = {id(search.commands[0])} if search.commands else set()
    firsts |= {id(pipeline.commands[0]) for pipeline in pipelines_in(search.commands)}
    for command in search.every_command():
        if isinstance(command, TStats):
            dataset = dataset_of(command, search.context)
            if dataset is not None:
                yield Base(command.where, lambda name, dataset=dataset: may_lack(dataset, name))  # type: ignore[misc]
        elif isinstance(command, Search) and id(command) in firsts:
            yield Base(command.expression, lambda name: name not in ALWAYS)


def failing(base: Base, wanted: Callable[[Compare], bool]) -> Iterator[Compare]:
    """Wanted comparisons, under no NOT, whose field may be missing and is demanded by nothing beside them."""
    yield from _failing(base.expression, set(), base, wanted)


def _failing(expr: SearchExpr, known: set[str], base: Base, wanted: Callable[[Compare], bool]) -> Iterator[Compare]:
    match expr:
        case And():
            terms = conjuncts(expr)
            for term in terms:
                beside = known.union(*(demanded(t) for t in terms if t is not term and not _wants(t, wanted)))
                yield from _failing(term, beside, base, wanted)
        case Or(terms):
            for term in terms:
                yield from _failing(term, known, base, wanted)
        case Compare(field=name) if wanted(expr) and name not in known and base.lacks(name):
            yield expr


def _wants(expr: SearchExpr, wanted: Callable[[Compare], bool]) -> bool:
    return isinstance(expr, Compare) and wanted(expr)
