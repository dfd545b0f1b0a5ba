"""Fields of Windows event XML: every ``<Data Name='X'>``, the elements of System and UserData, attributes of System.

Few fields, or those of few events, are searched for one by one; many are read at once (xml_at_once.py).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from replay.knowledge.hidden import CUT, HEAD, TEXT, TEXT_NAME, VALUES, found_in
from replay.knowledge.xml_at_once import ATTRIBUTES, Order, key, read_at_once
from replay.relation import NULL, Expr, Kind, Relation, identifier, quote

SYSTEM = (
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
WORD = re.compile(r"[A-Za-z_][\w.\-]*")
"""What the name of a field that the raw text itself names may be."""
DATA_NAME = r"""<Data Name=['"]([^'"<>]+)['"]"""
LEAF = r"<([A-Za-z_][\w.\-]*)(?:\s[^<>]*)?>[^<]+</"
"""Regexes whose group is the name of a Data, or of an element that holds text."""
_QUOTED = r"""['"]([^'"<>]*)"""
_BEHIND = r"""['">\s]"""  # what comes behind the name of a Data or an element


def prepare_xml(raw: Relation, names: Collection[str], orders: Sequence[Order] | None) -> Relation:
    """Events made ready for ``xml_field``; see ``autokv.prepare``."""
    rel = raw
    if not raw.has(TEXT_NAME):
        rel = raw.extend({TEXT_NAME: Expr(f"spl_xml_spelled({raw.field('_raw').sql})", Kind.STR)})
    names = [name for name in names if not raw.has(found_in(name))]
    values: dict[str, str] = {}
    for name in names if orders is not None else ():
        if WORD.fullmatch(name) and name not in SYSTEM:  # a structure has no two names that differ by case alone
            values.setdefault(name.lower(), name)
    if values:
        rel = read_at_once(rel, [*values.values()], orders or ())
        rel = rel.extend({CUT + name: _cut(name) for name in names if name in SYSTEM})
    return rel.extend({found_in(name): _xml(name, frozenset(values.values())) for name in names})


def xml_field(name: str, raw: Relation) -> Expr:
    """A field of events that were made ready; null if it was not asked for then."""
    found = raw.field(found_in(name))
    return found if found is NULL else Expr(f"spl_xml({found.sql})", Kind.STR)


def _xml(name: str, values: Collection[str]) -> Expr:
    """A field of an XML event as it is written; ``values`` are the names that were read at once, if any."""
    if not WORD.fullmatch(name):
        return NULL
    if name in SYSTEM:
        anywhere = _search(TEXT, _element(name))
        searched = f"coalesce({_search(HEAD, _element(name))}, {anywhere})"
        return Expr(_between(name, searched) if values else anywhere, Kind.STR)
    whole = name in values
    found = f"nullif({VALUES}.{identifier(key(name))}, '')" if whole else _search(TEXT, _data(name))
    if name in ATTRIBUTES:
        head = HEAD if values else f"split_part({TEXT}, '</System>', 1)"
        attribute = _search(head, f"<[A-Z][^<>]*\\s{re.escape(name)}={_QUOTED}")
        if values:  # Windows writes a blank before an attribute, which is quickly found; others may not
            anyhow = f"CASE WHEN contains({HEAD}, {quote(name)}) THEN {attribute} END"
            cut = f"string_split({HEAD}, {quote(f' {name}=')})[2]"
            attribute = f"coalesce({_search(cut, f'^{_QUOTED}')}, {anyhow})"
        return Expr(f"coalesce({found}, {attribute})", Kind.STR)
    if whole:
        return Expr(found, Kind.STR)
    anywhere = f"coalesce({found}, {_search(TEXT, _element(name))})"
    # RE2 looks for the first and the last letter at once, `contains` for the first, which may be frequent.
    named = f"regexp_matches({TEXT}, {quote(re.escape(name) + _BEHIND)})"
    return Expr(f"CASE WHEN {named} THEN {anywhere} END", Kind.STR)


def _data(name: str) -> str:
    return f"""<Data Name=(?:'{re.escape(name)}'|"{re.escape(name)}")\\s*>([^<]*)</Data>"""


def _cut(name: str) -> Expr:
    """The System of an event, cut where an element of this name begins and ends."""
    return Expr(f"string_split({HEAD}, {quote(name + '>')})", Kind.MV)


def _between(name: str, otherwise: str) -> str:
    """SQL of what stands between the only ``<X>`` and ``</X>`` of ``_cut``: faster by far than to search for it.

    Args:
        name: of the element.
        otherwise: SQL for an event with another element that might be it, or none, or nothing in it.
    """
    before, inside = (f"{identifier(CUT + name)}[{part}]" for part in (1, 2))
    text = f"left({inside}, -2)"
    begins = f"ends_with({before}, '<') AND NOT contains({before}, {quote(name)})"
    ends = f"ends_with({inside}, '</') AND {text} <> '' AND NOT contains({text}, '<')"
    return f"CASE WHEN len({identifier(CUT + name)}) = 3 AND {begins} AND {ends} THEN {text} ELSE {otherwise} END"


def _element(name: str) -> str:
    escaped = re.escape(name)
    return f"<{escaped}(?:\\s[^<>]*)?>([^<]*)</{escaped}>"


def _search(text: str, pattern: str) -> str:
    return f"nullif(regexp_extract({text}, {quote(pattern)}, 1), '')"
