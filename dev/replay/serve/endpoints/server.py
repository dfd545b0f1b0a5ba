"""server/info, server/settings, messages (System endpoint descriptions, Introspection endpoint descriptions)."""

from __future__ import annotations

import os
import platform
import socket
from urllib.parse import quote

from replay.serve.calls import LISTING, Call, endpoint
from replay.serve.errors import missing
from replay.serve.feeds import BUILD, VERSION, Entry, Feed


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


def _messages(call: Call) -> list[Entry]:
    entries = []
    for n, (when, (kind, text)) in enumerate(call.head.bulletin):
        content = {"message": text, "severity": kind.lower(), "timeCreated_epochSecs": int(when),
                   "server": socket.gethostname()}  # fmt: skip
        entries.append(Entry(f"replay_{n}", f"messages/replay_{n}", content, updated=when))
    return entries


@endpoint("GET", "messages", takes=LISTING)
def messages(call: Call) -> Feed:
    """What happened that somebody should know, such as events that could not be read."""
    return call.page("messages", _messages(call))


@endpoint("POST", "messages", takes="name value severity", gives="201")
def add_message(call: Call) -> Feed:
    """Add one (``name``, ``value``, ``severity``)."""
    call.head.tell(call.text("severity", "info").upper(), call.text("value"))
    return Feed("messages", _messages(call)[-1:], status=201)


@endpoint("GET DELETE", "messages/{name}")
def message(call: Call) -> Feed:
    """One message; or delete it."""
    for n, entry in enumerate(_messages(call)):
        if quote(entry.name) == quote(call.names["name"]):
            if call.method == "DELETE":
                call.head.bulletin = [m for i, m in enumerate(call.head.bulletin) if i != n]
                return messages(call)
            return Feed("messages", [entry])
    raise missing("message", call.names["name"])
