"""What a saved search says of itself for people: ATT&CK techniques, references, and notes on its use.

All of it comes from .conf files: annotations of savedsearches.conf (Enterprise Security, "Annotations"), its keys that
end in ``.references`` (a JSON array) or name a note, and the analytic stories that list the search.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from replay.context import Context
from replay.errors import Place
from replay.knowledge import Knowledge, SavedSearch
from replay.plan import plan_search
from replay.report import text_of

ANNOTATIONS = "action.correlationsearch.annotations"
LOOKUP = "mitre_attack_techniques"
_TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?")


class Technique(Struct, frozen=True):
    """An ATT&CK technique; name, tactics and address are empty if the lookup does not have it."""

    id: str
    name: str = ""
    tactics: tuple[str, ...] = ()
    url: str = ""


def link(url: str) -> str:
    """The address, if a browser may be sent there (http or https, with a host, without blanks); else nothing."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    plain = url.isprintable() and not any(c.isspace() for c in url)
    return url if plain and parts.scheme in ("http", "https") and parts.netloc else ""


def annotations_of(saved: SavedSearch, warn: Callable[[str], None]) -> dict[str, list[str]]:
    """Framework, such as ``mitre_attack``, to its values."""
    text = saved.settings.get(ANNOTATIONS, "")
    try:
        read = json.loads(text) if text.strip() else {}
    except ValueError as e:
        read = e
    if not isinstance(read, dict):
        warn(f"`{saved.name}`: {ANNOTATIONS} is no JSON object: no ATT&CK technique can be told")
        return {}
    return {name: [str(v) for v in (value if isinstance(value, list) else [value])] for name, value in read.items()}


def techniques(ids: Sequence[str], ctx: Context) -> list[Technique]:
    """The techniques with these ids, as the lookup of the apps has them."""
    asked = [one for one in dict.fromkeys(ids) if _TECHNIQUE.fullmatch(one)]
    rows: Mapping[str, Technique] = {}
    if asked:
        spl = f"| inputlookup {LOOKUP} where technique_id IN ({', '.join(asked)})"
        place = Place(file="the search for ATT&CK techniques")
        found = ctx.engine.rows(plan_search(spl, replace(ctx.within(None, None), place=place)))
        rows = {
            (told := {name: text_of(value) for name, value in row.items()})["technique_id"]: Technique(
                told["technique_id"],
                told.get("technique", ""),
                tuple(filter(None, told.get("tactics", "").split("|"))),
                told.get("url", ""),
            )
            for row in found
        }
    return [rows.get(one, Technique(one)) for one in dict.fromkeys(ids)]


def references(saved: SavedSearch, knowledge: Knowledge, warn: Callable[[str], None]) -> list[str]:
    """Pages about the behaviour, each once: those of the search, then those of the stories that list it."""
    found: list[str] = []
    for key in sorted(saved.settings):
        if key.endswith(".references"):
            found += _listed(saved.settings[key], f"`{saved.name}`: {key}", warn)
    for stanza in knowledge.stanzas(saved.app, "analyticstories"):
        if stanza.startswith("analytic_story://"):
            found += _of_story(saved, stanza, knowledge, warn)
    return list(dict.fromkeys(found))


def _of_story(
    saved: SavedSearch, stanza: str, knowledge: Knowledge, warn: Callable[[str], None]
) -> Iterator[str]:  # fmt: skip
    told = {key: knowledge.setting(saved.app, "analyticstories", stanza, key) for key in ("searches", "references")}
    texts = {key: setting.value if setting else "" for key, setting in told.items()}
    if saved.name in _listed(texts["searches"], f"[{stanza}] searches", warn):
        yield from _listed(texts["references"], f"[{stanza}] references", warn)


def _listed(text: str, what: str, warn: Callable[[str], None]) -> list[str]:
    try:
        values = json.loads(text) if text.strip() else []
    except ValueError:
        values = None
    if not isinstance(values, list):
        warn(f"{what} is no JSON array: it is not in the report")
        return []
    return [str(value) for value in values]


def note(saved: SavedSearch, name: str) -> str:
    """What a key that ends in this name says, such as ``known_false_positives``; nothing without one."""
    return next((v for key, v in sorted(saved.settings.items()) if key.endswith(f".{name}") and v.strip()), "")
