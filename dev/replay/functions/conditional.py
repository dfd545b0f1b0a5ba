"""Comparison and conditional functions. Source: Search Reference, "Comparison and Conditional functions"."""

from __future__ import annotations

import ipaddress
import json

from replay import regexes
from replay.errors import SearchError
from replay.expressions import EvalCompiler, case_of, compare
from replay.functions import any_value, arity, function
from replay.lookup_table import lookup_rows
from replay.predicates import in_network
from replay.relation import NULL, ORDER, Expr, Kind, as_text, cast, common_kind, quote
from replay.spl.evals import Call, EvalExpr, String
from replay.spl.scanner import Scanner
from replay.spl.search import parse_search
from replay.terms import compile_terms
from replay.udf.addresses import in_cidr


@function("if")
def if_(c: EvalCompiler, call: Call) -> Expr:
    """``if(p, a, b)``: a where p is true, b where it is false or null."""
    arity(c, call, 3)
    condition = c.boolean(call.args[0]).sql
    return case_of([(condition, c.value(call.args[1]))], c.value(call.args[2]))


@function("case")
def case(c: EvalCompiler, call: Call) -> Expr:
    """``case(c1, v1, …)``: the value of the first true condition, else null."""
    if not call.args or len(call.args) % 2:
        raise c.error("`case` takes pairs of a condition and a value", call)
    pairs = zip(call.args[::2], call.args[1::2], strict=True)
    return case_of([(c.boolean(p).sql, c.value(v)) for p, v in pairs])


@function("validate")
def validate(c: EvalCompiler, call: Call) -> Expr:
    """``validate(c1, v1, …)``: the value of the first condition that is false, else null."""
    if not call.args or len(call.args) % 2:
        raise c.error("`validate` takes pairs of a condition and a value", call)
    pairs = zip(call.args[::2], call.args[1::2], strict=True)
    return case_of([(f"NOT coalesce({c.boolean(p).sql}, false)", c.value(v)) for p, v in pairs])


@function("coalesce", "ifnull")
def coalesce(c: EvalCompiler, call: Call) -> Expr:
    """The first argument that is not null."""
    arity(c, call, 1, None)
    values = [c.value(a) for a in call.args]
    known = [v for v in values if v is not NULL]
    if not known:
        return NULL
    kind = common_kind(v.kind for v in known)
    return Expr(f"coalesce({', '.join(cast(v, kind).sql for v in known)})", kind)


@function("nullif")
def nullif(c: EvalCompiler, call: Call) -> Expr:
    """``nullif(a, b)``: null where a equals b, else a."""
    arity(c, call, 2)
    a, b = c.value(call.args[0]), c.value(call.args[1])
    return Expr(f"CASE WHEN NOT coalesce({compare(a, '=', b)}, false) THEN {a.sql} END", a.kind)


@function("in")
def in_(c: EvalCompiler, call: Call) -> Expr:
    """``in(field, v1, …)`` and ``field IN (v1, …)``: true if the field equals one of the values."""
    arity(c, call, 2, None)
    needle = c.value(call.args[0])
    tests = [compare(needle, "=", c.value(v)) for v in call.args[1:]]
    return Expr(f"({' OR '.join(tests)})", Kind.BOOL)


@function("null")
def null(c: EvalCompiler, call: Call) -> Expr:
    """``null()``: no value."""
    arity(c, call, 0)
    return NULL


@function("true")
def true(c: EvalCompiler, call: Call) -> Expr:
    """``true()``."""
    arity(c, call, 0)
    return Expr("true", Kind.BOOL)


@function("false")
def false(c: EvalCompiler, call: Call) -> Expr:
    """``false()``."""
    arity(c, call, 0)
    return Expr("false", Kind.BOOL)


@function("like")
def like(c: EvalCompiler, call: Call) -> Expr:
    """``like(s, pattern)`` and ``s LIKE pattern``: the whole text; ``%`` is any run, ``_`` one character."""
    arity(c, call, 2)
    pattern = c.text(call.args[1]).sql
    return any_value(c.value(call.args[0]), lambda text: f"({text} LIKE {pattern})")


@function("match")
def match(c: EvalCompiler, call: Call) -> Expr:
    """``match(s, regex)``: the regular expression matches somewhere in the text (any value of a multivalue)."""
    arity(c, call, 2)
    return any_value(c.value(call.args[0]), lambda text: regexes.matches_node(c, text, call.args[1]))


@function("searchmatch")
def searchmatch(c: EvalCompiler, call: Call) -> Expr:
    """``searchmatch("search expression")``: the row satisfies it, in the language of ``search``.

    Raises:
        SearchError: the expression does not parse, or holds a subsearch.
    """
    arity(c, call, 1)
    text = c.constant(call.args[0], "the search of `searchmatch`")

    def no_subsearch(s: Scanner) -> object:
        raise s.error("it takes no subsearch")

    try:
        expression = parse_search(Scanner(text), no_subsearch)
    except SearchError as e:
        raise c.error(f"`searchmatch`: {e.message}", call) from e

    def field(name: str) -> Expr:
        return c.bound[name] if name in c.bound else c.scope.field(name)

    return Expr(compile_terms(expression, field, c.context), Kind.BOOL)


@function("cidrmatch")
def cidrmatch(c: EvalCompiler, call: Call) -> Expr:
    """``cidrmatch(cidr, ip)``: the IPv4 or IPv6 address is in the network; false for what is no address.

    Raises:
        SearchError: the network is a literal, and none.
    """
    arity(c, call, 2)
    network, address = call.args
    if not isinstance(network, String):
        cidr = c.text(network).sql
        return any_value(c.value(address), lambda text: in_cidr.sql(cidr, text))
    try:
        known = ipaddress.ip_network(network.value.strip(), strict=False)
    except ValueError as e:
        raise c.error(f"`{network.value}` is no network such as 10.0.0.0/8 ({e})", network) from e
    return any_value(c.value(address), lambda text: in_network(text, known))


@function("lookup")
def lookup(c: EvalCompiler, call: Call) -> Expr:
    """``lookup("table", json_object(field, value, …), json_array(output, …))``: the outputs as a JSON object.

    The first row of the CSV file that has all the values, compared with case; null if there is none.

    Raises:
        SearchError: the arguments have another form, or the table has no such column.
        KnowledgeError: there is no such lookup.
    """
    arity(c, call, 3)
    name = c.constant(call.args[0], "the lookup table")
    wanted, outputs = (_json_call(c, call.args[1], "json_object"), _json_call(c, call.args[2], "json_array"))
    if not wanted or len(wanted) % 2 or not outputs:
        raise c.error("`lookup` takes json_object(field, value, …) and json_array(output, …)", call)
    table = lookup_rows(c.context.knowledge.lookup(c.context.app, name), c.context)
    keys = [c.constant(k, "a field of the lookup table") for k in wanted[::2]]
    columns = [c.constant(o, "an output of the lookup table") for o in outputs]
    for column in (*keys, *columns):
        if not table.has(column):
            raise c.error(f"lookup `{name}` has no field `{column}` (it has: {', '.join(table.columns)})", call)
    cells = [f"{as_text(table.field(key)).sql} AS __k{i}" for i, key in enumerate(keys)]
    pairs = [
        f"{quote(json.dumps(o) + ':')} || coalesce(to_json({as_text(table.field(o)).sql}), 'null')" for o in columns
    ]
    members = " || ',' || ".join(pairs)
    inner = f"SELECT {', '.join(cells)}, '{{' || {members} || '}}' AS __json, {ORDER} AS __at FROM {table.name}"
    tests = " AND ".join(f"__k{i} = {c.text(value).sql}" for i, value in enumerate(wanted[1::2]))
    return Expr(f"(SELECT arg_min(__json, __at) FROM ({inner}) WHERE {tests})", Kind.STR)


def _json_call(c: EvalCompiler, node: EvalExpr, name: str) -> tuple[EvalExpr, ...]:
    if not isinstance(node, Call) or node.name != name:
        raise c.error(f"`lookup` takes {name}(…) here", node)
    return node.args
