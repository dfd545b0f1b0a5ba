"""server/info, server/settings, messages (System endpoint descriptions, Introspection endpoint descriptions)."""

from __future__ import annotations

import os
import platform
import socket
from urllib.parse import quote

from replay.serve.calls import LISTING, Call, endpoint
from replay.serve.errors import Refused, missing
from replay.serve.feeds import BUILD, VERSION, Entry, Feed, Message

_SEVERITIES = ("info", "warn", "error")


@endpoint("GET", "server/info")
@endpoint("GET", "server/info/server-info")
def info(call: Call) -> Feed:
    """What this server is."""
    head = call.head
    host = socket.gethostname()
    content = {
        "version": VERSION, "build": BUILD, "serverName": host, "host": host, "guid": head.guid,
        "product_type": "enterprise", "instance_type": "download", "activeLicenseGroup": "Enterprise",
        "isFree": False, "isTrial": False, "licenseState": "OK", "mode": "normal", "cpu_arch": platform.machine(),
        "os_name": platform.system(), "os_version": platform.release(), "numberOfCores": os.cpu_count() or 1,
        "server_roles": ["indexer", "search_head", "kv_store"], "kvStoreStatus": "ready", "health_info": "green",
        "startup_time": int(head.started), "rtsearch_enabled": False, "eai:acl": None,
    }  # fmt: skip
    return Feed("server-info", [Entry("server-info", "server/info/server-info", content, writable=False)])


@endpoint("GET", "server/settings")
def settings(call: Call) -> Feed:
    """Ports and names."""
    port = call.origin.rpartition(":")[2]
    content = {"SPLUNK_HOME": str(call.head.folder), "mgmtHostPort": port, "serverName": socket.gethostname(),
               "sessionTimeout": "1h"}  # fmt: skip
    return Feed("server-settings", [Entry("settings", "server/settings/settings", content, writable=False)])


def _entry(name: str, when: float, message: Message) -> Entry:
    kind, text = message
    content = {"message": text, "severity": kind.lower(), "timeCreated_epochSecs": int(when),
               "server": socket.gethostname()}  # fmt: skip
    return Entry(name, f"messages/{quote(name, safe='')}", content, updated=when)


@endpoint("GET", "messages", takes=LISTING)
def messages(call: Call) -> Feed:
    """What happened that somebody should know, such as events that could not be read."""
    return call.page("messages", [_entry(name, *told) for name, told in call.head.bulletin().items()])


@endpoint("POST", "messages", takes="name value severity=info|warn|error", gives="201")
def add_message(call: Call) -> Feed:
    """Add one (``name``, ``value``, ``severity``); it takes the place of one of the same name."""
    severity = call.text("severity", "info")
    if severity not in _SEVERITIES:
        known = ", ".join(_SEVERITIES)
        raise Refused(400, f"Invalid value '{severity[:50]}' for argument 'severity': it must be one of {known}")
    name = call.head.tell(severity.upper(), call.text("value"), call.text("name").strip())
    return Feed("messages", [_entry(name, *told)] if (told := call.head.bulletin().get(name)) else [], status=201)


@endpoint("GET DELETE", "messages/{name}")
def message(call: Call) -> Feed:
    """One message; or delete it."""
    name = call.names["name"]
    told = call.head.bulletin().get(name)
    if told is None:
        raise missing("message", name)
    if call.method == "DELETE":
        call.head.take_back(name)
        return messages(call)
    return Feed("messages", [_entry(name, *told)])
