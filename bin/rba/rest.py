"""Finds a detection by splunkd's REST API: for a real search head.

Splunk REST API Reference, "Search endpoint descriptions", saved/searches and saved/searches/{name}; errors
come as ``{"messages": [{"type": ..., "text": ...}]}`` (the same, "Using the REST API reference").
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from urllib.parse import quote

from .errors import RbaError
from .found import Found, unknown

TYPE_CHECKING = False  # typing is slow to load
if TYPE_CHECKING:
    from typing import Any

# Path below the management port, already encoded, and query; gives the HTTP status and the body.
Fetch = Callable[[str, Mapping[str, str]], tuple[int, bytes]]

_WAYS_OUT = {
    401: "The session has ended: log in and run the search again.",
    403: "Ask an administrator for read permission on the saved search and its app.",
}


def find_by_rest(name: str, app: str, own: str, fetch: Fetch) -> Found:
    """The saved search ``name`` as the app ``app`` of the search sees it, or as the ``own`` app of the
    command does.

    A saved search that its app does not share is visible to neither; then the one app that has it is asked.

    Raises:
        RbaError: there is none, several apps have one, or splunkd refuses.
    """
    for context in dict.fromkeys([app, own]):
        settings = _settings(name, context, fetch) if context else None
        if settings is not None:
            return Found(settings)

    entries = _entries(fetch, "/servicesNS/-/-/saved/searches", {"count": "0", "f": "disabled"}) or []
    apps = sorted({_app(entry) for entry in entries if entry.get("name") == name})
    if not apps:
        raise unknown(name, [str(entry.get("name")) for entry in entries], "the apps of this search head")
    if len(apps) > 1:
        raise RbaError(
            f'Several apps have a saved search "{name}": {", ".join(apps)}. '
            "Run the search in the app whose one you mean."
        )
    settings = _settings(name, apps[0], fetch)
    if settings is None:
        raise unknown(name, [], f"the app {apps[0]}")
    return Found(settings)


def _settings(name: str, app: str, fetch: Fetch) -> dict[str, str] | None:
    path = f"/servicesNS/nobody/{quote(app, safe='')}/saved/searches/{quote(name, safe='')}"
    entries = _entries(fetch, path, {})
    if not entries:
        return None
    content: Mapping[str, Any] = entries[0].get("content", {})
    return {key: _text(value) for key, value in content.items()}


def _text(value: Any) -> str:
    """A value as .conf has it: splunkd turns the booleans and numbers that it knows into JSON's."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return "" if value is None else str(value)


def _app(entry: Mapping[str, Any]) -> str:
    return str(entry.get("acl", {}).get("app", ""))


def _entries(fetch: Fetch, path: str, query: Mapping[str, str]) -> list[dict[str, Any]] | None:
    """The entries of a reply; None where the path is not there."""
    status, body = fetch(path, {"output_mode": "json", **query})
    if status == 404:
        return None
    try:
        reply = json.loads(body)
    except ValueError as error:
        if status == 200:
            raise RbaError(f"splunkd answered {path} with something that is not JSON: {error}.") from error
        reply = {}
    if status != 200:
        said = "; ".join(str(message.get("text")) for message in reply.get("messages", []))
        way_out = _WAYS_OUT.get(status, "See splunkd.log of the search head.")
        raise RbaError(f"splunkd answered {path} with HTTP {status}{': ' + said if said else ''}. {way_out}")
    entries: list[dict[str, Any]] = reply.get("entry", [])
    return entries
