"""admin/macros, data/transforms/lookups, data/lookup-table-files, datamodel/model (Knowledge endpoint descriptions)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from replay.errors import KnowledgeError
from replay.knowledge import Stanza
from replay.serve.calls import ANY, LISTING, NEW, SETTINGS, Call, endpoint
from replay.serve.conf_entries import ConfKind, settings_of
from replay.serve.errors import missing
from replay.serve.feeds import Entry, Feed


def _is_lookup(stanza: Stanza) -> bool:
    return any(stanza.text(key) for key in ("filename", "collection", "external_cmd", "external_type"))


MACROS = ConfKind("macros", "admin/macros")
LOOKUPS = ConfKind("transforms", "data/transforms/lookups", wanted=_is_lookup)
_KINDS = {"macros": MACROS, "lookups": LOOKUPS}


@endpoint("GET POST", "admin/macros", takes={"GET": LISTING, "POST": NEW}, gives={"POST": "201"})
@endpoint("GET POST", "data/macros", takes={"GET": LISTING, "POST": NEW}, gives={"POST": "201"})
def macros(call: Call) -> Feed:
    """Search macros."""
    return _collection(call, MACROS)


@endpoint("GET POST DELETE", "admin/macros/{name}", takes={"POST": SETTINGS})
@endpoint("GET POST DELETE", "data/macros/{name}", takes={"POST": SETTINGS})
def macro(call: Call) -> Feed:
    """One macro, named as its stanza: ``name(1)``."""
    return _entity(call, MACROS)


@endpoint("GET POST", "data/transforms/lookups", takes={"GET": LISTING, "POST": NEW}, gives={"POST": "201"})
def lookups(call: Call) -> Feed:
    """Lookup definitions."""
    return _collection(call, LOOKUPS)


@endpoint("GET POST DELETE", "data/transforms/lookups/{name}", takes={"POST": SETTINGS})
def lookup(call: Call) -> Feed:
    """One lookup definition."""
    return _entity(call, LOOKUPS)


def _collection(call: Call, kind: ConfKind) -> Feed:
    if call.method == "POST":
        return kind.create(call, settings_of(call))
    return call.page(kind.conf, kind.all(call))


def _entity(call: Call, kind: ConfKind) -> Feed:
    name = call.names["name"]
    if call.method == "DELETE":
        return kind.remove(call, name)
    if call.method == "POST":
        return kind.update(call, name, settings_of(call))
    return Feed(kind.conf, [kind.get(call, name)])


@endpoint("GET", "data/lookup-table-files", takes=LISTING)
def lookup_files(call: Call) -> Feed:
    """The CSV files in the ``lookups/`` folders of the apps."""
    apps = call.head.apps.knowledge.apps
    wanted = apps.values() if call.app in (None, ANY) else [apps[call.context]]
    entries = [_file_entry(app.id, path) for app in wanted for path in sorted((app.folder / "lookups").glob("*.csv*"))]
    return call.page("lookup-table-files", entries)


def _file_entry(app: str, path: Path) -> Entry:
    content = {"eai:data": str(path), "disabled": False}
    return Entry(path.name, f"data/lookup-table-files/{quote(path.name, safe='')}", content, app, writable=False)


@endpoint("GET", "datamodel/model", takes=LISTING)
def models(call: Call) -> Feed:
    """Data models."""
    knowledge = call.head.apps.knowledge
    return call.page("datamodel", [_model(call, name) for name in sorted(knowledge.datamodels(call.context))])


@endpoint("GET", "datamodel/model/{name}")
def model(call: Call) -> Feed:
    """One data model; ``description`` is its JSON."""
    if call.names["name"] not in call.head.apps.knowledge.datamodels(call.context):
        raise missing("datamodel", call.names["name"])
    return Feed("datamodel", [_model(call, call.names["name"])])


def _model(call: Call, name: str) -> Entry:
    found = call.head.apps.knowledge.datamodel(call.context, name)
    content: dict[str, Any] = {
        "displayName": found.display_name,
        "disabled": False,
        "acceleration": '{"enabled":false}',
    }
    file = Path(found.place.file or "")
    try:
        text = json.dumps(json.loads(file.read_text(encoding="utf-8-sig")))
    except (OSError, ValueError) as error:
        raise KnowledgeError(f"the data model cannot be read: {error}", found.place) from error
    content |= {"description": text, "eai:data": text}
    return Entry(name, f"datamodel/model/{quote(name, safe='')}", content, found.app, writable=False)
