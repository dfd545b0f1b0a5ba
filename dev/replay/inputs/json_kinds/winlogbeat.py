"""Windows events as Winlogbeat writes them: ``winlog.channel``, ``winlog.event_data.*`` ("Winlogbeat fields",
Elastic documentation); up to version 6 the same without ``winlog`` around it.

They get the source that the same events have as XML, for the reason that ``nxlog`` gives.
"""

from __future__ import annotations

from typing import Any

from replay.inputs import times
from replay.inputs.base import Header, JsonKind
from replay.inputs.formats.windows_xml import source


def fits(value: dict[str, Any]) -> bool:
    """Whether an object is a Winlogbeat event."""
    return isinstance(value.get("winlog"), dict) or ("log_name" in value and "computer_name" in value)


def event(value: dict[str, Any], raw: str) -> tuple[str, Header]:
    """The event as it stands."""
    winlog = value.get("winlog")
    part = winlog if isinstance(winlog, dict) else value
    channel = part.get("channel") or part.get("log_name") or ""
    time = times.first(value.get("@timestamp"), part.get("time_created"), part.get("TimeCreated"))
    return raw, Header(time, str(part.get("computer_name") or ""), source(str(channel)), "winlogbeat:json")


KIND = JsonKind("Winlogbeat", fits, event)
