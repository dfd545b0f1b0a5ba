"""Results that Splunk exported as JSON.

The export endpoint and the command line write one object a line with the result under ``result``
("search/v2/jobs/ export", REST API Reference); Splunk Web and the other endpoints write one document with the
results in an array, whose elements come here one by one. Previews show results before they are final and are
left out.
"""

from __future__ import annotations

from typing import Any

from replay.inputs import exports
from replay.inputs.base import Header, JsonKind


def fits(value: dict[str, Any]) -> bool:
    """Whether an object is an exported event, or the marker that ends an export."""
    result = value.get("result")
    if isinstance(result, dict):
        return "_raw" in result
    return "_raw" in value or (value.get("lastrow") is True and "result" not in value)


def event(value: dict[str, Any], raw: str) -> tuple[str, Header] | None:
    """The event that was exported; None for a preview or the marker."""
    result = value.get("result", value)
    if value.get("preview") is True or "_raw" not in result:
        return None
    return exports.event(result)


KIND = JsonKind("Splunk JSON export", fits, event)
