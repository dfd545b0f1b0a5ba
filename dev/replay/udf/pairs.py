"""Pairs of keys and values in text, as ``extract`` and ``xmlkv`` find them: ``[name, value, …]`` for each name.

Source: Search Reference, "extract" and "xmlkv"; transforms.conf.spec (CLEAN_KEYS, DELIMS).
"""

from __future__ import annotations

import re
from functools import lru_cache
from xml.sax.saxutils import unescape

from replay.udf import user_function

_UNCLEAN = re.compile(r"[^A-Za-z0-9_.{}@-]+")
_ELEMENT = re.compile(r"<([^\s<>/!?]+)(?:\s[^<>]*)?>([^<]*)</\1\s*>")


@lru_cache
def _pattern(pairdelim: str, kvdelim: str) -> re.Pattern[str]:
    """One pair: a key, a delimiter of the second kind, and a value in quotes or up to one of the first kind."""
    between = re.escape(kvdelim)
    if pairdelim:
        apart = re.escape(pairdelim)
        return re.compile(rf'\s*([^{apart}{between}"]+?)\s*[{between}]\s*(?:"((?:[^"\\]|\\.)*)"|([^{apart}]*))')
    return re.compile(rf'([A-Za-z_][\w.:\-]*)\s?[{between}]\s?(?:"((?:[^"\\]|\\.)*)"|([^\s,;|&"\'(){{}}\[\]]+))')


def pairs_of(text: str, pairdelim: str, kvdelim: str, limit: int, mv_add: bool, clean: bool) -> list[list[str]]:
    """Keys and values in order; of one key only the first value, unless ``mv_add``. At most ``limit`` keys (0: all)."""
    found: dict[str, list[str]] = {}
    for key, in_quotes, bare in _pattern(pairdelim, kvdelim).findall(text):
        name = _UNCLEAN.sub("_", key).lstrip("_0123456789") if clean else key
        value = in_quotes or bare.strip()
        if not name or not value or (limit and name not in found and len(found) >= limit):
            continue
        values = found.setdefault(name, [])
        if mv_add or not values:
            values.append(value)
    return [[name, *values] for name, values in found.items()]


def elements_of(text: str) -> list[list[str]]:
    """Innermost XML elements; of several with one name the last."""
    found = {tag: unescape(value, {"&quot;": '"', "&apos;": "'"}) for tag, value in _ELEMENT.findall(text)}
    return [[tag, value] for tag, value in found.items() if value]


key_values = user_function(
    "py_key_values", pairs_of, ["VARCHAR", "VARCHAR", "VARCHAR", "BIGINT", "BOOLEAN", "BOOLEAN"], "VARCHAR[][]"
)
xml_values = user_function("py_xml_values", elements_of, ["VARCHAR"], "VARCHAR[][]")
