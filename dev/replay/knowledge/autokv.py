"""Automatic key-value extraction (KV_MODE): fields that the raw text itself names.

``xml``: Windows event XML. Every ``<Data Name='X'>`` is a field X; elements of System and UserData are fields by their
name; attributes of System elements by theirs (``Name`` and ``Guid`` of the provider, ``SystemTime``, ``ProcessID``,
``ThreadID``, ``UserID``). ``json``: dotted paths, ``{}`` for arrays. ``auto``: ``key=value`` pairs, or JSON where the
event is a JSON object (AUTO_KV_JSON). Source: props.conf.spec, KV_MODE; Knowledge Manager Manual, "Automatic key-value
field extractions".
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence

from replay.context import Context
from replay.errors import KnowledgeError
from replay.knowledge.hidden import VALUES, VALUES_NAME, found_in
from replay.knowledge.props import Props
from replay.knowledge.xml_at_once import ATTRIBUTES, Order
from replay.knowledge.xml_fields import DATA_NAME, LEAF, SYSTEM, WORD, prepare_xml, xml_field
from replay.relation import NULL, Expr, Kind, Relation, quote

_PAIR_KEY = r'(?:^|[\s,;?&|({\[])([A-Za-z_][\w.\-]*)\s?=\s?["\w\-/\\.:@]'


def prepare(props: Props, raw: Relation, names: Collection[str], orders: Sequence[Order] | None) -> Relation:
    """Events made ready for ``automatic_field``.

    Args:
        props: what says how events are written.
        raw: the events.
        names: the fields that will be asked for.
        orders: they are many, so XML is read once instead of searched through for each; with the orders of Data that
            are usual in it, as far as they are known. None: they are few.
    """
    if _reads_json(props):
        return _read_json(raw, [name for name in names if "{}" not in name])
    return prepare_xml(raw, names, orders) if props.kv_mode == "xml" else raw


def automatic_field(props: Props, name: str, raw: Relation) -> Expr:
    """The field of this name as KV_MODE finds it in ``_raw``; null if the mode gives none."""
    match props.kv_mode:
        case "none":
            return NULL
        case "xml":
            return xml_field(name, raw)
        case "json":
            return _json(name, raw)
        case "auto" | "auto_escaped":
            return _auto(props, name, raw)
    raise KnowledgeError(f"KV_MODE = {props.kv_mode} is not supported", props.settings["KV_MODE"].place)


def discover(props: Props, raw: Relation, ctx: Context) -> set[str]:
    """Names of all fields that KV_MODE finds in these events; looks at the data."""
    text = raw.field("_raw").sql
    names: set[str] = set()
    if props.kv_mode == "xml":
        names |= {*SYSTEM, *ATTRIBUTES} | _named(ctx, raw, DATA_NAME) | (_named(ctx, raw, LEAF) - {"Data"})
    if _reads_json(props):
        names |= _json_names(ctx, raw, text)
    if props.kv_mode.startswith("auto"):
        names |= _named(ctx, raw, _PAIR_KEY, f"NOT {_is_json(text)}")
    return names


def _named(ctx: Context, raw: Relation, pattern: str, where: str = "true") -> set[str]:
    """All that the group of a regex holds in these events."""
    found = f"regexp_extract_all({raw.field('_raw').sql}, {quote(pattern)}, 1)"
    rows = ctx.engine.execute(f"SELECT DISTINCT unnest({found}) FROM ({raw.sql()}) WHERE {where}")
    return {name for (name,) in rows if name}


# --- JSON -------------------------------------------------------------------------------------------------------------


def json_path(name: str) -> str:
    """The JSONPath of a Splunk field name: ``a.b{}.c`` is ``$."a"."b"[*]."c"``."""
    path = "$"
    for part in name.split("."):
        key = part
        stars = 0
        while key.endswith("{}"):
            key, stars = key[:-2], stars + 1
        path += f".{json.dumps(key, ensure_ascii=False)}" if key else ""
        path += "[*]" * stars
    return path


def _is_json(text: str) -> str:
    return f"(starts_with(ltrim({text}), '{{') AND json_valid({text}))"


def _reads_json(props: Props) -> bool:
    return props.kv_mode == "json" or (props.kv_mode.startswith("auto") and props.auto_kv_json)


def _read_json(rel: Relation, names: Sequence[str]) -> Relation:
    """Events with the values of all these names.

    Each call of a JSON function parses the event anew and holds some thousand parsed events: hence one call for all.
    Where an event is no JSON object, there are no values.
    """
    paths = [(name, path) for name in names for path in _json_paths(name)]
    if not paths:
        return rel
    text = rel.field("_raw").sql
    read = f"try(json_extract_string({text}, [{', '.join(quote(path) for _, path in paths)}]))"
    # random(): see read_at_once
    found = f"CASE WHEN random() >= 0 AND starts_with(ltrim({text}), '{{') THEN {read} END"
    rel = rel.extend({VALUES_NAME: Expr(found, Kind.MV)})
    values: dict[str, list[str]] = {}
    for position, (name, _) in enumerate(paths, 1):
        values.setdefault(name, []).append(f"{VALUES}[{position}]")
    return rel.extend({found_in(n): Expr(f"coalesce({', '.join(v)})", Kind.STR) for n, v in values.items()})


def _json_paths(name: str) -> list[str]:
    return [json_path(name)] + (["$." + json.dumps(name, ensure_ascii=False)] if "." in name else [])


def _json(name: str, raw: Relation) -> Expr:
    if "{}" in name:
        text = raw.field("_raw").sql
        found = f"json_extract_string({text}, {quote(json_path(name))})"
        return Expr(f"CASE WHEN {_has_json(raw)} THEN spl_mv({found}) END", Kind.MV)
    return raw.field(found_in(name))


def _has_json(raw: Relation) -> str:
    return f"{VALUES} IS NOT NULL" if raw.has(VALUES_NAME) else _is_json(raw.field("_raw").sql)


def _json_names(ctx: Context, raw: Relation, text: str) -> set[str]:
    sql = f"SELECT json_group_structure(CAST({text} AS JSON)) FROM ({raw.sql()}) WHERE {_is_json(text)}"
    structure = ctx.engine.scalar(sql)
    return set(_leaves(json.loads(structure))) if structure else set()


def _leaves(structure: object, prefix: str = "") -> Iterator[str]:
    """Field names of a DuckDB JSON structure ({"a": "VARCHAR", "b": ["BIGINT"]})."""
    if isinstance(structure, dict):
        for key, value in structure.items():
            yield from _leaves(value, f"{prefix}.{key}" if prefix else key)
    elif isinstance(structure, list):
        for item in structure:
            yield from _leaves(item, prefix + "{}")
    elif prefix and structure != "NULL":
        yield prefix


# --- key=value --------------------------------------------------------------------------------------------------------


def _auto(props: Props, name: str, raw: Relation) -> Expr:
    from_json = _json(name, raw) if props.auto_kv_json else NULL
    if from_json.kind is Kind.MV or not WORD.fullmatch(name):
        return from_json
    text = raw.field("_raw").sql
    key = re.escape(name)
    before = r"(?:^|[\s,;?&|({\[])"
    quoted_value = f'{before}{key}\\s?=\\s?"((?:[^"\\\\]|\\\\.)*)"'
    bare = f'{before}{key}\\s?=\\s?([^\\s,;"&|)}}\\]]+)'
    pair = " , ".join(f"nullif(regexp_extract({text}, {quote(p)}, 1), '')" for p in (quoted_value, bare))
    if from_json is NULL:
        return Expr(f"coalesce({pair})", Kind.STR)
    return Expr(f"CASE WHEN {_has_json(raw)} THEN {from_json.sql} ELSE coalesce({pair}) END", Kind.STR)
