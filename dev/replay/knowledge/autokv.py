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
from collections.abc import Iterator

from replay.context import Context
from replay.errors import KnowledgeError
from replay.knowledge.props import Props
from replay.relation import NULL, ORDER, Column, Expr, Kind, Relation, quote

_SYSTEM = (
    "EventID",
    "Version",
    "Level",
    "Task",
    "Opcode",
    "Keywords",
    "EventRecordID",
    "Channel",
    "Computer",
)
_ATTRIBUTES = (
    "Name",
    "Guid",
    "SystemTime",
    "ProcessID",
    "ThreadID",
    "UserID",
    "ActivityID",
    "RelatedActivityID",
)
HIDDEN = ("__text", "__names", "__values")
"""Hidden columns of an XML event made ready for extraction: its text with numeric character references spelled out,
and where it was cut once for all fields, names[i], which belongs to values[i + 1]."""
_TEXT, _NAMES, _VALUES = '"__text"', '"__names"', '"__values"'
_DATA_NAME = r"""<Data Name=['"]([^'"<>]+)['"]"""
_LEAF = r"<([A-Za-z_][\w.\-]*)(?:\s[^<>]*)?>[^<]+</"
_PAIR_KEY = r'(?:^|[\s,;?&|({\[])([A-Za-z_][\w.\-]*)\s?=\s?["\w\-/\\.:@]'
_WORD = re.compile(r"[A-Za-z_][\w.\-]*")


def prepare(props: Props, raw: Relation, *, cut: bool) -> Relation:
    """Events made ready for ``automatic_field``.

    Args:
        props: what says how events are written; only XML needs anything.
        raw: the events.
        cut: many fields are wanted, so an event is cut once instead of searched through for each. The text is split
            where an attribute ends an opening tag (``'>``): each piece holds a value up to its first ``<``, and the
            name of the value in the piece behind it. A value that holds such an end itself leaves a piece without any
            ``<``; such an event, or one with both kinds of quotes, has no lists: each field is searched for on its own.
    """
    if props.kv_mode != "xml":
        return raw
    text = Expr(f"spl_xml_spelled({raw.field('_raw').sql})", Kind.STR)
    rel = raw.extend({HIDDEN[0]: text})
    if not cut:
        return rel
    listed = ", ".join(c.sql for c in rel.columns.values())
    quoted = f"CASE WHEN contains({_TEXT}, '<Data Name=\"') THEN '\"' ELSE '''' END"
    pieces = (
        f"SELECT {listed}, {ORDER}, {quoted} AS __quote, string_split({_TEXT}, __quote || '>') AS __pieces "
        f"FROM {rel.name}"
    )
    one_quote = f"NOT (contains({_TEXT}, '<Data Name=\"') AND contains({_TEXT}, '<Data Name='''))"
    clean = f"{one_quote} AND len(list_filter(__pieces, lambda __p: NOT contains(__p, '<'))) = 0"
    names = "list_transform(__pieces, lambda __p: split_part(__p, '<Data Name=' || __quote, -1))"
    values = "list_transform(__pieces, lambda __p: split_part(__p, '<', 1))"
    return rel.derive(
        f"SELECT * EXCLUDE (__quote, __pieces), CASE WHEN {clean} THEN {names} END AS {_NAMES}, "
        f"CASE WHEN {clean} THEN {values} END AS {_VALUES} FROM ({pieces})",
        {**rel.columns, HIDDEN[1]: Column(_NAMES, Kind.MV), HIDDEN[2]: Column(_VALUES, Kind.MV)},
    )


def automatic_field(props: Props, name: str, raw: Relation) -> Expr:
    """The field of this name as KV_MODE finds it in ``_raw``; null if the mode gives none."""
    text = raw.field("_raw").sql
    match props.kv_mode:
        case "none":
            return NULL
        case "xml":
            return _xml(name, is_cut=raw.has(HIDDEN[1]))
        case "json":
            return _json(name, text)
        case "auto" | "auto_escaped":
            return _auto(props, name, text)
    raise KnowledgeError(f"KV_MODE = {props.kv_mode} is not supported", props.settings["KV_MODE"].place)


def discover(props: Props, raw: Relation, ctx: Context) -> set[str]:
    """Names of all fields that KV_MODE finds in these events; looks at the data."""
    text = raw.field("_raw").sql
    names: set[str] = set()
    if props.kv_mode == "xml":
        names |= {*_SYSTEM, *_ATTRIBUTES} | _all(ctx, raw, f"regexp_extract_all({text}, {quote(_DATA_NAME)}, 1)")
        names |= _all(ctx, raw, f"regexp_extract_all({text}, {quote(_LEAF)}, 1)") - {"Data"}
    if props.kv_mode == "json" or (props.kv_mode.startswith("auto") and props.auto_kv_json):
        names |= _json_names(ctx, raw, text)
    if props.kv_mode.startswith("auto"):
        names |= _all(ctx, raw, f"regexp_extract_all({text}, {quote(_PAIR_KEY)}, 1)", f"NOT {_is_json(text)}")
    return names


def _all(ctx: Context, raw: Relation, lists: str, where: str = "true") -> set[str]:
    rows = ctx.engine.execute(f"SELECT DISTINCT unnest({lists}) FROM ({raw.sql()}) WHERE {where}")
    return {name for (name,) in rows if name}


def _xml(name: str, *, is_cut: bool) -> Expr:
    if not _WORD.fullmatch(name):
        return NULL
    escaped = re.escape(name)
    element = f"<{escaped}(?:\\s[^<>]*)?>([^<]*)</{escaped}>"
    if name in _SYSTEM:
        return Expr(f"spl_xml({_search(_TEXT, element)})", Kind.STR)
    data = f"""<Data Name=['"]{escaped}['"]\\s*>([^<]*)</Data>"""
    found = _search(_TEXT, data)
    if is_cut:
        at = f"list_position({_NAMES}, {quote(name)})"
        found = f"CASE WHEN {_NAMES} IS NULL THEN {found} ELSE nullif({_VALUES}[{at} + 1], '') END"
    if name in _ATTRIBUTES:
        attribute = f"""<[A-Z]\\w+(?:\\s[^<>]*)?\\s{escaped}=['"]([^'"<>]*)['"][^<>]*/?>"""
        other = _search(_TEXT, attribute)
    else:
        # Most events end with EventData, whose fields are all <Data>: nothing else needs to be searched for.
        other = f"CASE WHEN NOT ends_with({_TEXT}, '</EventData></Event>') THEN {_search(_TEXT, element)} END"
    return Expr(f"spl_xml(coalesce({found}, {other}))", Kind.STR)


def _search(text: str, pattern: str) -> str:
    return f"nullif(regexp_extract({text}, {quote(pattern)}, 1), '')"


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


def _json(name: str, text: str) -> Expr:
    if "{}" in name:
        found = f"json_extract_string({text}, {quote(json_path(name))})"
        return Expr(f"CASE WHEN {_is_json(text)} THEN spl_mv({found}) END", Kind.MV)
    paths = [json_path(name)] + (["$." + json.dumps(name, ensure_ascii=False)] if "." in name else [])
    found = ", ".join(f"json_extract_string({text}, {quote(p)})" for p in paths)
    value = f"coalesce({found})" if len(paths) > 1 else found
    return Expr(f"CASE WHEN {_is_json(text)} THEN {value} END", Kind.STR)


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


def _auto(props: Props, name: str, text: str) -> Expr:
    from_json = _json(name, text) if props.auto_kv_json else NULL
    if from_json.kind is Kind.MV or not _WORD.fullmatch(name):
        return from_json
    key = re.escape(name)
    before = r"(?:^|[\s,;?&|({\[])"
    quoted_value = f'{before}{key}\\s?=\\s?"((?:[^"\\\\]|\\\\.)*)"'
    bare = f'{before}{key}\\s?=\\s?([^\\s,;"&|)}}\\]]+)'
    pair = " , ".join(f"nullif(regexp_extract({text}, {quote(p)}, 1), '')" for p in (quoted_value, bare))
    if from_json is NULL:
        return Expr(f"coalesce({pair})", Kind.STR)
    return Expr(f"CASE WHEN {_is_json(text)} THEN {from_json.sql} ELSE coalesce({pair}) END", Kind.STR)
