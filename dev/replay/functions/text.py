"""Text functions. Source: Search Reference, "Text functions".

Only ``lower`` and ``upper`` work on multivalue fields; for the others a field with several values has no text.
"""

from __future__ import annotations

from replay import regexes
from replay.expressions import EvalCompiler
from replay.functions import arity, each, function, integer
from replay.relation import Expr, Kind
from replay.spl.evals import Call, String
from replay.udf import urldecoded
from replay.udf.structured import spath_at


@function("len", "length")
def length(c: EvalCompiler, call: Call) -> Expr:
    """``len(s)``: the number of code points."""
    arity(c, call, 1)
    return Expr(f"CAST(length({c.text(call.args[0]).sql}) AS DOUBLE)", Kind.NUM)


@function("lower")
def lower(c: EvalCompiler, call: Call) -> Expr:
    """``lower(s)``, on every value."""
    arity(c, call, 1)
    return each(c.value(call.args[0]), lambda s: f"lower({s})")


@function("upper")
def upper(c: EvalCompiler, call: Call) -> Expr:
    """``upper(s)``, on every value."""
    arity(c, call, 1)
    return each(c.value(call.args[0]), lambda s: f"upper({s})")


@function("substr")
def substr(c: EvalCompiler, call: Call) -> Expr:
    """``substr(s, start[, n])``: indexes as in SQLite, from 1, negative ones from the end."""
    arity(c, call, 2, 3)
    arguments = [c.text(call.args[0]).sql, *(integer(c, a) for a in call.args[1:])]
    return Expr(f"substr({', '.join(arguments)})", Kind.STR)


@function("trim", "ltrim", "rtrim")
def trim(c: EvalCompiler, call: Call) -> Expr:
    """``trim(s[, chars])`` and its one-sided forms: a set of characters, spaces and tabs by default."""
    arity(c, call, 1, 2)
    characters = c.text(call.args[1]).sql if len(call.args) == 2 else "e' \\t'"
    return Expr(f"{call.name}({c.text(call.args[0]).sql}, {characters})", Kind.STR)


@function("replace")
def replace(c: EvalCompiler, call: Call) -> Expr:
    r"""``replace(s, regex, replacement)``: every match; ``\1`` is what the first group matched."""
    arity(c, call, 3)
    subject, pattern, replacement = call.args
    text = c.text(subject).sql
    if isinstance(pattern, String) and isinstance(replacement, String):
        return Expr(regexes.replace_all(text, regexes.eval_regex(c, pattern), replacement.value), Kind.STR)
    return Expr(regexes.replace_each(text, c.text(pattern).sql, c.text(replacement).sql), Kind.STR)


@function("urldecode")
def urldecode(c: EvalCompiler, call: Call) -> Expr:
    """``urldecode(url)``: undo percent-encoding; ``+`` stays."""
    arity(c, call, 1)
    text = c.text(call.args[0]).sql
    return Expr(urldecoded.sql(text), Kind.STR)


@function("spath")
def spath(c: EvalCompiler, call: Call) -> Expr:
    """``spath(value, path)``: as the command ``spath``; several values where the path goes through an array."""
    arity(c, call, 2)
    return Expr(f"spl_mv({spath_at.sql(c.text(call.args[0]).sql, c.text(call.args[1]).sql)})", Kind.MV)
