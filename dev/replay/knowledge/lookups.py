"""Lookups: transforms.conf stanzas that name a table, and the tables in ``lookups/`` by their file name.

Source: Admin Manual, transforms.conf (lookup tables) and collections.conf; Search Reference, lookup.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from msgspec import Struct, field

from replay.errors import KnowledgeError, Place
from replay.knowledge.app import App
from replay.knowledge.conf import Stanza
from replay.knowledge.layers import Layers, nearest, not_exported

Kind = Literal["csv", "kvstore", "external", "geo"]
Match = Literal["EXACT", "WILDCARD", "CIDR"]
_MODEL = re.compile(r"__mlspl_\w+\.mlmodel")
_LONGEST = 255
"""Bytes that the name of a file may have."""
_MATCH = re.compile(r"(\w+)\s*\(\s*([^()]*?)\s*\)")


class Lookup(Struct, frozen=True):
    """A table of keys and values.

    Attributes:
        name: as the search names it.
        kind: ``csv`` file, ``kvstore`` collection, ``external`` script, or ``geo`` shapes.
        path: the file of a csv or geo lookup (it lies in some app's ``lookups/``), else None.
        match_types: column -> how its cells match an event's value; a column that is not there matches
            exactly.
        case_sensitive: whether values match with case.
        max_matches: rows that count at most, in file order.
        min_matches: when fewer rows match, ``default_match`` is the value of all outputs.
        default_match: see there.
        time_field: column of a temporal lookup, or None.
        time_format: strptime format of that column.
        max_offset_secs: how much later than the row an event may be.
        min_offset_secs: how much later it must be.
        filter: search expression on the rows, applied first, or None.
        collection: KV store collection, or None.
        fields_list: columns that a kvstore or external lookup declares.
        place: the stanza, or the file where there is none.
        app: id of the app that it comes from.
    """

    name: str
    kind: Kind
    path: Path | None
    place: Place
    app: str
    match_types: Mapping[str, Match] = field(default_factory=dict)
    case_sensitive: bool = True
    max_matches: int = 100
    min_matches: int = 0
    default_match: str = ""
    time_field: str | None = None
    time_format: str = "%s.%Q"
    max_offset_secs: int = 2_000_000_000
    min_offset_secs: int = 0
    filter: str | None = None
    collection: str | None = None
    fields_list: tuple[str, ...] = ()


def find_lookup(layers: Layers, app: str, name: str, *, must_exist: bool) -> Lookup:
    """The lookup that a search in ``app`` means by ``name``: a stanza of transforms.conf, else a file name.

    Args:
        layers: the apps.
        app: context.
        name: stanza, or name of a file in ``lookups/``.
        must_exist: whether a file that is not there is an error; a search that writes a lookup creates it, by
            its plain name in the app of the search. A model of the Machine Learning Toolkit is such a file, too.

    Raises:
        KnowledgeError: there is none, the stanza is no lookup or is disabled, or its file is missing or lies
            outside ``lookups/``.
    """
    stanza = layers.stanza(app, "transforms", name)
    if stanza is not None and _is_lookup(stanza):
        return _defined(layers, app, stanza, must_exist)
    found = _find_file(layers, app, name, Place())
    if found is not None:
        owner, path = found
        return Lookup(name, "csv", path, Place(file=str(path)), owner.id)
    if not must_exist and (name.endswith((".csv", ".csv.gz")) or _MODEL.fullmatch(name)):
        path = safe_file(layers.app(app).folder / "lookups", name, Place())
        return Lookup(name, "csv", path, Place(file=str(path)), app)
    raise KnowledgeError(_missing(layers, app, name, stanza), stanza.place if stanza else None)


def safe_file(folder: Path, name: str, place: Place) -> Path:
    """``folder / name``, if that is a file name and nothing leads out of the folder.

    Raises:
        KnowledgeError: the name holds a path, or the file is a link to somewhere else.
    """
    path = folder / name
    is_name = name not in ("", ".", "..") and not re.search(r"[/\\\0]", name) and len(name.encode()) <= _LONGEST
    if not is_name or path.resolve().parent != folder.resolve():
        raise KnowledgeError(f"`{name}` must be the name of a file inside {folder}", place)
    return path


def _is_lookup(stanza: Stanza) -> bool:
    return any(stanza.text(key) for key in ("filename", "external_type", "external_cmd", "collection"))


def _defined(layers: Layers, app: str, stanza: Stanza, must_exist: bool) -> Lookup:
    if stanza.disabled:
        raise KnowledgeError(f"lookup `{stanza.name}` is disabled", stanza.place_of("disabled"))
    owner = layers.owner(app, "transforms", stanza.name)
    kind = _kind(stanza)
    path = _path(layers, owner, stanza, must_exist) if stanza.text("filename") else None
    time_field = stanza.text("time_field") or None
    return Lookup(
        name=stanza.name,
        kind=kind,
        path=path,
        place=stanza.place,
        app=owner.id,
        match_types=_match_types(stanza),
        case_sensitive=stanza.flag("case_sensitive_match", True),
        max_matches=stanza.number("max_matches", 1 if time_field else 100),
        min_matches=stanza.number("min_matches", 0),
        default_match=stanza.text("default_match"),
        time_field=time_field,
        time_format=stanza.text("time_format") or "%s.%Q",
        max_offset_secs=stanza.number("max_offset_secs", 2_000_000_000),
        min_offset_secs=stanza.number("min_offset_secs", 0),
        filter=stanza.text("filter") or None,
        collection=stanza.text("collection") or None,
        fields_list=tuple(part for part in re.split(r"[\s,]+", stanza.text("fields_list")) if part),
    )


def _kind(stanza: Stanza) -> Kind:
    says = stanza.text("external_type").lower()
    if says == "kvstore" or (stanza.text("collection") and not says):
        if not stanza.text("collection"):
            raise KnowledgeError(f"lookup `{stanza.name}` names no `collection`", stanza.place)
        return "kvstore"
    if says == "geo" or stanza.text("filename").lower().endswith((".kmz", ".kml")):
        return "geo"
    return "csv" if stanza.text("filename") else "external"


def _path(layers: Layers, owner: App, stanza: Stanza, must_exist: bool) -> Path:
    place = stanza.place_of("filename")
    name = stanza.text("filename")
    own = safe_file(owner.folder / "lookups", name, place)
    found = _find_file(layers, owner.id, name, place)
    if found is None and must_exist:
        hint = f"put the table into {own}"
        raise KnowledgeError(f"lookup `{stanza.name}`: no app has its file lookups/{name}; {hint}", place)
    return found[1] if found else own


def _find_file(layers: Layers, app: str, name: str, place: Place) -> tuple[App, Path] | None:
    """The file ``lookups/<name>`` of the app itself, or of the strongest other app that exports it."""
    for owner in layers.order(app):
        if owner.id == app or owner.exports("lookups", name):
            path = safe_file(owner.folder / "lookups", name, place)
            if path.is_file():
                return owner, path
    return None


def _match_types(stanza: Stanza) -> dict[str, Match]:
    text = stanza.text("match_type")
    types: dict[str, Match] = {}
    for says, column in _MATCH.findall(text):
        kinds: dict[str, Match] = {"EXACT": "EXACT", "WILDCARD": "WILDCARD", "CIDR": "CIDR"}
        if says.upper() not in kinds or not column:
            raise KnowledgeError(f"cannot read match_type `{text}`", stanza.place_of("match_type"))
        types[column] = kinds[says.upper()]
    if re.sub(r"[\s,]+", "", _MATCH.sub("", text)):
        hint = "write WILDCARD(field), CIDR(field) or EXACT(field)"
        raise KnowledgeError(f"cannot read match_type `{text}`: {hint}", stanza.place_of("match_type"))
    return types


def _missing(layers: Layers, app: str, name: str, stanza: Stanza | None) -> str:
    if stanza is not None:
        return f"`{name}` in transforms.conf is a field transform, not a lookup"
    hidden = layers.hidden_in(app, "transforms", name)
    hidden += [owner.id for owner in layers.order(app) if (owner.folder / "lookups" / name).is_file()]
    if hidden:
        return f"lookup `{name}` {not_exported(hidden, app)}"
    known = set(_known(layers, app))
    where = f"no transforms.conf stanza and no lookups/{name} file in the loaded apps"
    return f"lookup `{name}` is not defined ({where}){nearest(name, known)}"


def _known(layers: Layers, app: str) -> list[str]:
    stanzas = (layers.stanza(app, "transforms", name) for name in layers.names(app, "transforms"))
    files = [file.name for owner in layers.order(app) for file in (owner.folder / "lookups").glob("*.csv")]
    return [stanza.name for stanza in stanzas if stanza and _is_lookup(stanza)] + files
