"""Windows event XML read at once: each of many events a single time, for the values of all names that are asked for.

Most events of a log have the same Data in the same order. A few events tell which orders are usual (``usual_orders``);
an event in one of them is cut where its Data end, and has each value at a known place. Any other event whose EventData
is nothing but Data becomes a JSON object, which the database reads for any names. Of what is left, all Data and all
elements are listed by regex: slowly, but whatever the event holds. All three give the same values; tests hold them to
it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from replay.engine import Engine
from replay.knowledge.hidden import HEAD, HEAD_NAME, TEXT, VALUES, VALUES_NAME
from replay.relation import ORDER, Column, Kind, Relation, identifier, quote

ATTRIBUTES = (
    "Name",
    "Guid",
    "SystemTime",
    "ProcessID",
    "ThreadID",
    "UserID",
    "ActivityID",
    "RelatedActivityID",
)
Order = tuple[str, ...]
"""The tags of the Data of an event, in their order: ``Data Name='Image'``, with the quotes that the event has."""
_MOST_ORDERS, _MOST_DATA = 16, 64
_USUAL_TAG = re.compile(r"""Data Name=('[\w .-]+'|"[\w .-]+")""")
_BETWEEN = "</Data><"
_ANY_DATA = r"""<Data Name=('[^'<>]*'|"[^"<>]*")\s*>([^<]*)</Data>"""
_ANY_ELEMENT = r"<([^\s<>/]+)(?:\s[^<>]*)?>([^<]*)</([^\s<>/]+)>"


def usual_orders(engine: Engine, sample: str) -> list[Order]:
    """The most frequent orders of Data; they decide how fast events are read, not what is read.

    Args:
        engine: the database.
        sample: SQL of some raw events.
    """
    pieces = f"string_split(split_part(_raw, 'ventData><', 2), {quote(_BETWEEN)})"
    tags = f"list_transform({pieces}, lambda piece: split_part(piece, '>', 1))"
    rows = engine.execute(
        f"SELECT tags FROM (SELECT {tags} AS tags FROM ({sample})) WHERE len(tags) <= {_MOST_DATA} "
        f"GROUP BY tags ORDER BY count(*) DESC, tags LIMIT {_MOST_ORDERS}"
    )
    orders = [tuple(tags[:-1]) for (tags,) in rows]  # the last piece is the end of EventData
    # What an event holds is hostile, and SQL is made of this.
    return [order for order in orders if order and all(map(_USUAL_TAG.fullmatch, order))]


def key(name: str) -> str:
    """What a field is called among the values."""
    return f"Data Name='{name}"


def read_at_once(rel: Relation, names: Sequence[str], orders: Sequence[Order]) -> Relation:
    """Events with the values of all these names.

    The inside of EventData, quoted as JSON, becomes an object by replacements: its keys are ``Data Name='X``. What is
    out of order (an element that is not Data, a value that holds the end of a tag, both kinds of quotes) leaves a mark
    in the object or makes no JSON of it: of such an event all Data and elements are listed. So they are of one that has
    another EventData or System, a Data elsewhere, or an element of a wanted name: that may be the field, too.

    Args:
        rel: events, with their text.
        names: which values; no two that differ by case alone.
        orders: of Data that are usual.
    """
    before, behind = (f"NOT regexp_matches(__parts[{part}], {quote(_any_element(names))})" for part in (1, 3))
    plain = f"{before} AND (__parts[3] = '/Event>' OR {behind})"
    shape = "len(__parts) = 3 AND ends_with(__parts[1], '</System><E') AND ends_with(__parts[2], '</Data></E')"
    objects = f"CASE WHEN __double THEN {_object(_DOUBLE)} ELSE {_object(_SINGLE)} END"
    structure = json.dumps({key(name): "VARCHAR" for name in names}, ensure_ascii=False)
    read = f"try(json_transform(__object, {quote(structure)}))"
    # Not another CASE: as a value, DuckDB would compute all of a condition for every event.
    to_the_letter = f"(__double AND {_to_the_letter(_DOUBLE)} OR NOT __double AND {_to_the_letter(_SINGLE)})"
    cut = "".join(f"WHEN __order = {number} THEN {_cut(order, names)} " for number, order in enumerate(orders, 1))
    steps = (
        {
            "__parts": f"string_split({TEXT}, 'ventData><')",  # E is frequent in hashes
            "__double": f"""starts_with({TEXT}, '<Event xmlns="')""",
        },
        {"__inside": f"CASE WHEN {shape} AND {plain} THEN __parts[2] END"},
        {"__pieces": f"string_split(__inside, {quote(_BETWEEN)})"},
        {"__order": _which(orders)},
        {"__object": f"CASE WHEN __order IS NULL AND __inside IS NOT NULL THEN {objects} END"},
        # random() makes DuckDB compute the values here and once, and not again in each filter that asks for one.
        {"__read": f"CASE {cut}WHEN random() >= 0 AND {to_the_letter} THEN {read} END"},
        {HEAD: f"CASE WHEN __inside IS NULL THEN split_part({TEXT}, '</System>', 1) ELSE __parts[1] END"}
        | {name: f"CASE WHEN __read IS NULL THEN {sql} END" for name, sql in _LISTS.items()},
    )
    # One choice for all names: where every event of some thousand is in order, DuckDB then copies nothing.
    each = ", ".join(f"{identifier(key(name))} := {_listed(name)}" for name in names)
    values = f"CASE WHEN __read IS NOT NULL THEN __read ELSE struct_pack({each}) END AS {VALUES}"
    kept = ", ".join([*(c.sql for c in rel.columns.values()), ORDER])
    hidden = {HEAD_NAME: Column(HEAD, Kind.STR), VALUES_NAME: Column(VALUES, Kind.STR)}
    sql = f"SELECT {kept}, {HEAD}, {values} FROM ({_in_turn(rel.name, steps)})"
    return rel.derive(sql, {**rel.columns, **hidden})


def _in_turn(source: str, steps: Iterable[Mapping[str, str]]) -> str:
    """A SELECT of a table with more columns; those of a step may name those of the steps before."""
    select = f"SELECT * FROM {source}"
    for step in steps:
        columns = ", ".join(f"{sql} AS {column}" for column, sql in step.items())
        select = f"SELECT *, {columns} FROM ({select})"
    return select


def _any_element(names: Iterable[str]) -> str:
    """What tells of a Data, another System, or an element of one of these names before the end of the first System: it
    looks for their ends, which are fewer than tags."""
    return f"(?s)</(?:(?:Data|{'|'.join(map(re.escape, names))})>|System>(?:[^<]|<[^E]|<E.))"


# --- by place ---------------------------------------------------------------------------------------------------------


def _which(orders: Sequence[Order]) -> str:
    """SQL of the number of the order that an event has, from 1; null if it has another."""
    tests = "".join(f"WHEN {_has(order)} THEN {number} " for number, order in enumerate(orders, 1))
    return f"CASE {tests}END" if tests else "CAST(NULL AS INTEGER)"


def _has(order: Order) -> str:
    """SQL that is true if EventData holds Data with these tags and nothing else."""
    places = range(1, len(order) + 1)
    tags = [f"starts_with(__pieces[{place}], {quote(tag + '>')})" for place, tag in zip(places, order, strict=True)]
    plain = [f"NOT contains(__pieces[{place}], '<')" for place in places]
    return " AND ".join([f"len(__pieces) = {len(order) + 1}", *tags, *plain])


def _cut(order: Order, names: Collection[str]) -> str:
    """SQL of the values of an event in this order."""
    at: dict[str, str] = {}
    for place, tag in enumerate(order, 1):
        at.setdefault(tag[len("Data Name='") : -1], f"substr(__pieces[{place}], {len(tag) + 2})")
    each = ", ".join(f"{identifier(key(name))} := {at.get(name, 'CAST(NULL AS VARCHAR)')}" for name in names)
    return f"struct_pack({each})"


# --- as JSON ----------------------------------------------------------------------------------------------------------


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
    quoted = f"json_quote(concat({quote(quotes.before)}, __inside))" if quotes.before else "json_quote(__inside)"
    for old, new in quotes.marks:
        quoted = f"replace({quoted}, {quote(old)}, {quote(new)})"
    opening = '{"":' if quotes.before else "{"
    return f"concat('{opening}', {quoted}, ':0}}')"


def _to_the_letter(quotes: _Quotes) -> str:
    """SQL that is true if every tag in the object was ``<Data Name='X'>`` to the letter."""
    ends = f"NOT contains(__object, '>') OR NOT regexp_matches(__inside, {quote(quotes.ends)})"
    return f"NOT contains(__object, '<') AND ({ends})"


# --- listed -----------------------------------------------------------------------------------------------------------


def _all_of(pattern: str, group: int) -> str:
    return f"regexp_extract_all({TEXT}, {quote(pattern)}, {group})"


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
    return data if name in ATTRIBUTES else f"coalesce({data}, {element})"
