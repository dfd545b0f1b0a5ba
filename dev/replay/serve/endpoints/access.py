"""authorization/roles, authorization/capabilities, authentication/users (Access endpoint descriptions)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from replay.knowledge import Stanza
from replay.serve.apps import SYSTEM
from replay.serve.calls import LISTING, Call, endpoint
from replay.serve.endpoints.auth import capabilities
from replay.serve.errors import Refused, missing, unsupported
from replay.serve.feeds import Entry, Feed

_LISTS = {"imported_roles": "importRoles", "srchIndexesAllowed": "srchIndexesAllowed",
          "srchIndexesDefault": "srchIndexesDefault"}  # fmt: skip
_TEXTS = ("srchFilter", "srchTimeWin", "srchDiskQuota", "srchJobsQuota", "rtSrchJobsQuota", "defaultApp",
          "cumulativeSrchJobsQuota", "cumulativeRTSrchJobsQuota", "srchIndexesDisallowed")  # fmt: skip
_ROLE = " ".join((*_LISTS, *_TEXTS, "capabilities"))
_ABOUT_THE_CALL = ("name", "output_mode")


@endpoint("GET", "authorization/roles", takes=LISTING)
def roles(call: Call) -> Feed:
    """All roles."""
    return call.page("roles", [_role(call, name.removeprefix("role_")) for name in _stanzas(call)])


def _stanzas(call: Call) -> list[str]:
    return [name for name, _ in call.head.apps.names(SYSTEM, "authorize") if name.startswith("role_")]


def _role(call: Call, name: str) -> Entry:
    stanza = call.head.apps.stanza(SYSTEM, "authorize", f"role_{name}")
    if stanza is None:
        raise missing("role", name)
    return Entry(name, f"authorization/roles/{quote(name, safe='')}", _content(call, name, stanza))


def _content(call: Call, name: str, stanza: Stanza) -> dict[str, Any]:
    content: dict[str, Any] = {
        key: [one for one in stanza.text(conf).split(";") if one] for key, conf in _LISTS.items()
    }
    content["capabilities"] = sorted(key for key, value in stanza.values().items() if value == "enabled")
    for key in ("srchIndexesAllowed", "srchIndexesDefault"):
        content[f"imported_{key}"] = call.head.role_list(name, key)
    return content | {key: stanza.text(key) for key in _TEXTS}


@endpoint("GET", "authorization/roles/{name}")
def role(call: Call) -> Feed:
    """One role."""
    return Feed("roles", [_role(call, call.names["name"])])


@endpoint("POST", "authorization/roles", takes=f"name! {_ROLE}", gives="201")
def create(call: Call) -> Feed:
    """A new role (``name``)."""
    name = call.text("name")
    if not name or f"role_{name}" in _stanzas(call):
        raise Refused(409 if name else 400, f"Role '{name[:100]}' already exists" if name else "A role needs a name")
    call.head.apps.write(SYSTEM, "authorize", f"role_{name}", _settings(call))
    return Feed("roles", [_role(call, name)], status=201)


@endpoint("POST", "authorization/roles/{name}", takes=_ROLE)
def change(call: Call) -> Feed:
    """Change a role: lists are given as several values or with semicolons between."""
    _role(call, call.names["name"])
    call.head.apps.write(SYSTEM, "authorize", f"role_{call.names['name']}", _settings(call))
    return role(call)


@endpoint("DELETE", "authorization/roles/{name}")
def remove(call: Call) -> Feed:
    """Remove a role that was made here."""
    call.head.apps.remove(SYSTEM, "authorize", f"role_{call.names['name']}")
    return roles(call)


def _settings(call: Call) -> dict[str, str]:
    settings = {}
    for key in dict.fromkeys(key for key, _ in call.params):
        if key in _LISTS:
            settings[_LISTS[key]] = ";".join(one for one in call.all(key) if one)
        elif key in _TEXTS:
            settings[key] = call.text(key)
        elif key == "capabilities":
            settings |= dict.fromkeys(call.all(key), "enabled")
        elif key not in _ABOUT_THE_CALL:
            raise unsupported(key)
    return settings


@endpoint("GET", "authorization/capabilities")
def all_capabilities(call: Call) -> Feed:
    """Every capability."""
    content = {"capabilities": capabilities(call)}
    return Feed("capabilities", [Entry("capabilities", "authorization/capabilities", content, writable=False)])


@endpoint("GET", "authentication/users", takes=LISTING)
def users(call: Call) -> Feed:
    """The users; there is one, and its role is called as it is."""
    return call.page("users", [_user(call, name) for name in call.head.accounts.users])


@endpoint("GET", "authentication/users/{name}")
def user(call: Call) -> Feed:
    """One user."""
    if call.names["name"] not in call.head.accounts.users:
        raise missing("user", call.names["name"])
    return Feed("users", [_user(call, call.names["name"])])


def _user(call: Call, name: str) -> Entry:
    content = {"realname": "Administrator", "email": "", "roles": [name], "defaultApp": call.head.apps.home,
               "capabilities": capabilities(call), "type": "Splunk", "tz": ""}  # fmt: skip
    return Entry(name, f"authentication/users/{quote(name, safe='')}", content, writable=False)


@endpoint("POST", "authentication/users")
def create_user(call: Call) -> Feed:
    """Refuse: there is one user."""
    raise Refused(400, "This server has one user; tokens (authorization/tokens) are for others to come in with")
