"""The OpenAPI description of the server, made from the declarations of its endpoints, so that the two cannot differ.

Source: OpenAPI Specification 3.1. Every path of the REST API is there below ``/services`` and below
``/servicesNS/{owner}/{app}``, and ``search/…`` also with its versions.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_type_hints

from replay.serve.calls import Endpoint, endpoints, versioned
from replay.serve.feeds import VERSION, Feed
from replay.serve.hec import PATHS as HEC_PATHS
from replay.serve.hec import PREFIX as HEC_PREFIX

_Json = dict[str, Any]
_MEDIA = {"json": "application/json", "xml": "text/xml", "csv": "text/csv", "text": "text/plain"}
_FORMS = {"form": "application/x-www-form-urlencoded", "json": "application/json", "text": "text/plain"}
_ARGUMENT = re.compile(r"(?P<name>[^!:=\s]+)(?P<required>!?)(?::(?P<type>\w+)|=(?P<choices>\S+))?")
_OUTPUT_MODES = ("xml", "json", "json_rows", "json_cols", "csv", "raw")
_SUCCESS = {"200": "Done.", "201": "Made.", "204": "Not yet."}
_ERRORS = {
    "400": "An argument is wrong.", "401": "Nobody who is known.", "403": "Not allowed.", "404": "There is none.",
    "408": "The request comes too slowly.", "409": "There is one already.", "413": "The request is too large.",
    "503": "Too much at once.",
}  # fmt: skip
_CHANGES_ONLY = ("403", "409")
_MESSAGE = {
    "type": "object", "required": ["type", "text"],
    "properties": {"type": {"type": "string"}, "text": {"type": "string"}},
}  # fmt: skip
_ENTRY = {
    "type": "object", "required": ["name", "id", "updated", "links", "author", "acl", "content"],
    "properties": {"name": {"type": "string"}, "content": {"type": "object"}, "links": {"type": "object"}},
}  # fmt: skip
_SCHEMAS: _Json = {
    "Messages": {
        "type": "object", "required": ["messages"],
        "properties": {"messages": {"type": "array", "items": _MESSAGE, "minItems": 1}},
    },
    "Feed": {
        "type": "object", "required": ["links", "origin", "updated", "generator", "entry", "paging", "messages"],
        "properties": {
            "entry": {"type": "array", "items": _ENTRY}, "messages": {"type": "array", "items": _MESSAGE},
            "paging": {"type": "object", "required": ["total", "perPage", "offset"]},
        },
    },
    "Hec": {
        "type": "object", "required": ["text", "code"],
        "properties": {"text": {"type": "string"}, "code": {"type": "integer"}, "ackId": {"type": "integer"}},
    },
    "Acks": {
        "type": "object", "required": ["acks"],
        "properties": {"acks": {"type": "object", "additionalProperties": {"type": "boolean"}}},
    },
}  # fmt: skip


def description(api: str = "", hec: str = "") -> _Json:
    """The description.

    Args:
        api, hec: ``https://host:port`` of the two ports, where they are known.
    """
    paths: _Json = {}
    for one in endpoints():
        for path in _paths(one):
            paths.setdefault(path, {})[one.method.lower()] = _operation(one, path)
    for path, method in HEC_PATHS.items():
        for version in ("", "/1.0"):
            named = f"{HEC_PREFIX}{path}{version}"
            paths[named] = {method.lower(): _hec_operation(path)} | ({"servers": [{"url": hec}]} if hec else {})
    return {
        "openapi": "3.1.0",
        "info": {"title": "replay serve: the REST API and the HTTP Event Collector of Splunk", "version": VERSION},
        **({"servers": [{"url": api}]} if api else {}),
        "security": [{"session": []}, {"basic": []}, {"bearer": []}],
        "paths": paths,
        "components": {"schemas": _SCHEMAS, "securitySchemes": {
            "session": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Splunk <key>`"},
            "basic": {"type": "http", "scheme": "basic"},
            "bearer": {"type": "http", "scheme": "bearer"},
            "hec": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`Splunk <token>`"},
        }},
    }  # fmt: skip


def _paths(one: Endpoint) -> Iterator[str]:
    for below in ("/".join(parts) for parts in versioned(one.parts)):
        yield f"/services/{below}"
        yield f"/servicesNS/{{owner}}/{{app}}/{below}"


def _operation(one: Endpoint, path: str) -> _Json:
    text = inspect.getdoc(one.handler) or ""
    found: _Json = {
        "summary": text.split("\n", 1)[0],
        "tags": [one.handler.__module__.rpartition(".")[2]],
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
            for name in re.findall(r"\{(\w+)\}", path)
        ],
        "responses": _responses(one),
    }
    arguments = [*_arguments(one.takes), ("output_mode", False, {"type": "string", "enum": _OUTPUT_MODES})]
    if one.method in ("GET", "DELETE") or one.sends != "form":
        found["parameters"] += [
            {"name": name, "in": "query", "required": required, "schema": schema}
            for name, required, schema in arguments
            if name != "*"
        ]
    if one.method in ("POST", "PUT"):
        found["requestBody"] = {"content": {_FORMS[one.sends]: {"schema": _body(one, arguments)}}, "required": True}
    return found | ({"security": []} if one.public else {})


def _arguments(text: str) -> Iterator[tuple[str, bool, _Json]]:
    """(name, whether it is required, schema) of what ``endpoint`` is told."""
    for word in text.split():
        found = _ARGUMENT.fullmatch(word)
        assert found is not None, word
        schema: _Json = {"type": found["type"] or "string"}
        if found["choices"]:
            schema["enum"] = found["choices"].split("|")
        yield found["name"], bool(found["required"]), schema


def _body(one: Endpoint, arguments: Iterable[tuple[str, bool, _Json]]) -> _Json:
    if one.sends == "text":
        return {"type": "string", "minLength": 1}
    if one.sends == "json":
        many = {"type": "array", "items": {"type": "object"}}
        return many if one.parts[-1].startswith("batch_") else {"type": "object"}
    listed = [argument for argument in arguments if argument[0] != "*"]
    return {
        "type": "object",
        "properties": {name: schema for name, _, schema in listed},
        "required": [name for name, required, _ in listed if required],
        "additionalProperties": {"type": "string"} if "*" in one.takes.split() else False,
    }


def _responses(one: Endpoint) -> Mapping[str, _Json]:
    feed = get_type_hints(one.handler)["return"] is Feed
    entries = {"schema": {"$ref": "#/components/schemas/Feed"}}
    media = {_MEDIA[name]: entries if feed and name == "json" else {} for name in one.media.split()}
    wrong = {"application/json": {"schema": {"$ref": "#/components/schemas/Messages"}}, "text/xml": {}}
    changes = one.method != "GET"
    return {
        status: {"description": _SUCCESS[status]} | ({} if status == "204" else {"content": media})
        for status in one.gives.split()
    } | {
        status: {"description": text, "content": wrong}
        for status, text in _ERRORS.items()
        if changes or status not in _CHANGES_ONLY
    }


def _hec_operation(path: str) -> _Json:
    answer = {"application/json": {"schema": {"$ref": f"#/components/schemas/{'Acks' if path == '/ack' else 'Hec'}"}}}
    wrong = {"application/json": {"schema": {"$ref": "#/components/schemas/Hec"}}}
    if path == "/health":
        return {
            "summary": "Whether the collector takes events.", "tags": ["collector"], "security": [],
            "responses": {"200": {"description": "It does.", "content": answer}},
        }  # fmt: skip
    names = ("channel", "index", "source", "sourcetype", "host")
    errors = {status: text for status, text in _ERRORS.items() if status not in _CHANGES_ONLY or status == "403"}
    return {
        "summary": {"/raw": "Events as they are.", "/ack": "What was acknowledged."}.get(path, "Events in JSON."),
        "tags": ["collector"], "security": [{"hec": []}],
        "parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names],
        "requestBody": {"required": True, "content": _hec_body(path)},
        "responses": {"200": {"description": "Taken.", "content": answer}}
        | {status: {"description": text, "content": wrong} for status, text in errors.items()},
    }  # fmt: skip


def _hec_body(path: str) -> _Json:
    if path == "/raw":
        return {"text/plain": {"schema": {"type": "string"}}}
    if path == "/ack":
        acks = {"type": "array", "items": {"type": "integer"}}
        return {"application/json": {"schema": {"type": "object", "required": ["acks"], "properties": {"acks": acks}}}}
    text = {"type": "string"}
    event: _Json = {
        "type": "object", "required": ["event"], "additionalProperties": False,
        "properties": {"event": {"anyOf": [{"type": "string", "minLength": 1}, {"type": "object"}]},
                       "time": {"type": "number"}, "host": text, "source": text, "sourcetype": text, "index": text},
    }  # fmt: skip
    return {"application/json": {"schema": event}}
