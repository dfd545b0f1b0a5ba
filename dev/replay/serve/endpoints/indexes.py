"""data/indexes (Introspection endpoint descriptions)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from replay.relation import quote as literal
from replay.serve.apps import SYSTEM
from replay.serve.calls import LISTING, NEW, SETTINGS, Call, endpoint
from replay.serve.errors import Refused, missing
from replay.serve.feeds import Entry, Feed

_NAME = re.compile(r"[a-z0-9_][a-z0-9_-]{0,79}")


@endpoint("GET", "data/indexes", takes=LISTING)
def indexes(call: Call) -> Feed:
    """All indexes and how many events they hold."""
    return call.page("indexes", _entries(call))


def _entries(call: Call) -> list[Entry]:
    engine = call.head.engine.branch()
    try:
        numbers = "count(*), min(_time), max(_time), sum(length(_raw))"
        sql = f'SELECT "index", {numbers} FROM {call.head.index.table} GROUP BY 1'
        held = {name: row for name, *row in engine.execute(sql)}
    finally:
        engine.close()
    return [_entry(name, held.get(name, [0, None, None, 0])) for name in sorted({*call.head.indexes(), *held})]


def _entry(name: str, numbers: list[Any]) -> Entry:
    count, first, last, size = numbers
    content = {
        "totalEventCount": count, "currentDBSizeMB": round((size or 0) / 1e6), "minTime": first or "",
        "maxTime": last or "", "disabled": False, "datatype": "event", "isInternal": name.startswith("_"),
        "maxTotalDataSizeMB": 500_000, "homePath": f"$SPLUNK_DB/{name}/db", "coldPath": f"$SPLUNK_DB/{name}/colddb",
        "thawedPath": f"$SPLUNK_DB/{name}/thaweddb", "frozenTimePeriodInSecs": 188_697_600, "sync": False,
        "defaultDatabase": "main",
    }  # fmt: skip
    return Entry(name, f"data/indexes/{quote(name, safe='')}", content, SYSTEM, "nobody", ("disable",))


@endpoint("POST", "data/indexes", takes=f"{NEW} datatype=event", gives="201")
def create(call: Call) -> Feed:
    """A new index (``name``)."""
    name = call.text("name")
    if not _NAME.fullmatch(name):
        raise Refused(400, f"'{name[:100]}' cannot be the name of an index: use lower-case letters, digits, _ and -")
    if call.text("datatype", "event") != "event":
        raise Refused(400, f"This server has indexes of events only, none of datatype {call.text('datatype')[:50]}")
    if name in call.head.indexes():
        raise Refused(409, f"Index name={name} already exists")
    call.head.apps.write(SYSTEM, "indexes", name, {"homePath": f"$SPLUNK_DB/{name}/db"})
    return Feed("indexes", [one for one in _entries(call) if one.name == name], status=201)


@endpoint("GET POST", "data/indexes/{name}", takes={"POST": SETTINGS})
def index(call: Call) -> Feed:
    """One index; what can be set has no effect here and is only kept."""
    name = call.names["name"]
    found = [one for one in _entries(call) if one.name == name]
    if not found:
        raise missing("index", name)
    settings = {key: value for key, value in call.params if key not in ("output_mode", "name")}
    if call.method == "POST" and settings:
        call.head.apps.write(SYSTEM, "indexes", name, settings)
    return Feed("indexes", found)


@endpoint("DELETE", "data/indexes/{name}")
def remove(call: Call) -> Feed:
    """Remove an index with all its events."""
    name = call.names["name"]
    if name not in call.head.indexes():
        raise missing("index", name)
    call.head.apps.remove(SYSTEM, "indexes", name)
    engine = call.head.engine.branch()
    try:
        engine.execute(f'DELETE FROM {call.head.index.table} WHERE "index" = {literal(name)}')
    finally:
        engine.close()
    return indexes(call)
