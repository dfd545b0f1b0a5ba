"""Datasets of data models: events that meet the constraints, with the fields that the model names and calculates.

Source: Knowledge Manager Manual, "About data models": a dataset's events are its parent's that meet its own constraint;
it inherits fields and calculations; calculations run in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from replay.commands import Needs
from replay.commands.fields import matcher
from replay.context import Context
from replay.errors import KnowledgeError
from replay.expressions import EvalCompiler
from replay.functions.fields import fields_read
from replay.knowledge.datamodels import Calculation, Constraint, DataModel, Dataset
from replay.labels import expand_labels
from replay.plan import Parser, expand_macros, needs_of, parse, plan_onto
from replay.relation import Expr, Kind, Relation, quote
from replay.spl.evals import EvalExpr, parse_setting
from replay.spl.scanner import Scanner
from replay.spl.search import And, SearchExpr, fields_of
from replay.terms import compile_terms

if TYPE_CHECKING:
    from replay.index import Index

UNPREFIXED = ("_time", "_raw", "host", "source", "sourcetype", "index")


def dataset_relation(index: Index, ctx: Context, model_name: str, name: str, needs: Needs) -> Relation:
    """The dataset as a relation, fields named as searches name them (``Processes.dest``), beside ``nodename``.

    Args:
        index: the events.
        ctx: the search.
        model_name: data model, e.g. ``Endpoint``.
        name: dataset, e.g. ``Processes``.
        needs: fields to compute, as a search names them.

    Raises:
        KnowledgeError: no such model or dataset, or a kind of dataset that is not supported.
    """
    model = ctx.knowledge.datamodel(ctx.app, model_name)
    dataset = model.dataset(name)
    if dataset.kind == "transaction":
        raise KnowledgeError(f"dataset `{name}` has a transaction root, which is not supported", dataset.place)
    wanted = _wanted(dataset, needs)
    tree = [d for d in model.datasets.values() if dataset.name in d.lineage] if _needs_nodes(needs) else []
    bare = {f.name for f in dataset.fields if f.qualified in wanted}
    calculations = _needed(_calculations(dataset, tree), bare | _constraint_fields(dataset, tree, ctx))
    fields = Needs(frozenset(bare | _constraint_fields(dataset, tree, ctx)), where=needs.where)
    rel = _constrained(index, ctx, dataset, calculations, fields)
    items: dict[str, Expr] = {n: rel.field(n) for n in UNPREFIXED if rel.has(n)}
    items |= {f.qualified: rel.field(f.name) for f in dataset.fields if f.qualified in wanted and f.name not in items}
    if _needs_nodes(needs):
        items["nodename"] = _nodes(rel, dataset, tree, ctx)
    return rel.project(items)


def _needs_nodes(needs: Needs) -> bool:
    return needs.everything or "nodename" in needs.names


def _wanted(dataset: Dataset, needs: Needs) -> set[str]:
    names = {f.qualified for f in dataset.fields}
    if needs.everything:
        return names
    patterns = [matcher(n) for n in needs.names if "*" in n]
    return {n for n in names if n in needs.names or any(p.match(n) for p in patterns)}


def _expression(constraint: Constraint, ctx: Context) -> SearchExpr:
    text = expand_macros(constraint.search, ctx)
    return expand_labels(Parser(ctx).expression(Scanner(text, place=constraint.place)), ctx)


def _below_root(dataset: Dataset, tree: list[Dataset]) -> list[Constraint]:
    found = [*dataset.constraints, *(c for d in tree for c in d.constraints)]
    return [c for c in dict.fromkeys(found) if c.owner != dataset.lineage[0]]


def _constraint_fields(dataset: Dataset, tree: list[Dataset], ctx: Context) -> set[str]:
    names: set[str] = set()
    for constraint in _below_root(dataset, tree):
        names |= fields_of(_expression(constraint, ctx))
    return names


def _calculations(dataset: Dataset, tree: list[Dataset]) -> list[Calculation]:
    every = [*dataset.calculations, *(c for d in tree for c in d.calculations)]
    return list(dict.fromkeys(every))


def _needed(calculations: list[Calculation], wanted: set[str]) -> list[Calculation]:
    """The calculations whose outputs are wanted, or read by a wanted one."""
    kept: list[Calculation] = []
    reads = set(wanted)
    for calculation in reversed(calculations):
        if any(output.name in reads for output in calculation.outputs):
            kept.append(calculation)
            reads |= _reads(calculation)
    return kept[::-1]


def _reads(calculation: Calculation) -> set[str]:
    if calculation.kind == "Eval":
        return fields_read(_tree(calculation))
    return {calculation.input_field, *(field for _, field in calculation.lookup_inputs)} - {""}


def _tree(calculation: Calculation) -> EvalExpr:
    return parse_setting(calculation.expression, calculation.place)


def _constrained(
    index: Index, ctx: Context, dataset: Dataset, calculations: list[Calculation], needs: Needs
) -> Relation:
    reads = needs.names.union(*map(_reads, calculations))
    rel = _root_rows(index, ctx, dataset, replace(needs, names=reads))
    for step in _steps(calculations):
        rel = _calculate(rel, step, ctx)
    for constraint in dataset.constraints:
        if constraint.owner != dataset.lineage[0]:
            rel = rel.filter(compile_terms(_expression(constraint, ctx), rel.field, ctx))
    return rel


def _root_rows(index: Index, ctx: Context, dataset: Dataset, needs: Needs) -> Relation:
    """The rows that the root dataset takes in: events that meet its constraints, or the results of its search."""
    if dataset.base_search is not None:
        pipeline = parse(dataset.base_search, ctx)
        first, *others = pipeline.commands
        return plan_onto(first.generate(ctx, needs_of(others, needs)), tuple(others), ctx)
    root = [c for c in dataset.constraints if c.owner == dataset.lineage[0]]
    texts = None if needs.where is None else index.texts(ctx, needs.where, dataset)
    return index.unordered(ctx, And(tuple(_expression(c, ctx) for c in root)), needs, texts)


def _steps(calculations: list[Calculation]) -> list[list[Calculation]]:
    """The calculations in order; those in one step read none of each other's outputs, so they can be made at once."""
    steps: list[list[Calculation]] = []
    outputs: set[str] = set()
    for calculation in calculations:
        own = {output.name for output in calculation.outputs}
        if steps and calculation.kind == steps[-1][0].kind == "Eval" and not outputs & (own | _reads(calculation)):
            steps[-1].append(calculation)
            outputs |= own
        else:
            steps.append([calculation])
            outputs = own
    return steps


def _calculate(rel: Relation, step: list[Calculation], ctx: Context) -> Relation:
    calculation = step[0]
    if calculation.kind == "Eval":
        return rel.extend({c.outputs[0].name: EvalCompiler(rel, ctx).value(_tree(c)) for c in step})
    if calculation.kind == "Lookup":
        from replay.lookup_match import apply_lookup

        lookup = ctx.knowledge.lookup(ctx.app, calculation.lookup_name)
        outputs = tuple((o.column or o.name, o.name) for o in calculation.outputs)
        return apply_lookup(rel, lookup, calculation.lookup_inputs, outputs, True, ctx)
    if calculation.kind == "Rex":
        from replay.regexes import first_match
        from replay.relation import as_text

        source = as_text(rel.field(calculation.input_field)).sql
        return rel.extend(
            {o.name: Expr(first_match(source, calculation.expression, o.name), Kind.STR) for o in calculation.outputs}
        )
    raise KnowledgeError(f"calculations of type {calculation.kind} are not supported", calculation.place)


def _nodes(rel: Relation, dataset: Dataset, tree: list[Dataset], ctx: Context) -> Expr:
    """``nodename``: every dataset of the tree that the event belongs to, as lineage (``Change.Account_Management``)."""
    items = []
    for node in [dataset, *(d for d in tree if d.name != dataset.name)]:
        own = [c for c in node.constraints if c not in dataset.constraints]
        tests = [compile_terms(_expression(c, ctx), rel.field, ctx) for c in own]
        items.append(f"CASE WHEN {' AND '.join(tests) or 'true'} THEN {quote('.'.join(node.lineage))} END")
    return Expr(f"spl_mv([{', '.join(items)}])", Kind.MV)


def root_dataset(model: DataModel, ctx: Context) -> str:
    """The dataset that ``datamodel=X`` alone means: the root.

    Raises:
        KnowledgeError: the model has several roots.
    """
    roots = [d.name for d in model.datasets.values() if d.parent is None]
    if len(roots) != 1:
        raise KnowledgeError(
            f"data model `{model.name}` has the root datasets {', '.join(roots)}: "
            f"name one, as in {model.name}.{roots[0]}",
            ctx.place,
        )
    return roots[0]
