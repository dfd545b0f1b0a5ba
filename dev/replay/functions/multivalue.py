"""Multivalue eval functions. Source: Search Reference, "Multivalue eval functions"."""

from __future__ import annotations

from replay import regexes
from replay.expressions import EvalCompiler
from replay.functions import arity, function, integer, once, over
from replay.functions.fields import fields_read
from replay.relation import Expr, Kind, as_list
from replay.spl.evals import Call, EvalExpr, Field, Number, String, Unary, walk
from replay.spl.timespec import parse_span
from replay.udf import commands_in

_FAR = 1e9


@function("mvcount")
def mvcount(c: EvalCompiler, call: Call) -> Expr:
    """``mvcount(x)``: how many values; null where there is none."""
    arity(c, call, 1)
    return Expr(f"CAST(len({c.list(call.args[0]).sql}) AS DOUBLE)", Kind.NUM)


@function("mvappend")
def mvappend(c: EvalCompiler, call: Call) -> Expr:
    """``mvappend(a, b, …)``: all values one behind the other; missing ones are left out."""
    arity(c, call, 1, None)
    lists = [c.list(a).sql for a in call.args]
    joined = lists[0] if len(lists) == 1 else f"list_concat({', '.join(lists)})"
    return Expr(f"spl_mv({joined})", Kind.MV)


@function("mvdedup")
def mvdedup(c: EvalCompiler, call: Call) -> Expr:
    """``mvdedup(x)``: the first of each value."""
    arity(c, call, 1)

    def first_ones(values: str) -> str:
        return f"list_filter({values}, lambda __v, __i: list_position({values}, __v) = __i)"

    return Expr(once(c.list(call.args[0]).sql, first_ones), Kind.MV)


@function("mvsort")
def mvsort(c: EvalCompiler, call: Call) -> Expr:
    """``mvsort(x)``: in the order of the bytes (``10`` before ``9``, upper case before lower case)."""
    arity(c, call, 1)
    return Expr(f"list_sort({c.list(call.args[0]).sql})", Kind.MV)


@function("mvreverse")
def mvreverse(c: EvalCompiler, call: Call) -> Expr:
    """``mvreverse(x)``: last value first."""
    arity(c, call, 1)
    return Expr(f"list_reverse({c.list(call.args[0]).sql})", Kind.MV)


@function("mvjoin")
def mvjoin(c: EvalCompiler, call: Call) -> Expr:
    """``mvjoin(x, delim)``: the values as one text."""
    arity(c, call, 2)
    return Expr(f"array_to_string({c.list(call.args[0]).sql}, {c.text(call.args[1]).sql})", Kind.STR)


@function("split")
def split(c: EvalCompiler, call: Call) -> Expr:
    """``split(s, delim)``: pieces between literal delimiters, empty ones kept; ``""`` gives the characters."""
    arity(c, call, 2)
    subject, delimiter = c.value(call.args[0]), c.text(call.args[1]).sql
    if subject.kind is Kind.MV:
        pieces = over(subject.sql, lambda v: f"string_split({v}, {delimiter})")
        return Expr(f"spl_mv(flatten({pieces}))", Kind.MV)
    pieces = f"string_split({c.text(call.args[0]).sql}, {delimiter})"
    always_some = isinstance(call.args[1], String) and call.args[1].value != ""
    return Expr(pieces if always_some else f"spl_mv({pieces})", Kind.MV)


@function("mvindex")
def mvindex(c: EvalCompiler, call: Call) -> Expr:
    """``mvindex(x, i[, j])``: from 0, negative ones from the end, j included; null if nothing is there."""
    arity(c, call, 2, 3)
    values = c.list(call.args[0]).sql
    start = _position(c, call.args[1])
    if len(call.args) == 2:
        return Expr(f"list_extract({values}, {start})", Kind.STR)
    return Expr(f"spl_mv(list_slice({values}, {start}, {_position(c, call.args[2])}))", Kind.MV)


def _position(c: EvalCompiler, node: EvalExpr) -> str:
    """A SQL list position (from 1, or from the end if negative) of an SPL index."""
    sign, literal = (-1, node.operand) if isinstance(node, Unary) and node.op == "-" else (1, node)
    if isinstance(literal, Number) and float(literal.text) < _FAR:
        index = sign * int(float(literal.text))
        return str(index if index < 0 else index + 1)
    return once(integer(c, node), lambda i: f"CASE WHEN {i} < 0 THEN {i} ELSE {i} + 1 END")


@function("mvzip")
def mvzip(c: EvalCompiler, call: Call) -> Expr:
    """``mvzip(a, b[, delim])``: pairs, joined by a comma by default; as many as the shorter side has."""
    arity(c, call, 2, 3)
    delimiter = c.text(call.args[2]).sql if len(call.args) == 3 else "','"
    pairs = f"list_zip({c.list(call.args[0]).sql}, {c.list(call.args[1]).sql}, true)"
    return Expr(f"spl_mv({over(pairs, lambda p: f'{p}[1] || {delimiter} || {p}[2]')})", Kind.MV)


@function("mvfind")
def mvfind(c: EvalCompiler, call: Call) -> Expr:
    """``mvfind(x, regex)``: index of the first value that matches, from 0, or null."""
    arity(c, call, 2)
    tests = over(c.list(call.args[0]).sql, lambda v: regexes.matches_node(c, v, call.args[1]))
    return Expr(f"CAST(list_position({tests}, true) - 1 AS DOUBLE)", Kind.NUM)


@function("mvfilter")
def mvfilter(c: EvalCompiler, call: Call) -> Expr:
    """``mvfilter(predicate)``: the values of the one field that the predicate names for which it is true."""
    arity(c, call, 1)
    names = fields_read(call.args[0])
    if len(names) != 1:
        raise c.error(f"the expression of `mvfilter` must name exactly one field, not {len(names)}", call)
    (name,) = names
    values = as_list(c.compile(Field(name)))
    kept = over(values.sql, lambda v: c.bind({name: Expr(v, Kind.STR)}).boolean(call.args[0]).sql, "list_filter")
    return Expr(f"spl_mv({kept})", Kind.MV)


@function("mvmap")
def mvmap(c: EvalCompiler, call: Call) -> Expr:
    """``mvmap(x, expression)``: the expression for every value, which the field in ``x`` stands for; nulls drop."""
    arity(c, call, 2)
    iterated = next((node.name for node in walk(call.args[0]) if isinstance(node, Field)), None)

    def compute(value: str) -> str:
        inner = c if iterated is None else c.bind({iterated: Expr(value, Kind.STR)})
        return as_list(inner.value(call.args[1])).sql

    return Expr(f"spl_mv(flatten({over(c.list(call.args[0]).sql, compute)}))", Kind.MV)


@function("mvrange")
def mvrange(c: EvalCompiler, call: Call) -> Expr:
    """``mvrange(start, end[, step])``: end excluded; a step such as ``"7d"`` walks through time."""
    arity(c, call, 2, 3)
    start, end = c.number(call.args[0]).sql, c.number(call.args[1]).sql
    step = call.args[2] if len(call.args) == 3 else None
    if isinstance(step, String):
        return _time_range(c, start, end, step)
    size = c.number(step).sql if step is not None else "1.0"

    def series(x: str) -> str:
        count = f"CAST(ceil(({x}[2] - {x}[1]) / nullif({x}[3], 0)) AS BIGINT)"
        return over(f"range(0, {count})", lambda i: f"spl_text({x}[1] + {i} * {x}[3])")

    return Expr(f"spl_mv({once(f'[{start}, {end}, {size}]', series)})", Kind.MV)


def _time_range(c: EvalCompiler, start: str, end: str, step: String) -> Expr:
    span = parse_span(step.value)
    if span is None:
        raise c.error(f"`{step.value}` is no time span (try 1h, 7d, 1mon)", step)
    interval = f"INTERVAL {span.months} MONTH" if span.months else f"INTERVAL {span.seconds!r} SECOND"
    times = (
        f"range(make_timestamp(CAST({start} * 1e6 AS BIGINT)), make_timestamp(CAST({end} * 1e6 AS BIGINT)), {interval})"
    )
    return Expr(f"spl_mv({over(times, lambda t: f'spl_text(epoch({t}))')})", Kind.MV)


@function("commands")
def commands(c: EvalCompiler, call: Call) -> Expr:
    """``commands(search)``: the names of the commands in the text of a search."""
    arity(c, call, 1)
    return Expr(commands_in.sql(c.text(call.args[0]).sql), Kind.MV)
