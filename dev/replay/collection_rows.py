"""KV store collections as tables: what ``lookup``, ``inputlookup`` and ``outputlookup`` read and write.

Source: Search Reference, "inputlookup", "outputlookup"; Knowledge Manager Manual, "Configure KV Store lookups". Where a
server runs the search, the documents are those that its REST API serves; else they live as long as the session.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

from replay.context import Collections, Context
from replay.engine import Engine, Value
from replay.knowledge import Collection, Lookup
from replay.relation import Kind, Relation, assign_columns

KEY = "_key"
Document = dict[str, Any]


class SessionCollections:
    """The collections of a session without a server."""

    def __init__(self) -> None:
        self.written: dict[tuple[str, str], dict[str, Document]] = {}

    def all(self, app: str, collection: str) -> list[Document]:
        """Every document of a collection, by key."""
        return [document for _, document in sorted(self.written.get((app, collection), {}).items())]

    def put(self, app: str, collection: str, documents: Iterable[Document], *, alone: bool = False) -> None:
        """Insert or replace documents; with ``alone``, the others go."""
        there = {} if alone else self.written.get((app, collection), {})
        self.written[app, collection] = there | {one[KEY]: one for one in documents}


_process, _made = os.urandom(5).hex(), count(int.from_bytes(os.urandom(2)))
_sessions: WeakKeyDictionary[Engine, SessionCollections] = WeakKeyDictionary()


@contextmanager
def documents_dropped(engine: Engine) -> Iterator[None]:
    """What searches write within into collections of the session is gone afterwards."""
    session = _sessions.setdefault(engine.root, SessionCollections())
    before = {collection: dict(documents) for collection, documents in session.written.items()}
    try:
        yield
    finally:
        session.written = before


def new_key() -> str:
    """A key that no document has, later than those made before: seconds, process, counter, as Splunk's keys are."""
    return f"{int(time.time()):08x}{_process}{next(_made):06x}"


def collection_rows(lookup: Lookup, ctx: Context) -> Relation:
    """The documents of a collection as rows, by key: the fields that the definition lists, else all that there are.

    A field of a document that holds another is named with a dot; an array is a multivalue.

    Raises:
        KnowledgeError: the collection is not defined.
    """
    collection = _collection(lookup, ctx)
    store = _store(ctx)
    if isinstance(store, SessionCollections) and (collection.app, collection.name) not in store.written:
        ctx.warn(
            f"lookup `{lookup.name}` is the KV store collection `{collection.name}`, which is empty here: "
            "only `outputlookup`, or a client of `replay serve`, fills it"
        )
    documents = store.all(collection.app, collection.name)
    listed = lookup.fields_list or [name for one in documents for name in one if name != "_user"]
    names = list(dict.fromkeys((KEY, *listed)))
    rows = [{name: _value(_reach(one, name)) for name in names} for one in documents]
    kinds = {name: Kind.MV if any(isinstance(row[name], list) for row in rows) else Kind.STR for name in names}
    for row in rows:
        row.update({n: [v] for n, v in row.items() if kinds[n] is Kind.MV and isinstance(v, str)})
    rel = ctx.engine.load_rows(rows, assign_columns(kinds))
    _warn_of_case(lookup, documents, ctx)
    return rel


def write_collection(lookup: Lookup, rel: Relation, ctx: Context, *, add: bool, update: bool, key: str | None) -> None:
    """Write rows into a collection; each becomes a document.

    Args:
        lookup: its definition; a field that ``fields_list`` does not name is not written.
        rel: the rows.
        ctx: the search.
        add: keep the documents that there are; else these are all.
        update: whether a row replaces the document of its key; else that one stays, and it is said.
        key: the field that holds a document's key; ``_key`` if None. A row without one gets a new key.

    Raises:
        KnowledgeError: a value is not of the type that the collection enforces.
    """
    collection, store = _collection(lookup, ctx), _store(ctx)
    there = {} if update else {one[KEY]: one for one in store.all(collection.app, collection.name)}
    wanted = [name for name in rel.columns if not name.startswith("_")]
    if lookup.fields_list:
        wanted = [name for name in wanted if name in lookup.fields_list]
    documents = []
    for row in ctx.engine.rows(rel):
        own = row.get(key or KEY)
        own = own[0] if isinstance(own, list) else own
        document, dropped = collection.typed({name: _held(row[name]) for name in wanted if name in row})
        for name in dropped:
            ctx.warn(f"collection `{collection.name}`: a value that is no {collection.types[name]} is not in `{name}`")
        documents.append({**document, "_user": "nobody", KEY: new_key() if own is None else _text(own)})
    kept = [one for one in documents if one[KEY] not in there]
    if len(kept) < len(documents):
        ctx.warn(f"collection `{collection.name}`: allow_updates=f leaves {len(documents) - len(kept)} as they are")
    store.put(collection.app, collection.name, kept, alone=not add)


def _collection(lookup: Lookup, ctx: Context) -> Collection:
    return ctx.knowledge.collection(lookup.app, lookup.collection or "", lookup.place)


def _store(ctx: Context) -> Collections:
    if ctx.dispatch.collections is not None:
        return ctx.dispatch.collections
    return _sessions.setdefault(ctx.engine.root, SessionCollections())


def _warn_of_case(lookup: Lookup, documents: Sequence[Mapping[str, Any]], ctx: Context) -> None:
    """transforms.conf.spec, case_sensitive_match: of a collection, only lower-case data matches without case."""
    if lookup.case_sensitive:
        return
    columns = [c for c, match in lookup.match_types.items() if match != "CIDR"]
    loud = [c for c in columns if any(t != t.lower() for d in documents for t in _texts(_value(_reach(d, c))))]
    if loud:
        ctx.warn(
            f"lookup `{lookup.name}`: case_sensitive_match = false finds only lower-case data in a KV store "
            f"collection, and {', '.join(f'`{c}`' for c in loud)} holds upper case: write it in lower case"
        )


def _texts(value: str | list[str] | None) -> list[str]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _reach(document: Any, path: str) -> Any:
    if isinstance(document, dict) and path in document:
        return document[path]
    for part in path.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return document


def _value(value: Any) -> str | list[str] | None:
    if isinstance(value, list):
        return [_text(one) for one in value if one is not None] or None
    return None if value is None else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return value if isinstance(value, str) else json.dumps(value)


def _held(value: Value) -> Any:
    """A number of the search is one in the document."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
