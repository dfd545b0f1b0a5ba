"""Saved searches, and how they are dispatched: by a client, or by the scheduler.

Source: REST API Reference Manual, "Search endpoint descriptions" (saved/searches/{name}/dispatch); Admin Manual,
savedsearches.conf.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from msgspec import Struct, field

from replay.knowledge import Stanza
from replay.serve.actions import run_actions
from replay.serve.arguments import terms_of_dispatch
from replay.serve.cron import CronError, period
from replay.serve.errors import Refused
from replay.serve.jobs import TTL, Job, Request
from replay.spl.macros import substitute

if TYPE_CHECKING:
    from replay.serve.head import Head

CONF = "savedsearches"
_TIMES = ("dispatch.earliest_time", "dispatch.latest_time")


class Dispatch(Struct, frozen=True):
    """How a saved search is dispatched.

    Attributes:
        user: whose search it is.
        now: epoch seconds that its time range is relative to.
        actions: whether its actions run on the results.
        scheduled: whether the scheduler dispatches it.
        given: ``dispatch.*``, which go before the settings of the search.
        arguments: name -> value, for ``$name$`` in its text.
    """

    user: str
    now: float
    actions: bool
    scheduled: bool = False
    given: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, str] = field(default_factory=dict)


def dispatch(head: Head, app: str, stanza: Stanza, how: Dispatch) -> Job:
    """Start a saved search.

    Args:
        head: the search head.
        app: that the search belongs to.
        stanza: its settings.
        how: see there.

    Raises:
        Refused: it is disabled, a time or ``dispatch.ttl`` is none, a setting asks for what this server does not do, or
            its search does not parse.
    """
    if stanza.disabled:
        raise Refused(400, f"The saved search '{stanza.name}' is disabled: enable it first")
    terms = terms_of_dispatch(stanza.values(), how.given)
    settings = {**stanza.values(), **how.given}
    earliest, latest = (head.time(key, settings.get(key, ""), how.now, terms.time_format) for key in _TIMES)
    text = stanza.text("search")
    if how.arguments:
        text = substitute(text, dict(how.arguments))
    text = text if text.lstrip().startswith(("|", "search ")) else f"search {text}"
    request = Request(
        text, app, how.user, earliest, latest, ttl=_ttl(settings.get("dispatch.ttl", ""), stanza, how.now),
        label=stanza.name, sid=_sid(app, stanza.name, how), params=how.given, now=how.now, terms=terms,
    )  # fmt: skip
    return head.jobs.start(request, run_actions(stanza, head.alerts) if how.actions else None)


def _ttl(text: str, stanza: Stanza, now: float) -> int:
    """Seconds; ``2p``, which is the default, means two periods of the schedule, if there is one."""
    found = re.fullmatch(r"([0-9]{1,9})(p?)", text or "2p")
    if found is None:
        raise Refused(400, f"Invalid value '{text[:50]}' for 'dispatch.ttl': seconds, or periods such as 2p")
    if not found[2]:
        return int(found[1])
    try:
        if stanza.text("cron_schedule"):
            return int(int(found[1]) * period(stanza.text("cron_schedule"), now))
    except CronError:
        pass  # the scheduler says so; who dispatches it by hand needs no schedule
    return TTL


def _sid(app: str, name: str, how: Dispatch) -> str:
    """Ids of dispatched searches as splunkd makes them: who, owner, app, a digest of the name, time."""
    digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:18]
    who = "scheduler" if how.scheduled else how.user
    when = f"{how.now:.0f}_{time.time_ns() // 1000}" if how.scheduled else f"{time.time_ns() // 1000}"
    return f"{who}__{how.user}__{quote(app, safe='')}__RMD5{digest}_at_{when}"
