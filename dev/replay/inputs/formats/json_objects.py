"""JSON, one event an object, whatever wrote it: the ``json_kinds`` know the writers.

With a source type given by the user that is none of these writers' own, an object is an event of that source
type. Its time is then the first of the usual time fields, its host the first of the usual host fields, and
its source the name of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from replay.inputs import json_objects, registry, times
from replay.inputs.base import Confidence, Event, Format, Header, JsonKind, Log

_BEGIN = re.compile(rb'\s*(?:\[\s*)?(?:\{\s*["}]|\[\s*\])')
_TIMES = (
    "_time", "@timestamp", "timestamp", "time", "eventTime", "event_time", "EventTime", "TimeCreated",
    "createdDateTime", "creationTime", "CreationTime", "published", "datetime", "date", "ts",
)  # fmt: skip
_HOSTS = ("host", "hostname", "Hostname", "computer_name", "ComputerName", "Computer")


def read(log: Log) -> Iterator[Event]:
    """The events of a log of JSON objects."""
    kinds = list(registry.json_kinds())
    for raw, value, byte in json_objects.split(log):
        kind = next((kind for kind in kinds if kind.fits(value)), None)
        if kind is None and log.sourcetype is None:
            log.report(_unknown(value, kinds), byte)
            continue
        if kind is None:
            yield log.event(raw, _usual_header(value, log), byte)
            continue
        if kind is not kinds[0]:  # the next object is most likely of the same kind
            kinds.remove(kind)
            kinds.insert(0, kind)
        yield from _events(kind, raw, value, byte, log)


def _unknown(value: dict[str, Any], kinds: list[JsonKind]) -> str:
    known = ", ".join(sorted(kind.name for kind in kinds))
    keys = ", ".join(list(value)[:8])
    return f"a JSON object of no known writer ({known}), left out; --sourcetype says what it is; keys: {keys}"


def _events(kind: JsonKind, raw: str, value: dict[str, Any], byte: int, log: Log) -> Iterator[Event]:
    found = kind.event(value, raw)
    if found is not None:
        text, header = found
        yield log.event(text, header, byte)


def _usual_header(value: dict[str, Any], log: Log) -> Header:
    host = next((value[key] for key in _HOSTS if isinstance(value.get(key), str)), "")
    return Header(times.first(*(value.get(key) for key in _TIMES)), host, log.name, "")


def sniff(head: bytes) -> Confidence:
    """Certain where the file begins with an object that has a key, or with an array of such."""
    return Confidence.CERTAIN if _BEGIN.match(head) else Confidence.NO


FORMAT = Format("JSON", (), sniff, read)
