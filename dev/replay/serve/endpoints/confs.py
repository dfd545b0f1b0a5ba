"""configs/conf-{file} and properties (Configuration endpoint descriptions)."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from replay.serve.apps import DEFAULT
from replay.serve.calls import ANY, LISTING, NEW, SETTINGS, Call, endpoint
from replay.serve.conf_entries import ConfKind, encoded, settings_of
from replay.serve.errors import Refused, missing
from replay.serve.feeds import Entry, Feed


@endpoint("GET POST", "configs/{file}", takes={"GET": LISTING, "POST": NEW}, gives={"POST": "201"})
def stanzas(call: Call) -> Feed:
    """The stanzas of a file, or a new one."""
    kind = _kind(call)
    if call.method == "POST":
        return kind.create(call, settings_of(call))
    if not call.head.apps.has_conf(kind.conf):
        raise missing("conf", kind.conf)
    return call.page(kind.path, kind.all(call))


@endpoint("GET POST DELETE", "configs/{file}/{stanza}", takes={"POST": SETTINGS})
def stanza(call: Call) -> Feed:
    """One stanza: read, change settings, remove."""
    kind, name = _kind(call), call.names["stanza"]
    if call.method == "DELETE":
        return kind.remove(call, name)
    if call.method == "POST":
        return kind.update(call, name, settings_of(call))
    return Feed(kind.path, [kind.get(call, name)])


@endpoint("POST", "configs/{file}/{stanza}/{action}")
def switch(call: Call) -> Feed:
    """``enable`` or ``disable``."""
    return _kind(call).switch(call, call.names["stanza"], call.names["action"])


def _kind(call: Call) -> ConfKind:
    file = call.names["file"]
    if not file.startswith("conf-"):
        raise Refused(404, "Not Found")
    return ConfKind(file.removeprefix("conf-"), f"configs/{encoded(file)}")


# --- properties -------------------------------------------------------------------------------------------------------


def _app(call: Call) -> str:
    return call.head.apps.home if call.app in (None, ANY) else call.context


def _names(title: str, path: str, names: list[str]) -> Feed:
    entries = [Entry(name, f"{path}/{quote(name, safe='')}", {}) for name in names]
    return Feed(title, entries, per_page=len(entries))


@endpoint("GET", "properties")
def files(call: Call) -> Feed:
    """Names of the .conf files."""
    return _names("properties", "properties", call.head.apps.confs())


@endpoint("POST", "properties", takes="__conf!", gives="201", media="xml")
def create_file(call: Call) -> Response:
    """A new .conf file (``__conf``), empty."""
    call.head.apps.write(_app(call), call.text("__conf"), DEFAULT, {})
    return _done(201)


@endpoint("GET", "properties/{file}")
def file_stanzas(call: Call) -> Feed:
    """Names of the stanzas of a file."""
    file, apps = call.names["file"], call.head.apps
    if not apps.has_conf(file):
        raise missing("conf", file)
    return _names(file, f"properties/{encoded(file)}", [name for name, _ in apps.names(_app(call), file)])


@endpoint("POST", "properties/{file}", takes="__stanza!", gives="201", media="xml")
def create_stanza(call: Call) -> Response:
    """A new stanza (``__stanza``)."""
    call.head.apps.write(_app(call), call.names["file"], call.text("__stanza"), {})
    return _done(201)


@endpoint("GET", "properties/{file}/{stanza}")
def settings(call: Call) -> Feed:
    """The settings of a stanza; the content of each entry is the value."""
    file, name = call.names["file"], call.names["stanza"]
    found = call.head.apps.stanza(_app(call), file, name)
    if found is None:
        raise missing(file, name)
    path = f"properties/{encoded(file)}/{encoded(name)}"
    entries = [Entry(k, f"{path}/{quote(k, safe='')}", {"$text": v}) for k, v in found.values().items()]
    return Feed(name, entries, per_page=len(entries))


@endpoint("POST", "properties/{file}/{stanza}", takes=SETTINGS, media="xml")
def change_settings(call: Call) -> Response:
    """Set keys of a stanza."""
    call.head.apps.write(_app(call), call.names["file"], call.names["stanza"], settings_of(call))
    return _done()


@endpoint("GET", "properties/{file}/{stanza}/{key}", media="text")
def setting(call: Call) -> Response:
    """The bare value of a setting."""
    file, name, key = call.names["file"], call.names["stanza"], call.names["key"]
    found = call.head.apps.stanza(_app(call), file, name)
    if found is None or key not in found.settings:
        raise missing(f"{file}/{name}", key)
    return Response(found.text(key), media_type="text/plain")


@endpoint("POST", "properties/{file}/{stanza}/{key}", takes="value!", media="xml")
def change_setting(call: Call) -> Response:
    """Set one key (``value``)."""
    names = call.names
    call.head.apps.write(_app(call), names["file"], names["stanza"], {names["key"]: call.text("value")})
    return _done()


def _done(status: int = 200) -> Response:
    return Response('<?xml version="1.0" encoding="UTF-8"?>\n<response/>\n', status, media_type="text/xml")
