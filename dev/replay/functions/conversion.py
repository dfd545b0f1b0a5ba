"""Conversion functions (those of JSON are in json_functions.py). Source: Search Reference, "Conversion functions"."""

from __future__ import annotations

from replay.expressions import EvalCompiler
from replay.functions import arity, function, once
from replay.relation import Expr, Kind, as_text, quote
from replay.spl.evals import Call, EvalExpr
from replay.udf import printf as printf_udf

_FORMATS = ("binary", "hex", "commas", "duration")
_OCTETS = (
    r"^(25[0-5]|2[0-4]\d|1?\d?\d)\.(25[0-5]|2[0-4]\d|1?\d?\d)\.(25[0-5]|2[0-4]\d|1?\d?\d)\.(25[0-5]|2[0-4]\d|1?\d?\d)$"
)


@function("tonumber")
def tonumber(c: EvalCompiler, call: Call) -> Expr:
    """``tonumber(s[, base])``: null where the text of a field is no number.

    Raises:
        SearchError: a literal that is no number, or a base that is not from 2 to 36.
    """
    return _number(c, call, strict=True)


@function("todouble")
def todouble(c: EvalCompiler, call: Call) -> Expr:
    """``todouble(x[, base])``: as ``tonumber``, null for a literal that is no number."""
    return _number(c, call, strict=False)


@function("toint")
def toint(c: EvalCompiler, call: Call) -> Expr:
    """``toint(x[, base])``: the number, rounded down."""
    return Expr(f"floor({_number(c, call, strict=False).sql})", Kind.NUM)


def _number(c: EvalCompiler, call: Call, *, strict: bool) -> Expr:
    arity(c, call, 1, 2)
    e = c.compile(call.args[0])
    if e.kind in (Kind.NUM, Kind.BOOL):
        return e if e.kind is Kind.NUM else Expr("CAST(NULL AS DOUBLE)", Kind.NUM)
    base = _base(c, call.args[1]) if len(call.args) == 2 else 10
    text = as_text(e)
    if strict and isinstance(text.literal, str) and _parse(text.literal, base) is None:
        raise c.error(f"`{text.literal}` is no number (base {base})", call.args[0])
    sql = f"spl_num({text.sql})" if base == 10 else f"spl_based({text.sql}, {base})"
    return Expr(sql, Kind.NUM)


def _base(c: EvalCompiler, node: EvalExpr) -> int:
    text = c.constant(node, "the base")
    if not text.isdigit() or not 2 <= int(text) <= 36:
        raise c.error(f"a base is a whole number from 2 to 36, not `{text}`", node)
    return int(text)


def _parse(text: str, base: int) -> float | None:
    try:
        if text != text.strip() or "_" in text:
            return None
        return float(text) if base == 10 else int(text, base)
    except ValueError:
        return None


@function("tostring")
def tostring(c: EvalCompiler, call: Call) -> Expr:
    """``tostring(x[, format])``: a Boolean as ``True``; a number as binary, hex, commas or duration.

    What is no number has no format and stays as it is.
    """
    arity(c, call, 1, 2)
    e = c.compile(call.args[0])
    if e.kind is Kind.MV and len(call.args) == 1:
        return e
    text = as_text(e)
    if len(call.args) == 1 or e.kind is Kind.BOOL or isinstance(e.literal, str):
        return Expr(text.sql, Kind.STR)
    form = c.constant(call.args[1], "the format of `tostring`")
    if form not in _FORMATS:
        raise c.error(f"`tostring` has no format `{form}` (it has: {', '.join(_FORMATS)})", call.args[1])
    if e.kind is Kind.NUM:
        return Expr(f"spl_{form}({e.sql})", Kind.STR)
    return Expr(once(text.sql, lambda s: f"coalesce(spl_{form}(spl_num({s})), {s})"), Kind.STR)


@function("tobool")
def tobool(c: EvalCompiler, call: Call) -> Expr:
    """``tobool(x)``: ``true``/``True`` and ``false``/``False``, or a number that is not 0; anything else is null."""
    arity(c, call, 1)
    e = c.compile(call.args[0])
    if e.kind is Kind.BOOL:
        return e
    if e.kind is Kind.NUM:
        return Expr(f"({e.sql} <> 0)", Kind.BOOL)
    words = "WHEN {0} IN ('true', 'True') THEN true WHEN {0} IN ('false', 'False') THEN false"
    tests = f"CASE {words} ELSE spl_num({{0}}) <> 0 END"
    return Expr(once(as_text(e).sql, tests.format), Kind.BOOL)


@function("printf")
def printf(c: EvalCompiler, call: Call) -> Expr:
    """``printf("format", value, …)``, as in C; null where a value is missing or does not fit its conversion.

    Raises:
        SearchError: the format has an unknown conversion, or there are too few values.
    """
    arity(c, call, 1, None)
    form = c.text(call.args[0])
    if isinstance(form.literal, str):
        try:
            needed = printf_udf.values_needed(form.literal)
        except printf_udf.BadFormat as e:
            raise c.error(f"`printf`: {e}", call.args[0]) from e
        if needed > len(call.args) - 1:
            raise c.error(f"the format needs {needed} value(s), not {len(call.args) - 1}", call)
    values = [as_text(c.value(node)) for node in call.args[1:]]
    listed = f"CAST([{', '.join(v.sql for v in values)}] AS VARCHAR[])"
    quoted = [str(isinstance(v.literal, str)).lower() for v in values]
    return Expr(printf_udf.formatted.sql(form.sql, listed, f"CAST([{', '.join(quoted)}] AS BOOLEAN[])"), Kind.STR)


@function("ipmask")
def ipmask(c: EvalCompiler, call: Call) -> Expr:
    """``ipmask(mask, ip)``: bitwise AND of two IPv4 addresses; null for what is no address.

    Raises:
        SearchError: the mask is a literal, and no IPv4 address.
    """
    arity(c, call, 2)
    mask, address = c.text(call.args[0]), c.text(call.args[1])
    masked = [f"({_octet('{0}[1]', i)} & {_octet('{0}[2]', i)})" for i in range(1, 5)]
    valid = " AND ".join(f"regexp_matches({{0}}[{i}], {quote(_OCTETS.replace('{', '{{'))})" for i in (1, 2))
    sql = f"CASE WHEN {valid} THEN concat_ws('.', {', '.join(masked)}) END"
    return Expr(once(f"[{mask.sql}, {address.sql}]", sql.format), Kind.STR)


def _octet(text: str, position: int) -> str:
    return f"CAST(split_part({text}, '.', {position}) AS INTEGER)"
