"""Which fields an event of a data model may lack, and which a search expression demands."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from replay.commands.tstats import INDEXED, TStats
from replay.context import Context
from replay.errors import ReplayError
from replay.knowledge import DataModel, Dataset
from replay.knowledge.datamodels import DEFAULT_FIELDS
from replay.spl.evals import Binary, Call, EvalExpr, Field, Number, String, parse_whole
from replay.spl.scanner import Scanner
from replay.spl.search import And, Compare, Or, SearchExpr, Text

ALWAYS = frozenset((*DEFAULT_FIELDS, *INDEXED, "nodename", "splunk_server", "linecount", "punct"))
"""Every event has these."""


def model_of(command: TStats, ctx: Context) -> DataModel | None:
    """The data model that a tstats reads, if it reads one that is known."""
    if command.model is None:
        return None
    try:
        return ctx.knowledge.datamodel(ctx.app, command.model)
    except ReplayError:
        return None


def dataset_of(command: TStats, ctx: Context) -> Dataset | None:
    """The dataset that a tstats reads: that of its name, or the only root."""
    model = model_of(command, ctx)
    if model is None:
        return None
    roots = [d for d in model.datasets.values() if d.parent is None]
    try:
        return model.dataset(command.dataset) if command.dataset else roots[0] if len(roots) == 1 else None
    except ReplayError:
        return None


def may_lack(dataset: Dataset, name: str) -> bool:
    """Whether an event of the dataset may have no such field.

    It has the field if the dataset requires it, or if a calculation falls back to a value, as those of CIM do, to
    ``unknown``.
    """
    field = dataset.field(name)
    return name not in ALWAYS and field is not None and field.name not in _filled(dataset)


def _filled(dataset: Dataset) -> frozenset[str]:
    """The fields that every event of the dataset has, in their own names."""
    filled = {field.name for field in dataset.fields if field.required} | ALWAYS
    for calculation in dataset.calculations:
        for output in calculation.outputs:
            filled.discard(output.name)
        if calculation.kind == "Eval" and _always(_tree(calculation.expression), frozenset(filled)):
            filled.add(calculation.outputs[0].name)
    return frozenset(filled)


@cache
def _tree(expression: str) -> EvalExpr:
    return parse_whole(Scanner(expression), "a calculation")


def _always(expr: EvalExpr, known: frozenset[str]) -> bool:
    """Whether the expression always has a value, if the known fields have one."""
    match expr:
        case String() | Number():
            return True
        case Field(name):
            return name in known
        case Call("len" | "lower" | "upper" | "trim" | "tostring", args):
            return all(_always(arg, known) for arg in args)
        case Call("coalesce", args):
            return any(_always(arg, known) for arg in args)
        case Call("if", (test, yes, no)):
            return _always(yes, known | _true(test)) and _always(no, known | _false(test))
        case Call("case", args) if len(args) >= 2 and _is_true(args[-2]):
            # That the values before the last fit their tests is taken on trust: `match(x, …), replace(x, …)`.
            return _always(args[-1], known)
    return False


def _is_true(expr: EvalExpr) -> bool:
    return (isinstance(expr, Call) and expr.name == "true") or (isinstance(expr, Binary) and expr.left == expr.right)


def _true(test: EvalExpr) -> frozenset[str]:
    """Fields that have a value where the test is true."""
    match test:
        case Call("isnotnull" | "isnum" | "isstr", (Field(name),)):
            return frozenset([name])
        case Binary("AND", left, right):
            return _true(left) | _true(right)
        case Binary(op, Field(name), String() | Number()) if op in ("=", "!=", ">", "<", ">=", "<="):
            return frozenset([name])
    return frozenset()


def _false(test: EvalExpr) -> frozenset[str]:
    """Fields that have a value where the test is not true."""
    match test:
        case Call("isnull", (Field(name),)):
            return frozenset([name])
        case Binary("OR", left, right):
            return _false(left) | _false(right)
    return frozenset()


def demanded(expr: SearchExpr) -> set[str]:
    """Fields without which nothing satisfies the expression: those that it compares for equality or order."""
    match expr:
        case And(terms):
            return set[str]().union(*map(demanded, terms))
        case Or(terms):
            each = [demanded(term) for term in terms]
            return set.intersection(*each) if each else set()
        case Compare(field=name, op=op) if op != "!=":
            return {name}
    return set()


def positive(expr: SearchExpr) -> Iterator[Compare | Text]:
    """The comparisons and words of an expression that stand under no NOT."""
    match expr:
        case And(terms) | Or(terms):
            for term in terms:
                yield from positive(term)
        case Compare() | Text():
            yield expr


def conjuncts(expr: SearchExpr) -> tuple[SearchExpr, ...]:
    """What must all hold: the terms of an AND, those of ANDs in it too."""
    if isinstance(expr, And):
        return tuple(inner for term in expr.terms for inner in conjuncts(term))
    return (expr,)
