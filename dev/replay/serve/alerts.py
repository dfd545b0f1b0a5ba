"""When the results of a saved search are worth its actions: the alert condition, and throttling.

Source: Admin Manual, savedsearches.conf ("Notification options": ``counttype``, ``relation``, ``quantity``,
``alert_condition``; "alert suppression": ``alert.suppress``, ``.period``, ``.fields``, ``.group_name``,
``alert.digest_mode``); Alerting Manual, "Throttle alerts".

Without ``alert.suppress.fields``, an alert that fired keeps the search from firing again for the period. With them,
each result whose values in these fields were acted upon within the period is left out. With ``alert.digest_mode = 0``
each result is an alert of its own, so this holds among the results of one run, too; with ``1`` the results of a run
are one alert and are not compared with each other (Splunk's manuals leave that open).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from replay.context import Context
from replay.errors import KnowledgeError
from replay.knowledge import Stanza
from replay.report import Row, text_of
from replay.serve.jobs import Job, post_process
from replay.serve.kept import Kept, key_of
from replay.spl.timespec import parse_span

MOST_THROTTLED = 100_000
"""Values that are remembered; those that end first make room, which means an action too many, never one too few."""
_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)\s*(%?)")
_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "greater than": lambda n, limit: n > limit,
    "less than": lambda n, limit: n < limit,
    "equal to": lambda n, limit: n == limit,
    "not equal to": lambda n, limit: n != limit,
}
_CHANGED = {"rises by": 1, "drops by": -1}
_COUNTED = {"number of events": "", "number of hosts": "host", "number of sources": "source"}


class Alerts:
    """What was acted upon, by saved search.

    Args:
        file: where it is kept from one run to the next, if it is.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._kept = Kept(file)
        self._lock = Lock()
        found = self._kept.load({"counts": {}, "until": {}})
        self._counts: dict[str, float] = found["counts"]
        self._until: dict[str, dict[str, float]] = found["until"]

    @contextmanager
    def acting(self, stanza: Stanza, job: Job, ctx: Context) -> Iterator[list[Row]]:
        """While a saved search acts: the results that its actions are for; a message says why others are not.

        If the actions fail, nothing is throttled for it: the next run acts.

        Args:
            stanza: of the saved search.
            job: with the results.
            ctx: of the job; its ``now`` is the time of the alert.

        Raises:
            KnowledgeError: a setting is wrong.
        """
        group = group_of(stanza, job.request.app)
        with self._lock:
            before = dict(self._until.get(group, {}))
        try:
            yield self._to_act_upon(stanza, job, ctx)
        except BaseException:
            with self._lock:
                self._until[group] = before
                self._save()
            raise

    def _to_act_upon(self, stanza: Stanza, job: Job, ctx: Context) -> list[Row]:
        rows = list(job.page(0, 0))
        if not self._fires(stanza, rows, job, ctx):
            job.tell("INFO", f"the alert condition ({_sentence(stanza)}) is not met: no actions")
            return []
        if not stanza.flag("alert.suppress"):
            return rows
        if rows:
            _check_fields(stanza, job)
        left = self._not_throttled(stanza, rows, group_of(stanza, job.request.app), ctx.now)
        if len(left) < len(rows):
            job.tell("INFO", f"alert.suppress: {len(rows) - len(left)} of {len(rows)} results are throttled")
        return left

    # --- condition ----------------------------------------------------------------------------------------------------

    def _fires(self, stanza: Stanza, rows: Sequence[Row], job: Job, ctx: Context) -> bool:
        kind = _kind(stanza)
        if kind == "always":
            return True
        if kind == "custom":
            return self._custom(stanza, job, ctx)
        if kind not in _COUNTED:
            raise KnowledgeError(
                f"counttype `{kind}` is unknown (known: always, custom, {', '.join(_COUNTED)})",
                stanza.place_of("counttype"),
            )
        field = _COUNTED[kind]
        if field and rows and not any(row.get(field) for row in rows):
            job.warn(f"counttype is `{kind}`, but no result has the field `{field}`: their number is taken for 0")
        count = float(len({text_of(row[field]) for row in rows if row.get(field)}) if field else len(rows))
        key = key_of(job.request.app, stanza.name)
        with self._lock:
            before = self._counts.get(key)
            self._counts[key] = count
            self._save()
        return _holds(stanza, count, before)

    @staticmethod
    def _custom(stanza: Stanza, job: Job, ctx: Context) -> bool:
        condition = stanza.text("alert_condition").strip()
        if not condition:
            raise KnowledgeError("counttype is custom, but there is no alert_condition", stanza.place)
        return ctx.engine.count(post_process(job, condition, ctx)) > 0

    # --- throttling ---------------------------------------------------------------------------------------------------

    def _not_throttled(self, stanza: Stanza, rows: Sequence[Row], group: str, now: float) -> list[Row]:
        period = _period(stanza)
        fields = _suppress_fields(stanza)
        digest = stanza.flag("alert.digest_mode", True)
        if not digest and not fields:
            raise KnowledgeError("alert.digest_mode = 0 with alert.suppress needs alert.suppress.fields", stanza.place)
        with self._lock:
            known = {k: until for k, until in self._until.get(group, {}).items() if until > now}
            seen = dict(known) if digest else known
            left = []
            for row in rows:
                name = _digest([row.get(field) for field in fields])
                if name not in seen:
                    left.append(row)
                    known[name] = now + period
            self._until[group] = known
            self._make_room()
            self._save()
        return left

    def _make_room(self) -> None:
        excess = sum(len(one) for one in self._until.values()) - MOST_THROTTLED
        if excess > 0:
            first = sorted((until, group, name) for group, one in self._until.items() for name, until in one.items())
            for _, group, name in first[:excess]:
                del self._until[group][name]

    def throttled_until(self, group: str, now: float) -> float | None:
        """When the throttling of a search (see ``group_of``) is over; None if nothing is throttled now."""
        with self._lock:
            return max((until for until in self._until.get(group, {}).values() if until > now), default=None)

    def acknowledge(self, group: str) -> None:
        """Throttle no longer."""
        with self._lock:
            self._until.pop(group, None)
            self._save()

    def _save(self) -> None:
        self._kept.save({"counts": self._counts, "until": self._until})


def group_of(stanza: Stanza, app: str) -> str:
    """What searches that are throttled together have in common: ``alert.suppress.group_name``, else the search."""
    group = stanza.text("alert.suppress.group_name").strip()
    return f"group {group}" if group else key_of(app, stanza.name)


def _digest(values: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(values, default=str).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _period(stanza: Stanza) -> float:
    span = parse_span(stanza.text("alert.suppress.period"))
    if span is None or span.months:
        raise KnowledgeError(
            "alert.suppress needs alert.suppress.period, such as 60s, 30m, 24h or 7d",
            stanza.place_of("alert.suppress.period"),
        )
    return span.seconds


def _holds(stanza: Stanza, count: float, before: float | None) -> bool:
    relation, text = stanza.text("relation"), stanza.text("quantity").strip()
    quantity = _QUANTITY.fullmatch(text)
    if relation not in (*_COMPARED, *_CHANGED) or quantity is None:
        known = ", ".join((*_COMPARED, *_CHANGED))
        raise KnowledgeError(
            f"`{relation} {text}` is no alert condition: relation is one of {known}; quantity is a number",
            stanza.place_of("quantity" if relation in (*_COMPARED, *_CHANGED) else "relation"),
        )
    if relation in _COMPARED:
        if quantity[2]:
            raise KnowledgeError(
                f"a quantity in % goes with {' and '.join(_CHANGED)} only", stanza.place_of("quantity")
            )
        return _COMPARED[relation](count, float(quantity[1]))
    if before is None:
        return False
    change = (count - before) * _CHANGED[relation]
    return change > 0 and change >= (before * float(quantity[1]) / 100 if quantity[2] else float(quantity[1]))


def _sentence(stanza: Stanza) -> str:
    if _kind(stanza) == "custom":
        return stanza.text("alert_condition").strip()
    return " ".join(stanza.text(key) for key in ("counttype", "relation", "quantity"))


def _kind(stanza: Stanza) -> str:
    """What is counted; a condition of its own goes without counttype (savedsearches.conf, "alert_condition")."""
    kind = stanza.text("counttype")
    condition = bool(stanza.text("alert_condition").strip())
    if condition and kind not in ("", "custom"):
        raise KnowledgeError(
            f"alert_condition stands beside counttype `{kind}`: leave one of them out", stanza.place_of("counttype")
        )
    return kind or ("custom" if condition else "always")


def _suppress_fields(stanza: Stanza) -> list[str]:
    return [one.strip() for one in stanza.text("alert.suppress.fields").split(",") if one.strip()]


def _check_fields(stanza: Stanza, job: Job) -> None:
    """A field that no result has would make all results one, and throttle all but the first."""
    strange = [field for field in _suppress_fields(stanza) if field not in (*job.fields, "_time", "_raw")]
    if strange:
        raise KnowledgeError(
            f"alert.suppress.fields: no result has the field `{strange[0]}`", stanza.place_of("alert.suppress.fields")
        )
