"""The search expressions that read events, and the comparisons in them that a missing field fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from replay.commands import Command
from replay.commands.eval import Eval
from replay.commands.rename import Rename
from replay.commands.search import Search
from replay.commands.stats import Stats
from replay.commands.tstats import TStats
from replay.linting.examined import ExaminedSearch
from replay.linting.flow import pipelines_in
from replay.linting.nullable import ALWAYS, conjuncts, dataset_of, demanded, may_lack
from replay.spl.search import And, Compare, Or, SearchExpr

_PASSING = ("search", "where", "regex", "bin", "rex", "sort", "head", "fields", "dedup")

_KINDS = (
    "eventcode",
    "eventid",
    "event_id",
    "signature_id",
    "eventname",
    "operation",
    "operationname",
    "api.operation",
)
"""Fields that tell one kind of event from others. Events of one kind have the same fields, as far as can be known."""


class Base(NamedTuple):
    """An expression that says which events are read.

    Attributes:
        expression: it.
        lacks: whether an event may lack a field.
        grouped: fields without which an event is in no group of what follows: it is lost whatever the expression says.
        raw: it reads events, not a data model.
    """

    expression: SearchExpr
    lacks: Callable[[str], bool]
    grouped: frozenset[str]
    raw: bool


def bases(search: ExaminedSearch) -> Iterator[Base]:
    """Each tstats where clause on a known dataset, and each search that comes first in its pipeline."""
    for command in search.every_command():
        dataset = dataset_of(command, search.context) if isinstance(command, TStats) else None
        if isinstance(command, TStats) and dataset is not None:
            grouped = frozenset(command.by if command.fillnull is None else ())
            yield Base(command.where, lambda name, dataset=dataset: may_lack(dataset, name), grouped, False)  # type: ignore[misc]
    for commands in (search.commands, *(one.commands for one in pipelines_in(search.commands))):
        first = commands[0] if commands else None
        if isinstance(first, Search):
            one_kind = any(name.lower().rpartition(".")[2] in _KINDS for name in demanded(first.expression))
            lacks = (lambda name: False) if one_kind else (lambda name: name not in ALWAYS)
            yield Base(first.expression, lacks, _grouped(commands[1:]), True)


def _grouped(commands: tuple[Command, ...]) -> frozenset[str]:
    """Fields without which an event adds nothing to the stats that it comes to: its by-fields, or all that it counts.

    They are named as they were before renames, without those that are computed on the way.
    """
    made: set[str] = set()
    names: dict[str, str] = {}
    for command in commands:
        if isinstance(command, Stats):
            counted = {call.argument for call in command.calls}
            alone = {one for one in counted if isinstance(one, str)} if len(counted) == 1 else set()
            return frozenset(names.get(name, name) for name in (*command.by, *alone) if name not in made)
        if isinstance(command, Eval):
            made |= {name for name, _ in command.assignments}
        elif isinstance(command, Rename) and not any("*" in old for old, _ in command.pairs):
            names |= {new: names.get(old, old) for old, new in command.pairs}
        elif command.name not in _PASSING:
            break
    return frozenset()


def failing(base: Base, wanted: Callable[[Compare], bool]) -> Iterator[Compare]:
    """Wanted comparisons, under no NOT, whose field may be missing and is demanded by nothing else.

    Of those of one field only the first: they are mended together.
    """
    fields: set[str] = set()
    for term in _failing(base.expression, set(base.grouped), base, wanted):
        if term.field not in fields:
            fields.add(term.field)
            yield term


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
