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
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from replay.context import Context
from replay.errors import KnowledgeError
from replay.knowledge.props import Props
from replay.relation import NULL, ORDER, Column, Expr, Kind, Relation, identifier, quote

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
# Hidden columns of an event made ready for extraction: the text of XML with numeric character references spelled out,
# and if it was read at once, its System and the values of all wanted names.
_HEAD_NAME, _TEXT_NAME, _VALUES_NAME, _FOUND, _CUT = "__head", "__text", "__values", "__kv:", "__cut:"
_HEAD, _TEXT, _VALUES = (f'"{name}"' for name in (_HEAD_NAME, _TEXT_NAME, _VALUES_NAME))
_DATA_NAME = r"""<Data Name=['"]([^'"<>]+)['"]"""
_ANY_DATA = r"""<Data Name=('[^'"<>]*'|"[^'"<>]*")\s*>([^<]*)</Data>"""
_ANY_ELEMENT = r"<([^\s<>/]+)(?:\s[^<>]*)?>([^<]*)</([^\s<>/]+)>"
_QUOTED = r"""['"]([^'"<>]*)"""
_BEHIND = r"""['">\s]"""  # what comes behind the name of a Data or an element
_LEAF = r"<([A-Za-z_][\w.\-]*)(?:\s[^<>]*)?>[^<]+</"
_PAIR_KEY = r'(?:^|[\s,;?&|({\[])([A-Za-z_][\w.\-]*)\s?=\s?["\w\-/\\.:@]'
_WORD = re.compile(r"[A-Za-z_][\w.\-]*")


def hidden_columns(rel: Relation) -> list[str]:
    """The columns that ``prepare`` has added."""
    own = (_HEAD_NAME, _TEXT_NAME, _VALUES_NAME)
    return [name for name in rel.columns if name in own or name.startswith((_FOUND, _CUT))]


def prepared_columns(rel: Relation) -> list[str]:
    """Those of them that another ``prepare`` does not compute again: of XML."""
    return [n for n in hidden_columns(rel) if rel.has(_TEXT_NAME) and (n == _TEXT_NAME or n.startswith(_FOUND))]


def prepare(props: Props, raw: Relation, names: Collection[str], *, at_once: bool) -> Relation:
    """Events made ready for ``automatic_field``.

    Args:
        props: what says how events are written.
        raw: the events.
        names: the fields that will be asked for.
        at_once: they are many, so XML is read once instead of searched through for each.
    """
    if _reads_json(props):
        return _read_json(raw, [name for name in names if "{}" not in name])
    if props.kv_mode != "xml":
        return raw
    rel = raw
    if not raw.has(_TEXT_NAME):
        rel = raw.extend({_TEXT_NAME: Expr(f"spl_xml_spelled({raw.field('_raw').sql})", Kind.STR)})
    names = [name for name in names if not raw.has(_found_in(name))]
    values: dict[str, str] = {}
    for name in names if at_once else ():
        if _WORD.fullmatch(name) and name not in _SYSTEM:  # a structure has no two names that differ by case alone
            values.setdefault(name.lower(), name)
    if values:
        rel = _read_at_once(rel, [*values.values()])
        rel = rel.extend({_CUT + name: _cut(name) for name in names if name in _SYSTEM})
    return rel.extend({_found_in(name): _xml(name, frozenset(values.values())) for name in names})


def _found_in(name: str) -> str:
    """The column that holds a field as the event has it: what comes after names it more than once."""
    return _FOUND + name


def _read_at_once(rel: Relation, names: Sequence[str]) -> Relation:
    """Events with the values of all these names.

    The inside of EventData, quoted as JSON, becomes an object by replacements: its keys are ``Data Name='X``. What is
    out of order (an element that is not Data, a value that holds the end of a tag, both kinds of quotes) leaves a mark
    in the object or makes no JSON of it: of such an event all Data and elements are listed. So they are of one that has
    another EventData or System, a Data elsewhere, or an element of a wanted name: that may be the field, too.
    """
    listed = ", ".join([*(c.sql for c in rel.columns.values()), ORDER])
    double = f"""starts_with({_TEXT}, '<Event xmlns="') AS __double"""
    cut = f"string_split({_TEXT}, 'ventData><') AS __parts"  # E is frequent in hashes
    parts = f"SELECT *, {cut}, {double} FROM {rel.name}"
    plain = f"NOT regexp_matches(__parts[1], {quote(_any_element(names))}) AND __parts[3] = '/Event>'"
    tested = f"SELECT *, {plain} AS __plain FROM ({parts})"
    named, elsewhere = quote("<Data Name="), "split_part(__parts[1], '</System>', 2)"
    alone = f"{elsewhere} = '<E' AND NOT contains(__parts[1], {named}) AND NOT contains(__parts[3], {named})"
    shape = "len(__parts) = 3 AND ends_with(__parts[1], '</System><E') AND ends_with(__parts[2], '</Data></E')"
    in_order = f"{shape} AND CASE WHEN __plain THEN true ELSE {alone} END"
    objects = f"CASE WHEN __double THEN {_object(_DOUBLE)} ELSE {_object(_SINGLE)} END"
    objects = f"SELECT *, CASE WHEN {in_order} THEN {objects} END AS __object FROM ({tested})"
    # Not another CASE: as a value, DuckDB would compute all of a condition for every event.
    to_the_letter = f"(__double AND {_to_the_letter(_DOUBLE)} OR NOT __double AND {_to_the_letter(_SINGLE)})"
    structure = json.dumps({_key(name): "VARCHAR" for name in names}, ensure_ascii=False)
    read = f"try(json_transform(__object, {quote(structure)}))"
    # random() makes DuckDB compute the values here and once, and not again in each filter that asks for one of them.
    found = f"CASE WHEN random() >= 0 AND {to_the_letter} THEN {read} END"
    head = f"CASE WHEN __object IS NULL THEN split_part({_TEXT}, '</System>', 1) ELSE __parts[1] END AS {_HEAD}"
    values = f"SELECT *, {head}, {found} AS __read FROM ({objects})"
    whole = f"SELECT *, coalesce(__plain AND __read IS NOT NULL, false) AS __whole FROM ({values})"
    lists = ", ".join(f"CASE WHEN NOT __whole THEN {sql} END AS {name}" for name, sql in _LISTS.items())
    hidden = {_HEAD_NAME: Column(_HEAD, Kind.STR), _VALUES_NAME: Column(_VALUES, Kind.STR)}
    # One choice for all names: where every event of some thousand is in order, DuckDB then copies nothing.
    each = ", ".join(f"{identifier(_key(name))} := {_listed(name)}" for name in names)
    chosen = f"CASE WHEN __whole THEN __read ELSE struct_pack({each}) END AS {_VALUES}"
    return rel.derive(
        f"SELECT {listed}, {_HEAD}, {chosen} FROM (SELECT *, {lists} FROM ({whole}))", {**rel.columns, **hidden}
    )


def _all_of(pattern: str, group: int) -> str:
    return f"regexp_extract_all({_TEXT}, {quote(pattern)}, {group})"


_TAGS = f"list_zip({_all_of(_ANY_ELEMENT, 1)}, {_all_of(_ANY_ELEMENT, 3)})"
# Every Data and every element of an event, to be looked up by name.
_LISTS = {
    "__data": f"list_transform({_all_of(_ANY_DATA, 1)}, lambda quoted: quoted[2:-2])",
    "__data_values": _all_of(_ANY_DATA, 2),
    "__elements": f"list_transform({_TAGS}, lambda tag: CASE WHEN tag[1] = tag[2] THEN tag[1] END)",
    "__elements_values": _all_of(_ANY_ELEMENT, 2),
}


def _listed(name: str) -> str:
    """SQL of a field of an event that is not in order, or has other elements than Data."""
    data, element = (f"nullif({n}_values[list_position({n}, {quote(name)})], '')" for n in ("__data", "__elements"))
    data = f"CASE WHEN __read IS NULL THEN {data} ELSE nullif(__read.{identifier(_key(name))}, '') END"
    return data if name in _ATTRIBUTES else f"coalesce({data}, {element})"


def _key(name: str) -> str:
    """What a field is called in the object."""
    return f"Data Name='{name}"


class _Quotes(NamedTuple):
    """How an event writes attributes, in JSON; one that has both kinds of quotes reads as one out of order.

    Attributes:
        before: what to put before the first Data, so that its tag can be replaced as those of the others.
        marks: what to replace in turn, and by what, so that the inside of EventData becomes an object.
        ends: regex of tags that end in another way, as <Data Name='A' >: a mark in the value would pass for their end.
    """

    before: str
    marks: tuple[tuple[str, str], ...]
    ends: str


_SINGLE = _Quotes("", (("</Data><", '","'), ("'>", '":"')), r""""\s*>|'\s+>""")
_DOUBLE = _Quotes(
    "</Data><",
    ((r"</Data><Data Name=\"", r'","Data Name=' + "'"), ("</Data></", '","/'), (r"\">", '":"')),
    r"""'\s*>|"\s+>""",
)


def _object(quotes: _Quotes) -> str:
    """SQL that makes ``{"Data Name='A":"a","/E":0}`` of ``Data Name='A'>a</Data></E``."""
    quoted = f"json_quote(concat({quote(quotes.before)}, __parts[2]))" if quotes.before else "json_quote(__parts[2])"
    for old, new in quotes.marks:
        quoted = f"replace({quoted}, {quote(old)}, {quote(new)})"
    opening = '{"":' if quotes.before else "{"
    return f"concat('{opening}', {quoted}, ':0}}')"


def _to_the_letter(quotes: _Quotes) -> str:
    """SQL that is true if every tag in the object was ``<Data Name='X'>`` to the letter."""
    ends = f"NOT contains(__object, '>') OR NOT regexp_matches(__parts[2], {quote(quotes.ends)})"
    return f"NOT contains(__object, '<') AND ({ends})"


def automatic_field(props: Props, name: str, raw: Relation) -> Expr:
    """The field of this name as KV_MODE finds it in ``_raw``; null if the mode gives none."""
    match props.kv_mode:
        case "none":
            return NULL
        case "xml":
            found = raw.field(_found_in(name))
            return found if found is NULL else Expr(f"spl_xml({found.sql})", Kind.STR)
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
        names |= {*_SYSTEM, *_ATTRIBUTES} | _all(ctx, raw, f"regexp_extract_all({text}, {quote(_DATA_NAME)}, 1)")
        names |= _all(ctx, raw, f"regexp_extract_all({text}, {quote(_LEAF)}, 1)") - {"Data"}
    if _reads_json(props):
        names |= _json_names(ctx, raw, text)
    if props.kv_mode.startswith("auto"):
        names |= _all(ctx, raw, f"regexp_extract_all({text}, {quote(_PAIR_KEY)}, 1)", f"NOT {_is_json(text)}")
    return names


def _all(ctx: Context, raw: Relation, lists: str, where: str = "true") -> set[str]:
    rows = ctx.engine.execute(f"SELECT DISTINCT unnest({lists}) FROM ({raw.sql()}) WHERE {where}")
    return {name for (name,) in rows if name}


def _xml(name: str, values: Collection[str]) -> Expr:
    """A field of an XML event as it is written; ``values`` are the names that were read at once, if any."""
    if not _WORD.fullmatch(name):
        return NULL
    if name in _SYSTEM:
        anywhere = _search(_TEXT, _element(name))
        searched = f"coalesce({_search(_HEAD, _element(name))}, {anywhere})"
        return Expr(_between(name, searched) if values else anywhere, Kind.STR)
    whole = name in values
    found = f"nullif({_VALUES}.{identifier(_key(name))}, '')" if whole else _search(_TEXT, _data(name))
    if name in _ATTRIBUTES:
        head = _HEAD if values else f"split_part({_TEXT}, '</System>', 1)"
        attribute = _search(head, f"<[A-Z][^<>]*\\s{re.escape(name)}={_QUOTED}")
        if values:  # Windows writes a blank before an attribute, which is quickly found; others may not
            anyhow = f"CASE WHEN contains({_HEAD}, {quote(name)}) THEN {attribute} END"
            cut = f"string_split({_HEAD}, {quote(f' {name}=')})[2]"
            attribute = f"coalesce({_search(cut, f'^{_QUOTED}')}, {anyhow})"
        return Expr(f"coalesce({found}, {attribute})", Kind.STR)
    if whole:
        return Expr(found, Kind.STR)
    anywhere = f"coalesce({found}, {_search(_TEXT, _element(name))})"
    # RE2 looks for the first and the last letter at once, `contains` for the first, which may be frequent.
    named = f"regexp_matches({_TEXT}, {quote(re.escape(name) + _BEHIND)})"
    return Expr(f"CASE WHEN {named} THEN {anywhere} END", Kind.STR)


def _data(name: str) -> str:
    return f"""<Data Name=(?:'{re.escape(name)}'|"{re.escape(name)}")\\s*>([^<]*)</Data>"""


def _cut(name: str) -> Expr:
    """The System of an event, cut where an element of this name begins and ends."""
    return Expr(f"string_split({_HEAD}, {quote(name + '>')})", Kind.MV)


def _between(name: str, otherwise: str) -> str:
    """SQL of what stands between the only ``<X>`` and ``</X>`` of ``_cut``: faster by far than to search for it.

    Args:
        name: of the element.
        otherwise: SQL for an event with another element that might be it, or none, or nothing in it.
    """
    before, inside = (f"{identifier(_CUT + name)}[{part}]" for part in (1, 2))
    text = f"left({inside}, -2)"
    begins = f"ends_with({before}, '<') AND NOT contains({before}, {quote(name)})"
    ends = f"ends_with({inside}, '</') AND {text} <> '' AND NOT contains({text}, '<')"
    return f"CASE WHEN len({identifier(_CUT + name)}) = 3 AND {begins} AND {ends} THEN {text} ELSE {otherwise} END"


def _any_element(names: Iterable[str]) -> str:
    """What tells of a Data, another System, or an element of one of these names before the end of the first System: it
    looks for their ends, which are fewer than tags."""
    return f"(?s)</(?:(?:Data|{'|'.join(map(re.escape, names))})>|System>(?:[^<]|<[^E]|<E.))"


def _element(name: str) -> str:
    escaped = re.escape(name)
    return f"<{escaped}(?:\\s[^<>]*)?>([^<]*)</{escaped}>"


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
    # random(): see _read_at_once
    found = f"CASE WHEN random() >= 0 AND starts_with(ltrim({text}), '{{') THEN {read} END"
    rel = rel.extend({_VALUES_NAME: Expr(found, Kind.MV)})
    values: dict[str, list[str]] = {}
    for position, (name, _) in enumerate(paths, 1):
        values.setdefault(name, []).append(f"{_VALUES}[{position}]")
    return rel.extend({_found_in(n): Expr(f"coalesce({', '.join(v)})", Kind.STR) for n, v in values.items()})


def _json_paths(name: str) -> list[str]:
    return [json_path(name)] + (["$." + json.dumps(name, ensure_ascii=False)] if "." in name else [])


def _json(name: str, raw: Relation) -> Expr:
    if "{}" in name:
        text = raw.field("_raw").sql
        found = f"json_extract_string({text}, {quote(json_path(name))})"
        return Expr(f"CASE WHEN {_has_json(raw)} THEN spl_mv({found}) END", Kind.MV)
    return raw.field(_found_in(name))


def _has_json(raw: Relation) -> str:
    return f"{_VALUES} IS NOT NULL" if raw.has(_VALUES_NAME) else _is_json(raw.field("_raw").sql)


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
    if from_json.kind is Kind.MV or not _WORD.fullmatch(name):
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
