"""saved/searches (Search endpoint descriptions)."""

from __future__ import annotations

import hashlib
import time
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from replay.knowledge import Stanza
from replay.serve.actions import run_actions
from replay.serve.calls import Call, endpoint
from replay.serve.conf_entries import ConfKind, content_of, settings_of
from replay.serve.endpoints.search import entry_of, sid_reply
from replay.serve.errors import Refused
from replay.serve.feeds import Entry, Feed
from replay.serve.jobs import TTL, Request
from replay.spl.macros import substitute

_DEFAULTS = {
    "alert.digest_mode": "1", "alert.suppress": "0", "alert.track": "0", "alert_comparator": "", "alert_condition": "",
    "alert_threshold": "", "alert_type": "always", "cron_schedule": "", "description": "",
    "dispatch.earliest_time": "", "dispatch.latest_time": "", "dispatch.ttl": "2p", "is_visible": True,
    "max_concurrent": "1", "next_scheduled_time": "", "realtime_schedule": True, "request.ui_dispatch_app": "",
    "search": "", "actions": "",
}  # fmt: skip
_ABOUT_DISPATCH = ("trigger_actions", "force_dispatch", "dispatch.now", "output_mode", "replay_speed")
_TIMES = ("dispatch.earliest_time", "dispatch.latest_time")


def _content(stanza: Stanza) -> dict[str, Any]:
    content = {**_DEFAULTS, **content_of(stanza)}
    enabled = [key.split(".")[1] for key, value in content.items()
               if key.count(".") == 1 and key.startswith("action.") and value == "1"]  # fmt: skip
    content["actions"] = content["actions"] or ",".join(enabled)
    content["is_scheduled"] = stanza.flag("enableSched")
    content["qualifiedSearch"] = f"search {stanza.text('search')}".replace("search |", "|", 1)
    return content


SEARCHES = ConfKind(
    "savedsearches", "saved/searches", "", ("enable", "disable", "dispatch", "history", "suppress"), _content
)


@endpoint("GET", "saved/searches")
def searches(call: Call) -> Feed:
    """The saved searches that the namespace sees."""
    return call.page("savedsearch", SEARCHES.all(call))


@endpoint("POST", "saved/searches")
def create(call: Call) -> Feed:
    """A new one (``name``, ``search``)."""
    if not call.text("search").strip():
        raise Refused(400, "The following required arguments are missing: search.")
    return SEARCHES.create(call, _settings(call))


def _settings(call: Call) -> dict[str, str]:
    """What is set; ``is_scheduled`` is called ``enableSched`` in the file."""
    settings = settings_of(call)
    if "is_scheduled" in settings:
        settings["enableSched"] = "1" if call.flag("is_scheduled") else "0"
        del settings["is_scheduled"]
    return settings


@endpoint("GET", "saved/searches/{name}")
def show(call: Call) -> Feed:
    """One saved search."""
    return Feed("savedsearch", [SEARCHES.get(call, call.names["name"])])


@endpoint("POST", "saved/searches/{name}")
def change(call: Call) -> Feed:
    """Change its settings."""
    return SEARCHES.update(call, call.names["name"], _settings(call))


@endpoint("DELETE", "saved/searches/{name}")
def remove(call: Call) -> Feed:
    """Remove it."""
    return SEARCHES.remove(call, call.names["name"])


@endpoint("GET", "saved/searches/{name}/history")
def history(call: Call) -> Feed:
    """The jobs of a saved search, newest first, each named by its id."""
    entry = SEARCHES.get(call, call.names["name"])
    found = []
    for job in call.head.jobs:
        if job.request.label == entry.name and job.request.app == entry.app:
            one = entry_of(job)
            found.append(Entry(job.sid, one.path, one.content, one.app, one.owner, updated=job.created))
    return call.page("history", found)


@endpoint("GET", "saved/searches/{name}/suppress")
def suppress(call: Call) -> Feed:
    """Whether its alerts are suppressed: never here, since ``alert.suppress`` is not applied."""
    entry = SEARCHES.get(call, call.names["name"])
    return Feed("suppress", [Entry(entry.name, f"{entry.path}/suppress", {"suppressed": False, "expiration": 0})])


@endpoint("POST", "saved/searches/{name}/dispatch")
def dispatch(call: Call) -> Response:
    """Run it now. With ``trigger_actions`` its actions run on the results.

    ``dispatch.*`` and ``args.*`` go before the settings of the search.
    """
    entry = SEARCHES.get(call, call.names["name"])
    given = {key: value for key, value in call.params if key not in _ABOUT_DISPATCH}
    strange = [key for key in given if not key.startswith(("dispatch.", "args."))]
    if strange:
        raise Refused(400, f'Argument "{strange[0][:50]}" is not supported by this handler.')
    now = call.head.time("dispatch.now", call.text("dispatch.now"), time.time()) or time.time()
    earliest, latest = (call.head.time(key, given.get(key) or str(entry.content[key]), now) for key in _TIMES)
    arguments = {key.removeprefix("args."): value for key, value in given.items() if key.startswith("args.")}
    text = substitute(entry.content["search"], arguments) if arguments else entry.content["search"]
    text = text if text.lstrip().startswith(("|", "search ")) else f"search {text}"
    request = Request(
        text, entry.app, call.user, earliest, latest,
        ttl=_ttl(given.get("dispatch.ttl") or entry.content["dispatch.ttl"]), label=entry.name,
        sid=_sid(call, entry), params=given,
    )  # fmt: skip
    settings = {key: str(value) for key, value in entry.content.items()}
    then = run_actions(settings) if call.flag("trigger_actions") else None
    return sid_reply(call, call.head.jobs.start(request, then).sid)


def _ttl(text: str) -> int:
    """Seconds; ``2p`` means two periods of the schedule, for which the default stands here."""
    return int(text) if text.isdigit() else TTL


def _sid(call: Call, entry: Entry) -> str:
    """Ids of dispatched searches as splunkd makes them: owner, app, a digest of the name, time."""
    digest = hashlib.md5(entry.name.encode(), usedforsecurity=False).hexdigest()[:18]
    return f"{call.user}__{call.user}__{quote(entry.app, safe='')}__RMD5{digest}_at_{time.time_ns() // 1000}"


@endpoint("POST", "saved/searches/{name}/{action}")
def switch(call: Call) -> Feed:
    """``enable`` or ``disable``."""
    return SEARCHES.switch(call, call.names["name"], call.names["action"])
