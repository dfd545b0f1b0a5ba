"""JSON functions. Source: Search Reference, "JSON functions".

JSON lives in fields as text; a text that is a JSON object or array nests as such, a field's number as a number.
"""

from __future__ import annotations

import json

from replay.expressions import EvalCompiler
from replay.functions import arity, function
from replay.relation import Expr, Kind, as_text, quote
from replay.spl.evals import Call, EvalExpr
from replay.udf import json_values

_CHANGES = {
    "json_set": json_values.put,
    "json_set_exact": json_values.put_exact,
    "json_append": json_values.append,
    "json_extend": json_values.extend,
}


def _fragment(c: EvalCompiler, node: EvalExpr) -> str:
    """SQL of an argument as JSON text; a missing one is ``null``."""
    e = c.compile(node)
    if isinstance(e.literal, str):
        return quote(json.dumps(e.literal, ensure_ascii=False))
    match e.kind:
        case Kind.BOOL:
            return f"CASE WHEN {e.sql} THEN 'true' WHEN NOT {e.sql} THEN 'false' ELSE 'null' END"
        case Kind.NUM:
            return f"coalesce(spl_text(spl_real({e.sql})), 'null')"
        case Kind.MV:
            return f"coalesce({json_values.fragments.sql(e.sql)}, 'null')"
    return f"coalesce({json_values.fragment.sql(e.sql)}, 'null')"


def _list(items: list[str]) -> str:
    return f"CAST([{', '.join(items)}] AS VARCHAR[])"


def _texts(c: EvalCompiler, nodes: tuple[EvalExpr, ...]) -> str:
    return _list([c.text(node).sql for node in nodes])


@function("json_object")
def json_object(c: EvalCompiler, call: Call) -> Expr:
    """``json_object(key, value, …)``."""
    if len(call.args) % 2:
        raise c.error("`json_object` takes pairs of a key and a value", call)
    members = {}
    for key, value in zip(call.args[::2], call.args[1::2], strict=True):
        name = c.text(key)
        text = (
            quote(json.dumps(name.literal, ensure_ascii=False))
            if isinstance(name.literal, str)
            else (f"CAST(to_json({name.sql}) AS VARCHAR)")
        )
        members[text] = f"{text} || ':' || {_fragment(c, value)}"
    return Expr(f"('{{' || {_joined(list(members.values()))} || '}}')", Kind.STR)


@function("json_array")
def json_array(c: EvalCompiler, call: Call) -> Expr:
    """``json_array(value, …)``."""
    return Expr(f"('[' || {_joined([_fragment(c, node) for node in call.args])} || ']')", Kind.STR)


def _joined(parts: list[str]) -> str:
    return " || ',' || ".join(parts) or "''"


@function("json")
def json_(c: EvalCompiler, call: Call) -> Expr:
    """``json(value)``: the value if it is JSON, else null."""
    arity(c, call, 1)
    return Expr(json_values.normal.sql(c.text(call.args[0]).sql, "'any'"), Kind.STR)


@function("json_valid")
def json_valid(c: EvalCompiler, call: Call) -> Expr:
    """``json_valid(text)``."""
    arity(c, call, 1)
    return Expr(f"({json_values.json_type.sql(as_text(c.compile(call.args[0])).sql)} <> 'invalid')", Kind.BOOL)


@function("json_extract", "json_extract_exact")
def json_extract(c: EvalCompiler, call: Call) -> Expr:
    """``json_extract(json[, path, …])``: one path gives a native value, several a JSON array.

    ``json_extract_exact`` takes keys as they are written, dots and all.
    """
    arity(c, call, 1, None)
    exact = "true" if call.name.endswith("_exact") else "false"
    return Expr(json_values.extract.sql(c.text(call.args[0]).sql, _texts(c, call.args[1:]), exact), Kind.STR)


@function("json_keys")
def json_keys(c: EvalCompiler, call: Call) -> Expr:
    """``json_keys(object)``: the keys, as a JSON array."""
    arity(c, call, 1)
    return Expr(json_values.keys.sql(c.text(call.args[0]).sql), Kind.STR)


@function("json_entries")
def json_entries(c: EvalCompiler, call: Call) -> Expr:
    """``json_entries(object)``: an array of objects with ``key`` and ``value``."""
    arity(c, call, 1)
    return Expr(json_values.entries.sql(c.text(call.args[0]).sql), Kind.STR)


@function("json_has_key_exact")
def json_has_key_exact(c: EvalCompiler, call: Call) -> Expr:
    """``json_has_key_exact(object, key)``."""
    arity(c, call, 2)
    return Expr(json_values.has_key.sql(c.text(call.args[0]).sql, c.text(call.args[1]).sql), Kind.BOOL)


@function("json_set", "json_set_exact", "json_append", "json_extend")
def json_change(c: EvalCompiler, call: Call) -> Expr:
    """``json_set(json, path, value, …)`` and its like, pair by pair from left to right."""
    if len(call.args) < 3 or len(call.args) % 2 == 0:
        raise c.error(f"`{call.name}` takes a JSON text and pairs of a path and a value", call)
    paths, values = call.args[1::2], call.args[2::2]
    fragments = _list([_fragment(c, node) for node in values])
    sql = _CHANGES[call.name].sql(c.text(call.args[0]).sql, _texts(c, paths), fragments)
    return Expr(sql, Kind.STR)


@function("json_delete")
def json_delete(c: EvalCompiler, call: Call) -> Expr:
    """``json_delete(object, key, …)``: without these keys; ``a.b`` is a key of a nested object."""
    arity(c, call, 2, None)
    return Expr(json_values.delete.sql(c.text(call.args[0]).sql, _texts(c, call.args[1:])), Kind.STR)


@function("json_array_to_mv")
def json_array_to_mv(c: EvalCompiler, call: Call) -> Expr:
    """``json_array_to_mv(array[, keep_quotes])``: the elements as a multivalue."""
    arity(c, call, 1, 2)
    quotes = c.boolean(call.args[1]).sql if len(call.args) == 2 else "false"
    return Expr(json_values.from_array.sql(c.text(call.args[0]).sql, quotes), Kind.MV)


@function("mv_to_json_array")
def mv_to_json_array(c: EvalCompiler, call: Call) -> Expr:
    """``mv_to_json_array(x[, infer_types])``: strings, or what the values are as JSON (else null)."""
    arity(c, call, 1, 2)
    infer = c.boolean(call.args[1]).sql if len(call.args) == 2 else "false"
    return Expr(json_values.to_array.sql(c.list(call.args[0]).sql, infer), Kind.STR)


# --- conversions ---------------------------------------------------------------------------------------------------


@function("toobject")
def toobject(c: EvalCompiler, call: Call) -> Expr:
    """``toobject(x)``: the text as a JSON object, else null. Source: Search Reference, "Conversion functions"."""
    arity(c, call, 1)
    return Expr(json_values.normal.sql(c.text(call.args[0]).sql, "'object'"), Kind.STR)


@function("toarray")
def toarray(c: EvalCompiler, call: Call) -> Expr:
    """``toarray(x)``: a multivalue, or the text of a JSON array, as a JSON array; else null."""
    arity(c, call, 1)
    e = c.value(call.args[0])
    text = json_values.normal.sql(as_text(e).sql, "'array'")
    if e.kind is not Kind.MV:
        return Expr(text, Kind.STR)
    several = json_values.to_array.sql(e.sql, "true")
    return Expr(f"CASE WHEN len({e.sql}) > 1 THEN {several} ELSE {text} END", Kind.STR)


@function("tomv")
def tomv(c: EvalCompiler, call: Call) -> Expr:
    """``tomv(x)``: a multivalue, or the elements of a JSON array; else null."""
    arity(c, call, 1)
    e = c.value(call.args[0])
    elements = json_values.from_array.sql(as_text(e).sql, "false")
    if e.kind is not Kind.MV:
        return Expr(elements, Kind.MV)
    return Expr(f"CASE WHEN len({e.sql}) > 1 THEN {e.sql} ELSE {elements} END", Kind.MV)
