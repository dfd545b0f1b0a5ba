"""Informational functions. Source: Search Reference, "Informational functions".

A field's text that looks like a number counts as one; a quoted literal never does.
"""

from __future__ import annotations

from replay.expressions import EvalCompiler
from replay.functions import arity, function, once
from replay.relation import Expr, Kind, as_text
from replay.spl.evals import Call
from replay.udf.json_values import json_type


@function("isnull")
def isnull(c: EvalCompiler, call: Call) -> Expr:
    """True where the argument has no value."""
    arity(c, call, 1)
    return Expr(f"({c.compile(call.args[0]).sql} IS NULL)", Kind.BOOL)


@function("isnotnull")
def isnotnull(c: EvalCompiler, call: Call) -> Expr:
    """True where the argument has a value."""
    arity(c, call, 1)
    return Expr(f"({c.compile(call.args[0]).sql} IS NOT NULL)", Kind.BOOL)


def _single(c: EvalCompiler, call: Call) -> Expr:
    """The argument as NUM or STR; a Boolean or a literal text has no number in it."""
    arity(c, call, 1)
    e = c.compile(call.args[0])
    return as_text(e) if e.kind is Kind.MV else e


def _number(e: Expr) -> str | None:
    """SQL of the number that the value is; None if it cannot be one."""
    if e.kind is Kind.NUM:
        return e.sql
    return None if e.kind is Kind.BOOL or isinstance(e.literal, str) else f"spl_num({e.sql})"


@function("isnum")
def isnum(c: EvalCompiler, call: Call) -> Expr:
    """True for a number."""
    number = _number(_single(c, call))
    return Expr("false" if number is None else f"({number} IS NOT NULL)", Kind.BOOL)


@function("isint")
def isint(c: EvalCompiler, call: Call) -> Expr:
    """True for a whole number."""
    number = _number(_single(c, call))
    return Expr("false" if number is None else once(number, lambda n: f"coalesce({n} = trunc({n}), false)"), Kind.BOOL)


@function("isdouble")
def isdouble(c: EvalCompiler, call: Call) -> Expr:
    """True for a number that is not whole."""
    number = _number(_single(c, call))
    return Expr("false" if number is None else once(number, lambda n: f"coalesce({n} <> trunc({n}), false)"), Kind.BOOL)


@function("isstr")
def isstr(c: EvalCompiler, call: Call) -> Expr:
    """True for text that is no number."""
    e = _single(c, call)
    if isinstance(e.literal, str):
        return Expr("true", Kind.BOOL)
    if e.kind is not Kind.STR:
        return Expr("false", Kind.BOOL)
    return Expr(once(e.sql, lambda s: f"({s} IS NOT NULL AND spl_num({s}) IS NULL)"), Kind.BOOL)


@function("isbool")
def isbool(c: EvalCompiler, call: Call) -> Expr:
    """True for a Boolean expression."""
    return Expr("true" if _single(c, call).kind is Kind.BOOL else "false", Kind.BOOL)


@function("ismv")
def ismv(c: EvalCompiler, call: Call) -> Expr:
    """True for a field with more than one value."""
    arity(c, call, 1)
    e = c.compile(call.args[0])
    return Expr(f"coalesce(len({e.sql}) > 1, false)" if e.kind is Kind.MV else "false", Kind.BOOL)


@function("isarray", "isobject")
def isarray(c: EvalCompiler, call: Call) -> Expr:
    """True for the text of a JSON array (object)."""
    e = _single(c, call)
    if e.kind is not Kind.STR:
        return Expr("false", Kind.BOOL)
    return Expr(f"coalesce({json_type.sql(e.sql)} = '{call.name[2:]}', false)", Kind.BOOL)


@function("typeof")
def typeof(c: EvalCompiler, call: Call) -> Expr:
    """``Number``, ``String``, ``Bool``, ``Multivalue``, or ``Invalid`` for a missing field."""
    arity(c, call, 1)
    e = c.compile(call.args[0])
    names = {
        Kind.NUM: "'Number'",
        Kind.BOOL: "'Bool'",
        Kind.STR: "CASE WHEN spl_num({0}) IS NULL THEN 'String' ELSE 'Number' END",
        Kind.MV: "CASE WHEN len({0}) > 1 THEN 'Multivalue' "
        "WHEN spl_num({0}[1]) IS NULL THEN 'String' ELSE 'Number' END",
    }
    name = "'String'" if isinstance(e.literal, str) else names[e.kind]
    return Expr(once(e.sql, lambda x: f"CASE WHEN {x} IS NULL THEN 'Invalid' ELSE {name.format(x)} END"), Kind.STR)
