"""storage/collections/config and storage/collections/data (KV store endpoint descriptions)."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from starlette.responses import Response

from replay.collection_rows import new_key
from replay.errors import KnowledgeError
from replay.serve.calls import ANY, LISTING, NEW, SETTINGS, Call, endpoint
from replay.serve.conf_entries import ConfKind, settings_of
from replay.serve.documents import Document, meets, ordered, projected
from replay.serve.errors import Refused
from replay.serve.feeds import Feed

_ASKED: dict[str, Any] = {"query": {}, "sort": "", "skip": 0, "limit": 0, "fields": ""}
"""What an element of batch_find has, and what it is if it is not given."""
_KINDS = {dict: "an object", str: "text", int: "a number"}
_Read = TypeVar("_Read")
COLLECTIONS = ConfKind("collections", "storage/collections/config")
MOST_IN_BATCH = 1000
"""Documents of one batch_save (limits.conf, [kvstore], max_documents_per_batch_save)."""


@endpoint("GET POST", "storage/collections/config", takes={"GET": LISTING, "POST": NEW}, gives={"POST": "201"})
def collections(call: Call) -> Feed:
    """The collections; or a new one (``name``)."""
    if call.method == "POST":
        return COLLECTIONS.create(call, settings_of(call))
    return call.page("collections-conf", COLLECTIONS.all(call))


@endpoint("GET POST DELETE", "storage/collections/config/{name}", takes={"POST": SETTINGS})
def collection(call: Call) -> Feed:
    """One collection: its settings. Deleting it deletes its documents."""
    name = call.names["name"]
    if call.method == "DELETE":
        app = COLLECTIONS.get(call, name).app
        feed = COLLECTIONS.remove(call, name)
        call.head.documents.remove(app, name, None)
        return feed
    if call.method == "POST":
        return COLLECTIONS.update(call, name, settings_of(call))
    return Feed("collections-conf", [COLLECTIONS.get(call, name)])


def _where(call: Call) -> tuple[str, str]:
    """(app, collection).

    Raises:
        Refused: the namespace names no app, or there is no such collection.
    """
    if call.app in (None, ANY):
        raise Refused(400, "Must use user and app in the path: /servicesNS/<user>/<app>/storage/collections/data/…")
    return COLLECTIONS.get(call, call.names["collection"]).app, call.names["collection"]


def _json(answer: Any, status: int = 200) -> Response:
    return Response(json.dumps(answer), status, media_type="application/json; charset=UTF-8")


def _body(call: Call) -> Any:
    try:
        return json.loads(call.body, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError):
        raise Refused(400, "JSON in the request is invalid. ( JSON parse error )") from None


def _finite(text: str) -> float:
    """A number that JSON can hold again: no NaN, and none that is too large for one."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _document(value: Any, call: Call) -> Document:
    """What a client sends, as its collection holds it: typed as collections.conf says."""
    if not isinstance(value, dict):
        raise Refused(400, "A document is a JSON object")
    key = value.get("_key") or new_key()
    if not isinstance(key, str) or len(key) > 1024:
        raise Refused(400, "_key is text of at most 1024 characters")
    app, name = _where(call)
    try:
        typed, _ = call.head.apps.knowledge.collection(app, name).typed(value)
    except KnowledgeError as error:
        raise Refused(400, error.message) from error
    return {**typed, "_user": "nobody", "_key": key}


def _found(call: Call, query: Any = None) -> list[Document]:
    app, name = _where(call)
    text = call.text("query")
    if query is None:
        try:
            query = json.loads(text) if text else {}
        except (ValueError, RecursionError):
            raise Refused(400, "The query is no JSON") from None
    try:
        meets({}, query)  # so that a wrong query is told, whatever the collection holds
        return [one for one in call.head.documents.all(app, name) if meets(one, query)]
    except RecursionError:
        raise Refused(400, "The query is nested too deep") from None


@endpoint(
    "GET", "storage/collections/data/{collection}", takes="query sort skip:integer limit:integer fields", media="json"
)
def find(call: Call) -> Response:
    """The documents that ``query`` finds; ``sort``, ``skip``, ``limit`` and ``fields`` as documented."""
    return _json(_page(_found(call), call.text("sort"), call.number("skip", 0), call.number("limit", 0),
                       call.text("fields")))  # fmt: skip


def _page(found: list[Document], sort: str, skip: int, limit: int, fields: str) -> list[Document]:
    end = skip + limit if limit > 0 else len(found)
    return [projected(one, fields) for one in ordered(found, sort)[max(skip, 0) : end]]


@endpoint("POST", "storage/collections/data/{collection}", gives="201", media="json", sends="json")
def insert(call: Call) -> Response:
    """A new document."""
    app, name = _where(call)
    document = _document(_body(call), call)
    if call.head.documents.get(app, name, document["_key"]) is not None:
        raise Refused(409, "A document with the same key and user already exists.")
    call.head.documents.put(app, name, [document])
    return _json({"_key": document["_key"]}, 201)


@endpoint("DELETE", "storage/collections/data/{collection}", takes="query", media="json")
def delete(call: Call) -> Response:
    """Delete what ``query`` finds, or all."""
    app, name = _where(call)
    keys = [one["_key"] for one in _found(call)] if call.text("query") else None
    call.head.documents.remove(app, name, keys)
    return _json({})


@endpoint("POST", "storage/collections/data/{collection}/batch_save", media="json", sends="json")
def batch_save(call: Call) -> Response:
    """Insert or replace many: all of them, or none if one is wrong."""
    app, name = _where(call)
    body = _body(call)
    if not isinstance(body, list) or len(body) > MOST_IN_BATCH:
        raise Refused(400, f"batch_save takes a list of at most {MOST_IN_BATCH} documents")
    documents = [_numbered(number, partial(_document, one, call)) for number, one in enumerate(body, 1)]
    call.head.documents.put(app, name, documents)
    return _json([one["_key"] for one in documents])


def _numbered(number: int, read: Callable[[], _Read]) -> _Read:
    """What is read of one element of a batch; an error names its place, from 1."""
    try:
        return read()
    except Refused as error:
        raise Refused(error.status, f"Element {number} of the batch: {error.message}") from error


@endpoint("POST", "storage/collections/data/{collection}/batch_find", media="json", sends="json")
def batch_find(call: Call) -> Response:
    """The results of many queries: a list of ``query``, ``sort``, ``skip``, ``limit``, ``fields`` each."""
    body = _body(call)
    if not isinstance(body, list):
        raise Refused(400, "batch_find takes a list of objects")
    return _json([_numbered(number, partial(_answer, call, one)) for number, one in enumerate(body, 1)])


def _answer(call: Call, asked: Any) -> list[Document]:
    if not isinstance(asked, dict):
        raise Refused(400, "a query is a JSON object")
    strange = sorted(asked.keys() - _ASKED.keys())
    if strange:
        raise Refused(400, f"'{strange[0][:50]}' is unknown (known: {', '.join(_ASKED)})")
    given = {key: asked.get(key, none) for key, none in _ASKED.items()}
    for key, none in _ASKED.items():
        if not isinstance(given[key], type(none)) or isinstance(given[key], bool):
            raise Refused(400, f"Invalid value for '{key}': it must be {_KINDS[type(none)]}")
    return _page(_found(call, given["query"]), given["sort"], given["skip"], given["limit"], given["fields"])


def _replacement(call: Call, key: str) -> Any:
    body = _body(call)
    return {**body, "_key": key} if isinstance(body, dict) else body


@endpoint("GET POST PUT DELETE", "storage/collections/data/{collection}/{key}", media="json", sends="json")
def document(call: Call) -> Response:
    """One document: read, replace, delete."""
    app, name = _where(call)
    key = call.names["key"]
    found = call.head.documents.get(app, name, key)
    if found is None:
        raise Refused(404, "Could not find object.")
    if call.method == "GET":
        return _json(found)
    if call.method == "DELETE":
        call.head.documents.remove(app, name, [key])
        return _json({})
    call.head.documents.put(app, name, [_document(_replacement(call, key), call)])
    return _json({"_key": key})
