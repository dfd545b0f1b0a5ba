"""Sensor events of CrowdStrike's Falcon Data Replicator (FDR), one a line.

Source type as the Splunk Add-on for CrowdStrike FDR sets it ("Source types for the Splunk Add-on for
CrowdStrike FDR"). ``timestamp`` is in milliseconds and says when the cloud received the event's batch;
``ContextTimeStamp`` is in seconds and stands in where it is missing.
"""

from __future__ import annotations

from typing import Any

from replay.inputs import times
from replay.inputs.base import Header, JsonKind

SOURCETYPE = "crowdstrike:events:sensor"


def fits(value: dict[str, Any]) -> bool:
    """Whether an object is a sensor event."""
    return "event_simpleName" in value


def event(value: dict[str, Any], raw: str) -> tuple[str, Header]:
    """The event as it stands."""
    time = times.first(value.get("timestamp"), value.get("ContextTimeStamp"))
    host = value.get("ComputerName") or value.get("aid") or ""
    return raw, Header(time, str(host), f"crowdstrike:{value['event_simpleName']}", SOURCETYPE)


KIND = JsonKind("CrowdStrike FDR", fits, event)
