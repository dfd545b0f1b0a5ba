"""Windows events as flat JSON objects: what nxlog writes, and what the Mordor data sets hold.

Every field of the event is a key of the object, next to ``Channel``, ``EventID`` and ``Hostname``. Splunk has
no add-on that sets a source for them. They get the source that the same events have as XML, so that a search
which is written on ``source=XmlWinEventLog:Security`` finds them here, too; the source type says what they
really are.
"""

from __future__ import annotations

from typing import Any

from replay.inputs import times
from replay.inputs.base import Header, JsonKind
from replay.inputs.formats.windows_xml import source

_SYSMON = "Microsoft-Windows-Sysmon"


def fits(value: dict[str, Any]) -> bool:
    """Whether an object is a flat Windows event."""
    return "EventID" in value and ("Channel" in value or "Hostname" in value)


def event(value: dict[str, Any], raw: str) -> tuple[str, Header]:
    """The event as it stands. The time when it was collected comes first, as it is the most precise."""
    channel = value.get("Channel")
    if channel is None and value.get("SourceName") == _SYSMON:
        channel = f"{_SYSMON}/Operational"
    time = times.first(value.get("@timestamp"), value.get("TimeCreated"), value.get("EventTime"))
    return raw, Header(time, str(value.get("Hostname") or ""), source(str(channel or "")), "nxlog:json")


KIND = JsonKind("nxlog", fits, event)
