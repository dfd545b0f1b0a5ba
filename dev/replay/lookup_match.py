"""Matching rows against a lookup: what ``lookup`` does, and automatic lookups (``LOOKUP-…`` in props.conf).

Source: Search Reference, "lookup"; transforms.conf.spec (match_type, max_matches, min_matches, default_match,
case_sensitive_match, time_field).
"""

from __future__ import annotations

from collections.abc import Sequence

from replay.context import Context
from replay.errors import KnowledgeError
from replay.expressions import EvalCompiler
from replay.knowledge import Lookup
from replay.lookup_table import lookup_rows
from replay.relation import (
    ORDER,
    Column,
    Expr,
    Kind,
    Relation,
    as_list,
    as_number,
    as_text,
    cast,
    common_kind,
    quote,
)
from replay.spl.evals import Call, Field, String

Pairs = Sequence[tuple[str, str]]
"""(field of the lookup, field of the event), in the order written."""


def apply_lookup(
    rel: Relation, lookup: Lookup, inputs: Pairs, outputs: Pairs, overwrite: bool, ctx: Context
) -> Relation:
    """Add the fields that a lookup knows about each row.

    Rows that match nothing get no value (an output that exists is cleared if ``overwrite``), or ``default_match`` if
    the lookup wants more matches than there are. Several matches, up to ``max_matches`` in file order, give a
    multivalue; each value of a multivalue input is looked up. A missing input matches nothing.

    Args:
        rel: the rows.
        lookup: a CSV file or KV store collection.
        inputs: what must match; all pairs must.
        outputs: what is added; empty means every column that is no input, under its own name.
        overwrite: OUTPUT (true) or OUTPUTNEW (false: only where the event has no such field).
        ctx: the search.

    Raises:
        KnowledgeError: the lookup has no such column, or no rows to read.
    """
    table = lookup_rows(lookup, ctx)
    keys = [column for column, _ in inputs]
    outputs = outputs or [(name, name) for name in table.columns if name not in keys and name != "_key"]
    for column in (*keys, *(name for name, _ in outputs)):
        if not table.has(column) and not (lookup.kind == "kvstore" and not lookup.fields_list):
            known = ", ".join(table.columns)
            raise KnowledgeError(f"lookup `{lookup.name}` has no field `{column}` (it has: {known})", lookup.place)
    if not outputs:
        return rel
    rel, found, on = _matched(rel, table, lookup, inputs, [column for column, _ in outputs], ctx)
    items = {name: rel.field(name) for name in rel.columns}
    complete = " AND ".join(f"{rel.field(name).sql} IS NOT NULL" for _, name in inputs)
    for position, (_, name) in enumerate(outputs):
        value = _padded(found.field(f"__out{position}"), lookup, complete)
        items[name] = value if overwrite or not rel.has(name) else _first(rel.field(name), value)
    return rel.project(items, tail=f"LEFT JOIN {found.name} ON {on}", others=[found])


def _matched(
    rel: Relation, table: Relation, lookup: Lookup, inputs: Pairs, columns: Sequence[str], ctx: Context
) -> tuple[Relation, Relation, str]:
    """The rows, the matches with ``__out0…`` and ``__hits``, and the condition that brings them together."""
    types = lookup.match_types
    if not lookup.time_field and ctx.engine.count(table) == 0:  # as a collection is at first: there is nothing to find
        return rel, _nothing(len(columns)), "false"
    if lookup.time_field or any(types.get(c, "EXACT") != "EXACT" or rel.field(e).kind is Kind.MV for c, e in inputs):
        rel = ctx.materialize(rel)
        return rel, _by_row(rel, table, lookup, inputs, columns, ctx), f"{ORDER} = __row"
    found = _by_key(table, lookup, [column for column, _ in inputs], columns, ctx)
    tests = [f"{_case(rel.field(e), lookup)} = __k{i}" for i, (_, e) in enumerate(inputs)]
    return rel, found, " AND ".join(tests)


def _nothing(outputs: int) -> Relation:
    columns = {f"__out{i}": Column(f"__out{i}", Kind.STR) for i in range(outputs)}
    return Relation(
        f"(SELECT {', '.join(f'CAST(NULL AS VARCHAR) AS {name}' for name in columns)}, 0 AS __hits)", columns
    )


def _first(old: Expr, new: Expr) -> Expr:
    kind = common_kind((old.kind, new.kind))
    return Expr(f"coalesce({cast(old, kind).sql}, {cast(new, kind).sql})", kind)


def _case(e: Expr, lookup: Lookup) -> str:
    text = as_text(e).sql
    return text if lookup.case_sensitive else f"lower({text})"


def _cell(e: Expr, lookup: Lookup) -> str:
    """A cell as it is compared. Those of a collection keep their case: only lower-case ones match without case
    (transforms.conf.spec, ``case_sensitive_match``)."""
    return as_text(e).sql if lookup.kind == "kvstore" else _case(e, lookup)


def _padded(value: Expr, lookup: Lookup, complete: str) -> Expr:
    """The output, with ``default_match`` in place of the matches that are missing."""
    if lookup.min_matches == 0:
        return value
    default = quote(lookup.default_match)
    missing = f"({lookup.min_matches} - coalesce(__hits, 0))"
    if lookup.min_matches == 1 and value.kind is Kind.STR:
        return Expr(f"CASE WHEN {missing} > 0 AND {complete} THEN {default} ELSE {value.sql} END", Kind.STR)
    padding = f"list_transform(range({missing}), lambda i: {default})"
    padded = f"list_concat(coalesce({as_list(value).sql}, []), {padding})"
    return Expr(f"CASE WHEN {missing} > 0 AND {complete} THEN {padded} ELSE {as_list(value).sql} END", Kind.MV)


def _by_key(table: Relation, lookup: Lookup, keys: Sequence[str], outputs: Sequence[str], ctx: Context) -> Relation:
    """The table grouped by its keys: ``__k0…`` (as compared), ``__out0…`` and ``__hits``; no order."""
    names = [f"__k{i}" for i in range(len(keys))]
    values = [f"{_cell(table.field(key), lookup)} AS {name}" for key, name in zip(keys, names, strict=True)]
    values += [f"{as_text(table.field(column)).sql} AS __o{i}" for i, column in enumerate(outputs)]
    inner = f"SELECT {', '.join(values)}, {ORDER} FROM {table.name}"
    present = " AND ".join(f"{name} IS NOT NULL" for name in names)
    rows = (
        f"SELECT * FROM ({inner}) WHERE {present} QUALIFY "
        f"row_number() OVER (PARTITION BY {', '.join(names)} ORDER BY {ORDER}) <= {lookup.max_matches}"
    )
    lists = ", ".join(f"list(__o{i} ORDER BY {ORDER}) AS __out{i}" for i in range(len(outputs)))
    sql = f"SELECT {', '.join(names)}, {lists}, count(*) AS __hits FROM ({rows}) GROUP BY {', '.join(names)}"
    return _computed(table, sql, len(outputs), ctx, [])


def _by_row(
    rel: Relation, table: Relation, lookup: Lookup, inputs: Pairs, outputs: Sequence[str], ctx: Context
) -> Relation:
    """The matches of every row: ``__row``, ``__out0…`` and ``__hits``; no order.

    Each distinct combination of values is compared with the table once.
    """
    probe = _Probe(rel, inputs, lookup)
    time = _table_time(table, lookup, ctx)
    cells = [f"{as_text(table.field(c)).sql} AS __c{i}" for i, (c, _) in enumerate(inputs)]
    cells += [f"{as_text(table.field(column)).sql} AS __o{i}" for i, column in enumerate(outputs)]
    rows = f"SELECT {', '.join(cells)}, {time} AS __at, {ORDER} FROM {table.name}"
    keys = ", ".join(probe.names)
    order = f"__at DESC, {ORDER}" if lookup.time_field else ORDER
    hits = (
        f"SELECT {keys}, t.* FROM (SELECT DISTINCT {keys} FROM ({probe.sql})) JOIN ({rows}) t "
        f"ON {' AND '.join(probe.tests)} "
        f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {order}) <= {lookup.max_matches}"
    )
    lists = ", ".join(f"list(__o{i} ORDER BY {order}) AS __l{i}" for i in range(len(outputs)))
    per_key = f"SELECT {keys}, {lists}, count(*) AS __m FROM ({hits}) GROUP BY {keys}"
    flat = ", ".join(f"flatten(list(__l{i} ORDER BY {probe.order})) AS __out{i}" for i in range(len(outputs)))
    sql = (
        f"SELECT __row, {flat}, CAST(sum(__m) AS BIGINT) AS __hits FROM ({probe.sql}) JOIN ({per_key}) USING ({keys}) "
        "GROUP BY __row"
    )
    return _computed(table, sql, len(outputs), ctx, [rel])


class _Probe:
    """The values of the inputs, one combination a line: ``__row``, ``__e0…`` (values), ``__i0…`` (their positions)."""

    def __init__(self, rel: Relation, inputs: Pairs, lookup: Lookup) -> None:
        count = range(len(inputs))
        self.names = [f"__e{i}" for i in count]
        self.order = ", ".join(f"__i{i}" for i in count)
        self.tests = [_test(i, column, lookup) for i, (column, _) in enumerate(inputs)]
        time = as_number(rel.field("_time")).sql if lookup.time_field else "NULL"
        lists = [f"{as_list(rel.field(name)).sql} AS __v{i}" for i, (_, name) in enumerate(inputs)]
        sql = f"SELECT {ORDER} AS __row, {time} AS __when, {', '.join(lists)} FROM {rel.name}"
        for i in count:
            sql = f"SELECT *, unnest(__v{i}) AS __e{i}, generate_subscripts(__v{i}, 1) AS __i{i} FROM ({sql})"
        if lookup.time_field:
            self.names.append("__when")
            self.tests.append(f"__when - __at BETWEEN {lookup.min_offset_secs} AND {lookup.max_offset_secs}")
        self.sql = sql


def _test(position: int, column: str, lookup: Lookup) -> str:
    value = _case(Expr(f"__e{position}", Kind.STR), lookup)
    cell = _cell(Expr(f"__c{position}", Kind.STR), lookup)
    match lookup.match_types.get(column, "EXACT"):
        case "WILDCARD":
            return f"{value} LIKE spl_like({cell}) ESCAPE '^'"
        case "CIDR":
            return f"({value} = {cell} OR py_cidr(__c{position}, __e{position}))"
    return f"{value} = {cell}"


def _table_time(table: Relation, lookup: Lookup, ctx: Context) -> str:
    """SQL of the time of a row of a temporal lookup, epoch seconds."""
    if not lookup.time_field:
        return "NULL"
    if not table.has(lookup.time_field):
        raise KnowledgeError(f"lookup `{lookup.name}` has no field `{lookup.time_field}` (time_field)", lookup.place)
    if lookup.time_format.startswith("%s"):
        return as_number(table.field(lookup.time_field)).sql
    parsed = Call("strptime", (Field(lookup.time_field), String(lookup.time_format)))
    return EvalCompiler(table, ctx).number(parsed).sql


def _computed(table: Relation, sql: str, outputs: int, ctx: Context, others: Sequence[Relation]) -> Relation:
    """The matches, computed now: whether any key has several decides if the outputs are multivalues."""
    found = ctx.engine.materialize(table.derive(sql, {}, others)).name
    several = ctx.engine.scalar(f"SELECT max(__hits) FROM {found}") or 0
    kind = Kind.MV if several > 1 else Kind.STR
    columns = {f"__out{i}": Column(f"__out{i}", kind) for i in range(outputs)}
    form = "spl_mv({})" if kind is Kind.MV else "{}[1]"
    replaced = ", ".join(f"{form.format(name)} AS {name}" for name in columns)
    return Relation(f"(SELECT * REPLACE ({replaced}) FROM {found})", columns)
