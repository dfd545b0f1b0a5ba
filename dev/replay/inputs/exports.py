"""What all Splunk exports have in common: a result is a row of fields, and ``_raw`` is the event."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from replay.inputs import registry, times
from replay.inputs.base import Header
from replay.inputs.formats import windows_xml

_DECODER = json.JSONDecoder(strict=False)


def event(row: Mapping[str, Any]) -> tuple[str, Header]:
    """The event of an exported result.

    Args:
        row: a result with ``_raw``. Of ``_time``, ``host``, ``source`` and ``sourcetype``, what was not
            exported is taken from ``_raw``, as far as its format is known.
    """
    raw = _text(row["_raw"]).encode(errors="replace").decode()  # JSON can hold half a character
    given = Header(times.parse(row.get("_time")), *(_text(row.get(name)) for name in ("host", "source", "sourcetype")))
    if given.time is not None and all(given[1:]):
        return raw, given
    known = _of_raw(raw)
    time = given.time if given.time is not None else known.time
    rest = (one or other for one, other in zip(given[1:], known[1:], strict=True))
    return raw, Header(time, *rest)


def _of_raw(raw: str) -> Header:
    if raw.startswith("<Event"):
        return windows_xml.header(raw)
    if raw.startswith("{"):
        try:
            value = _DECODER.decode(raw)
        except (ValueError, RecursionError):
            value = {}
        for kind in registry.json_kinds():
            if kind.fits(value) and (found := kind.event(value, raw)):
                return found[1]
    return Header(times.find(raw), "", "", "")


def _text(value: Any) -> str:
    """A field as text; of a multivalue field the first value."""
    if isinstance(value, list):
        value = value[0] if value else None
    return "" if value is None else str(value)
