"""apps/local (Application endpoint descriptions)."""

from __future__ import annotations

from urllib.parse import quote

from replay.knowledge import App
from replay.serve.calls import LISTING, Call, endpoint
from replay.serve.errors import Refused
from replay.serve.feeds import Entry, Feed


def _entry(call: Call, app: App) -> Entry:
    settings: dict[str, str] = {}
    for name in ("ui", "launcher", "install"):
        found = call.head.apps.stanza(app.id, "app", name)
        settings |= found.values() if found else {}
    content = {
        "label": settings.get("label", app.id), "version": app.version or "", "author": settings.get("author", ""),
        "description": settings.get("description", ""), "visible": settings.get("is_visible", "1") in ("1", "true"),
        "configured": True, "disabled": False, "check_for_updates": False, "core": False,
        "state_change_requires_restart": False, "show_in_nav": True,
    }  # fmt: skip
    return Entry(app.id, f"apps/local/{quote(app.id, safe='')}", content, "system")


@endpoint("GET", "apps/local", takes=LISTING)
def apps(call: Call) -> Feed:
    """The apps that are loaded."""
    return call.page("localapps", [_entry(call, app) for app in call.head.apps.knowledge.apps.values()])


@endpoint("GET", "apps/local/{name}")
def app(call: Call) -> Feed:
    """One app."""
    return Feed("localapps", [_entry(call, _find(call))])


def _find(call: Call) -> App:
    found = call.head.apps.knowledge.apps.get(call.names["name"])
    if found is None:
        raise Refused(404, f"Could not find object id={call.names['name'][:100]}")
    return found


@endpoint("POST", "apps/local", takes="name! label description version author filename update:boolean", gives="201")
def create(call: Call) -> Feed:
    """An empty app (``name``); packages are not installed: load them with --app."""
    if call.text("filename") or call.flag("update"):
        raise Refused(400, "Packages are not installed by this server: unpack the app and start it with --app")
    name = call.text("name")
    settings = {key: call.text(key) for key in ("label", "description", "version", "author") if call.has(key)}
    call.head.apps.create(name, settings)
    return Feed("localapps", [_entry(call, call.head.apps.knowledge.apps[name])], status=201)


@endpoint("POST", "apps/local/_reload", takes=LISTING)
@endpoint("GET", "apps/local/_reload", takes=LISTING)
def reload(call: Call) -> Feed:
    """Nothing is stale here: every change is seen by the next request."""
    return apps(call)
