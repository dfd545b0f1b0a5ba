"""Comparison and conditional functions.

Source: Search Reference, "Comparison and Conditional functions" and "Informational functions".
"""

from __future__ import annotations

from replay.expressions import EvalCompiler, case_of, compare
from replay.functions import arity, function
from replay.relation import NULL, Expr, Kind, as_text, cast, common_kind
from replay.spl.evals import Call


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


@function("isnull")
def isnull(c: EvalCompiler, call: Call) -> Expr:
    """True where the argument has no value."""
    arity(c, call, 1)
    return Expr(f"({as_any(c, call)} IS NULL)", Kind.BOOL)


@function("isnotnull")
def isnotnull(c: EvalCompiler, call: Call) -> Expr:
    """True where the argument has a value."""
    arity(c, call, 1)
    return Expr(f"({as_any(c, call)} IS NOT NULL)", Kind.BOOL)


def as_any(c: EvalCompiler, call: Call) -> str:
    """SQL of the first argument, whatever its kind."""
    return c.compile(call.args[0]).sql


@function("isnum")
def isnum(c: EvalCompiler, call: Call) -> Expr:
    """True for a number; for a field, also for text that looks like one; never for a quoted literal."""
    arity(c, call, 1)
    e = c.compile(call.args[0])
    if e.kind is Kind.NUM:
        return Expr(f"({e.sql} IS NOT NULL)", Kind.BOOL)
    if e.kind is not Kind.STR or isinstance(e.literal, str):
        return Expr("false", Kind.BOOL)
    return Expr(f"(spl_num({e.sql}) IS NOT NULL)", Kind.BOOL)


@function("isint")
def isint(c: EvalCompiler, call: Call) -> Expr:
    """True for a whole number (or a field whose text is one)."""
    arity(c, call, 1)
    e = c.compile(call.args[0])
    if e.kind not in (Kind.NUM, Kind.STR) or isinstance(e.literal, str):
        return Expr("false", Kind.BOOL)
    n = e.sql if e.kind is Kind.NUM else f"spl_num({e.sql})"
    return Expr(f"coalesce({n} = trunc({n}), false)", Kind.BOOL)


@function("isstr")
def isstr(c: EvalCompiler, call: Call) -> Expr:
    """True for text that is not a number."""
    arity(c, call, 1)
    e = c.compile(call.args[0])
    if e.kind is not Kind.STR:
        return Expr("false", Kind.BOOL)
    if isinstance(e.literal, str):
        return Expr("true", Kind.BOOL)
    return Expr(f"({e.sql} IS NOT NULL AND spl_num({e.sql}) IS NULL)", Kind.BOOL)


@function("isbool")
def isbool(c: EvalCompiler, call: Call) -> Expr:
    """True for a Boolean expression."""
    arity(c, call, 1)
    return Expr("true" if c.compile(call.args[0]).kind is Kind.BOOL else "false", Kind.BOOL)


@function("ismv")
def ismv(c: EvalCompiler, call: Call) -> Expr:
    """True for a field with more than one value."""
    arity(c, call, 1)
    e = c.compile(call.args[0])
    return Expr(f"coalesce(len({e.sql}) > 1, false)" if e.kind is Kind.MV else "false", Kind.BOOL)


@function("typeof")
def typeof(c: EvalCompiler, call: Call) -> Expr:
    """``Number``, ``String``, ``Boolean``, ``Multivalue``, or ``Invalid`` for a missing field."""
    arity(c, call, 1)
    e = c.compile(call.args[0])
    if e.kind is Kind.BOOL:
        return Expr(f"CASE WHEN {e.sql} IS NULL THEN 'Invalid' ELSE 'Boolean' END", Kind.STR)
    if isinstance(e.literal, str):
        return Expr("'String'", Kind.STR)
    if e.kind is Kind.NUM:
        return Expr(f"CASE WHEN {e.sql} IS NULL THEN 'Invalid' ELSE 'Number' END", Kind.STR)
    if e.kind is Kind.MV:
        single = f"{as_text(e).sql}"
        return Expr(
            f"CASE WHEN {e.sql} IS NULL THEN 'Invalid' WHEN len({e.sql}) > 1 THEN 'Multivalue' "
            f"WHEN spl_num({single}) IS NOT NULL THEN 'Number' ELSE 'String' END",
            Kind.STR,
        )
    return Expr(
        f"CASE WHEN {e.sql} IS NULL THEN 'Invalid' WHEN spl_num({e.sql}) IS NOT NULL THEN 'Number' ELSE 'String' END",
        Kind.STR,
    )
