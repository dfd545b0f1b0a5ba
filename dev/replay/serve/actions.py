"""What Enterprise Security does with the results of a correlation search: risk events and findings.

Source: Enterprise Security, "Risk Analysis adaptive response action" (``action.risk.param.*``), "Notable event
adaptive response action" (``action.notable.param.*``); developer guide, "Risk Analysis" data model. Events are of
source type ``stash``, their source is the name of the search.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import uuid4

from replay.context import Context
from replay.engine import Value
from replay.errors import CommandFailed
from replay.inputs import Event
from replay.knowledge import Stanza
from replay.report import Row, text_of
from replay.serve.alerts import Alerts
from replay.serve.jobs import Job
from replay.stash import SOURCETYPE, stash_text

RISK_INDEX, NOTABLE_INDEX = "risk", "notable"
_RISK, _NOTABLE = "action.risk.param.", "action.notable.param."
CORRELATION_ACTION = "correlationsearch"
"""What looks like an action, and makes a saved search a correlation search."""
_KNOWN = (CORRELATION_ACTION, "risk", "notable")
_ANNOTATIONS = f"action.{CORRELATION_ACTION}.annotations"
_TOKEN = re.compile(r"\$(?:result\.)?([^$\s]+?)\$")
_OF_THE_EVENT = ("host", "source", "sourcetype", "index", "_time", "_raw")
_EMPTY = ("", "null")
ACTION = re.compile(r"action\.[^.]+")
"""The setting that enables an action."""


def run_actions(stanza: Stanza, alerts: Alerts) -> Callable[[Job, Context], None]:
    """The actions that a saved search has, to be called with its job when the results are there.

    Args:
        stanza: of the saved search.
        alerts: which decide what results are acted upon.
    """

    def run(job: Job, ctx: Context) -> None:
        enabled = actions_of(stanza)
        if not enabled:
            return
        for name in enabled:
            if name not in _KNOWN:
                job.warn(f"the action `{name}` is not run on this server")
        with alerts.acting(stanza, job, ctx) as rows:
            if not rows:
                return
            actor = _Actor(stanza.values(), job, ctx)
            events = {RISK_INDEX: [*actor.risk_events(rows)] if "risk" in enabled else []}
            events[NOTABLE_INDEX] = [*actor.findings(rows)] if "notable" in enabled else []
            for index, found in events.items():  # all are there before one is written
                if found:
                    actor.write(iter(found), index)

    return run


def actions_of(stanza: Stanza) -> list[str]:
    """Names of the actions that are enabled: ``action.<name> = <boolean>``.

    Raises:
        KnowledgeError: a value is no boolean.
    """
    return [key.split(".")[1] for key in stanza.settings if ACTION.fullmatch(key) and stanza.flag(key)]


class _Actor:
    def __init__(self, settings: Mapping[str, str], job: Job, ctx: Context) -> None:
        self._settings = settings
        self._job = job
        self._ctx = ctx
        self._name = job.request.label

    def write(self, events: Iterator[Event], index: str) -> None:
        """Put the events into the index."""
        writer = self._ctx.dispatch.writer
        assert writer is not None
        writer.add(list(events), index, self._ctx.engine)

    def risk_events(self, rows: list[Row]) -> Iterator[Event]:
        """One event for each risk object of each result."""
        entries = _json_list(self._settings, f"{_RISK}_risk")
        message = self._settings.get(f"{_RISK}_risk_message") or self._label()
        common_score = self._settings.get(f"{_RISK}_risk_score", "")
        objects = [one for one in entries if "risk_object_field" in one]
        threats = [one for one in entries if "threat_object_field" in one]
        for row in rows:
            values, types = _threats(row, threats)
            found = False
            for one in objects:
                score = one.get("risk_score")
                for value in _values(row, str(one["risk_object_field"])):
                    found = True
                    yield self._event(row, {
                        "risk_object": value, "risk_object_type": str(one.get("risk_object_type", "other")),
                        "risk_score": common_score if score in (None, "") else str(score),
                        "risk_message": fill(message, row), "threat_object": values, "threat_object_type": types,
                        **self._annotations(),
                    })  # fmt: skip
            if not found:
                named = ", ".join(str(one["risk_object_field"]) for one in objects) or "none set"
                self._job.warn(f"a result has no risk object ({named}): no risk event for it")

    def findings(self, rows: list[Row]) -> Iterator[Event]:
        """One event for each result."""
        given = self._settings
        for row in rows:
            yield self._event(row, {
                "event_id": f"{uuid4()}@@{NOTABLE_INDEX}@@{uuid4().hex}",
                "rule_name": self._label(), "rule_title": fill(given.get(f"{_NOTABLE}rule_title", self._name), row),
                "rule_description": fill(given.get(f"{_NOTABLE}rule_description", ""), row),
                "security_domain": given.get(f"{_NOTABLE}security_domain", "threat"),
                "severity": given.get(f"{_NOTABLE}severity", "unknown"), "status": "1", "owner": "unassigned",
                **self._annotations(),
            })  # fmt: skip

    def _event(self, row: Row, fields: Mapping[str, Value]) -> Event:
        ctx = self._ctx
        own = {f"orig_{n.lstrip('_')}" if n in _OF_THE_EVENT else n: v for n, v in row.items() if n != "_raw"}
        about: dict[str, Value] = {
            "search_name": self._name, "search_now": ctx.now, "info_min_time": ctx.earliest or 0.0,
            "info_max_time": "+Infinity" if ctx.latest is None else ctx.latest, "info_search_time": ctx.now,
            "orig_sid": self._job.sid, "savedsearch_description": self._settings.get("description", ""),
        }  # fmt: skip
        text = stash_text(ctx.now, {**about, **own, **fields})
        return Event(text, ctx.now, "localhost", self._name, SOURCETYPE)

    def _label(self) -> str:
        return self._settings.get(f"action.{CORRELATION_ACTION}.label") or self._name

    def _annotations(self) -> dict[str, Value]:
        text = self._settings.get(_ANNOTATIONS, "")
        frameworks = _json(self._settings, _ANNOTATIONS) if text.strip() else {}
        if not isinstance(frameworks, dict):
            raise CommandFailed(f"{_ANNOTATIONS} of `{self._name}` is no JSON object")
        lists = {k: [str(one) for one in (v if isinstance(v, list) else [v])] for k, v in frameworks.items()}
        found: dict[str, Value] = {f"annotations.{k}": v for k, v in lists.items()}
        if lists:
            found["annotations"] = text
            found["annotations._all"] = [one for values in lists.values() for one in values]
            found["annotations._frameworks"] = list(lists)
            found["analyticstories"] = lists.get("analytic_story", [])
        return found


def fill(template: str, row: Row) -> str:
    """A text with its ``$field$`` tokens replaced; a field without value gives nothing."""
    return _TOKEN.sub(lambda token: ", ".join(_texts(row.get(token[1]))), template)


def _texts(value: Value) -> list[str]:
    return value if isinstance(value, list) else [text_of(value)]


def _values(row: Row, field: str) -> list[str]:
    return [value for value in _texts(row.get(field)) if value not in _EMPTY]


def _threats(row: Row, entries: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    pairs = [
        (value, str(one.get("threat_object_type", "other")))
        for one in entries
        for value in _values(row, str(one["threat_object_field"]))
    ]
    return [value for value, _ in pairs], [kind for _, kind in pairs]


def _json(settings: Mapping[str, str], key: str) -> Any:
    try:
        return json.loads(settings.get(key) or "[]")
    except (ValueError, RecursionError) as error:
        raise CommandFailed(f"{key} is not valid JSON: {error}") from error


def _json_list(settings: Mapping[str, str], key: str) -> list[dict[str, Any]]:
    found = _json(settings, key)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise CommandFailed(f"{key} is no JSON list of objects")
    return found
