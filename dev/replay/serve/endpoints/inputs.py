"""data/inputs/http: the tokens of the HTTP Event Collector (Input endpoint descriptions)."""

from __future__ import annotations

import re
import uuid

from replay.serve.calls import LISTING, Call, endpoint
from replay.serve.conf_entries import ConfKind, settings_of
from replay.serve.errors import Refused
from replay.serve.feeds import Entry, Feed

TOKENS = ConfKind("inputs", "data/inputs/http", "http://", home="splunk_httpinput")
_TOKEN = re.compile(r"[A-Za-z0-9\-]{8,64}")


@endpoint("GET", "data/inputs")
def kinds(call: Call) -> Feed:
    """The kinds of inputs that there are. By the link to create one, clients know a kind from a folder of kinds."""
    return Feed("inputs", [Entry("http", "data/inputs/http", {}, actions=("create",), writable=False)])


@endpoint("GET", "data/inputs/http", takes=LISTING)
def tokens(call: Call) -> Feed:
    """All tokens."""
    return call.page("http", TOKENS.all(call))


@endpoint("POST", "data/inputs/http", takes="name! token index indexes useACK:boolean disabled:boolean *", gives="201")
def create(call: Call) -> Feed:
    """A new token (``name``; its secret is ``token``, or made)."""
    return TOKENS.create(call, {"token": str(uuid.uuid4()), "index": "main", **_settings(call)})


def _settings(call: Call) -> dict[str, str]:
    settings = settings_of(call)
    if "token" in settings and not _TOKEN.fullmatch(settings["token"]):
        raise Refused(400, "A token has 8 to 64 letters, digits and hyphens")
    index, allowed = settings.get("index"), [one for one in settings.get("indexes", "").split(",") if one]
    if index and allowed and index not in allowed:
        raise Refused(400, f"Default index '{index[:100]}' is not among the allowed indexes")
    for flag in ("useACK", "disabled"):
        if flag in settings:
            settings[flag] = "1" if call.flag(flag) else "0"
    return settings


@endpoint(
    "GET POST DELETE",
    "data/inputs/http/{name}",
    takes={"POST": "token index indexes useACK:boolean disabled:boolean *"},
)
def token(call: Call) -> Feed:
    """One token, with its prefix ``http://`` or without."""
    name = call.names["name"]
    if name == "http":
        return _collector(call)
    if call.method == "DELETE":
        return TOKENS.remove(call, name)
    if call.method == "POST":
        return TOKENS.update(call, name, _settings(call))
    return Feed("http", [TOKENS.get(call, name)])


def _collector(call: Call) -> Feed:
    """The collector itself, which is always on."""
    if call.method != "GET" and call.flag("disabled"):
        raise Refused(400, "The collector of this server is always on")
    content = {"disabled": False, "port": "8088", "enableSSL": True, "useDeploymentServer": False}
    return Feed("http", [Entry("http", "data/inputs/http/http", content, "splunk_httpinput")])


@endpoint("POST", "data/inputs/http/{name}/{action}")
def switch(call: Call) -> Feed:
    """``enable`` or ``disable``."""
    return TOKENS.switch(call, call.names["name"], call.names["action"])
