"""Date and time functions, in UTC. Source: Search Reference, "Date and Time functions"."""

from __future__ import annotations

import re

from replay.expressions import EvalCompiler
from replay.functions import arity, function
from replay.relation import Expr, Kind, number, quote
from replay.spl.evals import Call
from replay.udf import times

_SAME_IN_DUCKDB = re.compile(r"(?:[^%]|%[YmdHMSyjbBaAIpuwGV%])*", re.DOTALL)


@function("now")
def now(c: EvalCompiler, call: Call) -> Expr:
    """``now()``: when the search started, the same for every row."""
    arity(c, call, 0)
    return number(c.context.now)


@function("time")
def time(c: EvalCompiler, call: Call) -> Expr:
    """``time()``: the clock when the rows are computed, in microseconds."""
    arity(c, call, 0)
    return Expr("(epoch_us(now()) / 1e6)", Kind.NUM)


@function("strftime")
def strftime(c: EvalCompiler, call: Call) -> Expr:
    """``strftime(t, format)``: null where t is no number."""
    arity(c, call, 2)
    form = c.text(call.args[1])
    seconds = c.number(call.args[0]).sql
    return Expr(
        format_time(seconds, form.literal) if isinstance(form.literal, str) else times.strftime.sql(seconds, form.sql),
        Kind.STR,
    )


def format_time(seconds: str, form: str) -> str:
    """SQL of a time as text.

    Args:
        seconds: SQL of epoch seconds, DOUBLE.
        form: Splunk's format variables.
    """
    if not _SAME_IN_DUCKDB.fullmatch(form):
        return times.strftime.sql(seconds, quote(form))
    return f"strftime(spl_time({seconds}), {quote(form)})"


@function("strptime")
def strptime(c: EvalCompiler, call: Call) -> Expr:
    """``strptime(s, format)``: epoch seconds; null where the text is not of the format, or has a month but no day."""
    arity(c, call, 2)
    return Expr(parse_time(c.text(call.args[0]).sql, c.text(call.args[1]).sql, c.context.now), Kind.NUM)


def parse_time(text: str, form: str, clock: float) -> str:
    """SQL of the epoch seconds that a text stands for.

    Args:
        text: SQL, VARCHAR.
        form: SQL of Splunk's format variables.
        clock: the search's clock: a format without a date means its day.
    """
    return times.strptime.sql(text, form, f"CAST({clock!r} AS DOUBLE)")


@function("relative_time")
def relative_time(c: EvalCompiler, call: Call) -> Expr:
    """``relative_time(t, "-1d@d")``: offset first, then snap; null for what is no such specifier."""
    arity(c, call, 2)
    return Expr(times.relative_time.sql(c.number(call.args[0]).sql, c.text(call.args[1]).sql), Kind.NUM)
