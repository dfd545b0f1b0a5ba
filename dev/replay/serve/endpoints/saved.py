"""saved/searches (Search endpoint descriptions)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from itertools import islice, takewhile
from typing import Any, TypeVar

from msgspec.structs import replace
from starlette.responses import Response

from replay.errors import KnowledgeError, Place
from replay.knowledge import Stanza
from replay.knowledge.conf import boolean
from replay.serve import saved
from replay.serve.actions import ACTION, CORRELATION_ACTION, actions_of
from replay.serve.alerts import group_of
from replay.serve.calls import LISTING, Call, endpoint
from replay.serve.conf_entries import ConfKind, content_of, encoded, settings_of
from replay.serve.cron import CronError, check_schedule, shown_time, times_after
from replay.serve.endpoints.search import entry_of, sid_reply
from replay.serve.errors import Refused, unsupported
from replay.serve.feeds import Entry, Feed, Message
from replay.serve.saved import CONF, Dispatch

_DEFAULTS = {
    "alert.digest_mode": "1", "alert.suppress": "0", "alert.track": "0", "alert_condition": "", "cron_schedule": "",
    "description": "",
    "dispatch.earliest_time": "", "dispatch.latest_time": "", "dispatch.ttl": "2p", "is_visible": True,
    "max_concurrent": "1", "next_scheduled_time": "", "realtime_schedule": True, "request.ui_dispatch_app": "",
    "search": "", "actions": "",
}  # fmt: skip
_ABOUT_DISPATCH = ("trigger_actions", "force_dispatch", "dispatch.now", "output_mode")
_CALLED = {"is_scheduled": "enableSched", "alert_type": "counttype", "alert_comparator": "relation",
           "alert_threshold": "quantity"}  # fmt: skip
"""Argument of the REST API -> what it is called in the file."""
_BOOLEANS = ("is_scheduled", "enableSched", "disabled", "is_visible", "realtime_schedule", "run_on_startup",
             "alert.suppress", "alert.digest_mode", "restart_on_searchpeer_add")  # fmt: skip
_MOST_TIMES = 10_000
_Shown = TypeVar("_Shown")
_SET = "search is_scheduled:boolean cron_schedule actions alert_type alert_comparator alert_threshold *"
_NEW = f"name! {_SET.replace('search', 'search!', 1)}"
_DISPATCH = (
    "trigger_actions:boolean force_dispatch:boolean dispatch.now dispatch.earliest_time dispatch.latest_time "
    "dispatch.ttl"
)


def _shown(read: Callable[[], _Shown], wrong: _Shown) -> _Shown:
    """What a list shows of a setting. One that is malformed must not take the list down, nor its own repair: whoever
    runs the search is told."""
    try:
        return read()
    except KnowledgeError:
        return wrong


def _content(stanza: Stanza) -> dict[str, Any]:
    content = {**_DEFAULTS, **content_of(stanza)}
    none: list[str] = []
    actions = _shown(lambda: actions_of(stanza), none)
    content["actions"] = ",".join(name for name in actions if name != CORRELATION_ACTION)
    content |= {name: stanza.text(key) for name, key in _CALLED.items()}
    content["alert_type"] = content["alert_type"] or "always"
    content["is_scheduled"] = _shown(lambda: stanza.flag("enableSched"), False)
    content["qualifiedSearch"] = f"search {stanza.text('search')}".replace("search |", "|", 1)
    return content


SEARCHES = ConfKind(
    CONF, "saved/searches", "", ("enable", "disable", "dispatch", "history", "suppress", "scheduled_times"), _content
)


def _with_times(call: Call, feed: Feed) -> Feed:
    """The entries, each with its ``next_scheduled_time``."""
    return replace(feed, entries=[_with_time(call, entry) for entry in feed.entries])


def _with_time(call: Call, entry: Entry) -> Entry:
    scheduler = call.head.scheduler
    due = None if scheduler is None else scheduler.next_time(entry.app, entry.name)
    if due is None:
        return entry
    return replace(entry, content={**entry.content, "next_scheduled_time": shown_time(due)})


@endpoint("GET", "saved/searches", takes=LISTING)
def searches(call: Call) -> Feed:
    """The saved searches that the namespace sees."""
    return _with_times(call, call.page("savedsearch", SEARCHES.all(call)))


@endpoint("POST", "saved/searches", takes=_NEW, gives="201")
def create(call: Call) -> Feed:
    """A new one (``name``, ``search``)."""
    if not call.text("search").strip():
        raise Refused(400, "The following required arguments are missing: search.")
    return _with_times(call, SEARCHES.create(call, _settings(call, None)))


def _settings(call: Call, old: Stanza | None) -> dict[str, str]:
    """What is set, under the names of the file; ``actions`` lists those that are to be enabled.

    Raises:
        Refused: a boolean or a schedule is none, or a scheduled search has none.
    """
    given = settings_of(call)
    for key in given:
        if key in _BOOLEANS or ACTION.fullmatch(key) or (key == "alert.track" and call.text(key) != "auto"):
            call.flag(key)
    settings = {_CALLED.get(key, key): value for key, value in given.items() if key != "actions"}
    if "is_scheduled" in given:
        settings["enableSched"] = "1" if call.flag("is_scheduled") else "0"
    if "actions" in given:
        wanted = [one.strip() for one in given["actions"].split(",") if one.strip()]
        without = [one for one in actions_of(old) if one not in (*wanted, CORRELATION_ACTION)] if old else []
        settings |= {f"action.{one}": "1" for one in wanted} | {f"action.{one}": "0" for one in without}
    _check_schedule(settings, old)
    return settings


def _check_schedule(settings: Mapping[str, str], old: Stanza | None) -> None:
    """Whether a schedule that is set, or that is needed from now on, is one."""
    if "cron_schedule" not in settings and "enableSched" not in settings:
        return
    schedule = settings.get("cron_schedule", old.text("cron_schedule") if old else "")
    try:
        if "enableSched" in settings:
            scheduled = bool(settings["enableSched"]) and boolean(settings["enableSched"], Place())
        else:
            scheduled = old is not None and old.flag("enableSched")
        if settings.get("cron_schedule") or scheduled:
            check_schedule(schedule)
    except CronError as error:
        raise Refused(400, f"Invalid cron_schedule: {error.message}") from error


@endpoint("GET", "saved/searches/{name}")
def show(call: Call) -> Feed:
    """One saved search."""
    return _with_times(call, Feed("savedsearch", [SEARCHES.get(call, call.names["name"])]))


@endpoint("POST", "saved/searches/{name}", takes=_SET)
def change(call: Call) -> Feed:
    """Change its settings."""
    return _with_times(call, SEARCHES.update(call, call.names["name"], _settings(call, _found(call)[1])))


@endpoint("DELETE", "saved/searches/{name}", takes=LISTING)
def remove(call: Call) -> Feed:
    """Remove it."""
    return SEARCHES.remove(call, call.names["name"])


@endpoint("GET", "saved/searches/{name}/history", takes=LISTING)
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
    """Whether its alerts are throttled (``alert.suppress``), and for how many seconds more."""
    app, stanza = _found(call)
    now = time.time()
    until = call.head.alerts.throttled_until(group_of(stanza, app), now)
    content = {"suppressed": until is not None, "expiration": 0 if until is None else math.ceil(until - now)}
    return Feed("suppress", [Entry(stanza.name, f"saved/searches/{encoded(stanza.name)}/suppress", content, app)])


@endpoint("POST", "saved/searches/{name}/acknowledge")
def acknowledge(call: Call) -> Feed:
    """Throttle its alerts no longer."""
    app, stanza = _found(call)
    call.head.alerts.acknowledge(group_of(stanza, app))
    return show(call)


@endpoint("GET", "saved/searches/{name}/scheduled_times", takes="earliest_time! latest_time!")
def scheduled_times(call: Call) -> Feed:
    """When it is to run between ``earliest_time`` and ``latest_time``; a message says if these are not all times.

    None, and a message, if it is disabled or has no schedule.
    """
    app, stanza = _found(call)
    now = time.time()
    first, last = (call.head.time(key, call.text(key), now) for key in ("earliest_time", "latest_time"))
    if first is None or last is None:
        raise Refused(400, "The following required arguments are missing: earliest_time, latest_time.")
    times: list[int] = []
    messages: list[Message] = []
    if stanza.disabled or not stanza.flag("enableSched"):
        messages = [("INFO", f"'{stanza.name}' is {'disabled' if stanza.disabled else 'not scheduled'}: it never runs")]
    else:
        found = takewhile(lambda at: at <= last, times_after(stanza.text("cron_schedule"), first))
        times = [int(at) for at in islice(found, _MOST_TIMES + 1)]
    if len(times) > _MOST_TIMES:
        times = times[:_MOST_TIMES]
        messages = [("WARN", f"These are the first {_MOST_TIMES} times: ask for those after {shown_time(times[-1])}")]
    path = f"saved/searches/{encoded(stanza.name)}/scheduled_times"
    return Feed("scheduled_times", [Entry(stanza.name, path, {"scheduled_times": times}, app)], messages=messages)


@endpoint("POST", "saved/searches/{name}/dispatch", takes=_DISPATCH, gives="201")
def dispatch(call: Call) -> Response:
    """Run it now. With ``trigger_actions`` its actions run on the results.

    ``dispatch.*`` and ``args.*`` go before the settings of the search.
    """
    app, stanza = _found(call)
    given = {key: value for key, value in call.params if key not in _ABOUT_DISPATCH}
    strange = [key for key in given if not key.startswith(("dispatch.", "args."))]
    if strange:
        raise unsupported(strange[0])
    now = call.head.time("dispatch.now", call.text("dispatch.now"), time.time()) or time.time()
    arguments = {key.removeprefix("args."): value for key, value in given.items() if key.startswith("args.")}
    how = Dispatch(call.user, now, call.flag("trigger_actions"), given=given, arguments=arguments)
    anyway = call.flag("force_dispatch", True)
    job = saved.dispatch(call.head, app, stanza, how)
    if not anyway:
        job.warn("`force_dispatch` has no effect on this server: it was dispatched, whatever else of it runs")
    return sid_reply(call, job.sid)


def _found(call: Call) -> tuple[str, Stanza]:
    """(the app that owns it, its settings)."""
    entry = SEARCHES.get(call, call.names["name"])
    stanza = call.head.apps.stanza(entry.app, CONF, entry.name)
    assert stanza is not None
    return entry.app, stanza


@endpoint("POST", "saved/searches/{name}/{action}")
def switch(call: Call) -> Feed:
    """``enable`` or ``disable``."""
    return _with_times(call, SEARCHES.switch(call, call.names["name"], call.names["action"]))
