"""What comes by HEC as events: batches of JSON objects, and raw text, which is cut as the command line cuts logs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from json import JSONDecodeError, JSONDecoder
from typing import IO, TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from replay.errors import Place
from replay.inputs import HEAD, Event, Problem, recognise
from replay.inputs.base import Log
from replay.inputs.stream import Stream, as_utf8

if TYPE_CHECKING:
    from replay.serve.head import Head

SOURCETYPE = "httpevent"
"""Of events for which nobody names one (Getting Data In, "Format events for HTTP Event Collector")."""
MOST_PROBLEMS = 5
"""Of one upload that are told; the others are counted."""
_META = ("time", "host", "source", "sourcetype", "index", "event", "fields")


class Defaults(Struct, frozen=True):
    """What a token and the query say of events that do not say it themselves.

    Attributes:
        sets_host, sets_source: the query names it, so it holds whatever the events say.
    """

    index: str
    host: str
    source: str
    sourcetype: str
    sets_host: bool = False
    sets_source: bool = False


class BadBatch(Exception):
    """A batch that is refused as a whole.

    Attributes:
        code, text: as documented.
        number: of the event, from 0.
    """

    def __init__(self, code: int, text: str, number: int) -> None:
        super().__init__(text)
        self.code, self.text, self.number = code, text, number


RawEvents = Callable[[Callable[[Problem], None]], Iterator[Event]]


def store(head: Head, batches: Iterable[tuple[str, RawEvents | list[Event]]]) -> str:
    """Put events into their indexes: all of them, or none if one cannot be stored.

    Returns:
        What is wrong with the data, or nothing if it is as it should be.

    Raises:
        BadBatch: there was data, and no event in it.
    """
    problems: list[Problem] = []
    total = 0
    engine = head.engine.branch()
    try:
        with engine.transaction():
            for index, events in batches:
                stream = events(problems.append) if callable(events) else events
                total += head.index.add(stream, index, engine)
    finally:
        engine.close()
    if not total:
        reason = str(problems[0].reason) if problems else "it holds no event"
        raise BadBatch(6, f"Invalid data format: {reason}", 0)
    shown = "; ".join(str(problem) for problem in problems[:MOST_PROBLEMS])
    more = len(problems) - MOST_PROBLEMS
    return f"{shown}; and {more} more" if more > 0 else shown


def raw_events(file: IO[bytes], defaults: Defaults) -> RawEvents:
    """The events of raw text, in whatever format it is."""

    def read(report: Callable[[Problem], None]) -> Iterator[Event]:
        name = defaults.source

        def damaged(reason: str, byte: int) -> None:
            report(Problem(Place(file=name, byte=byte), reason))

        stream = as_utf8(Stream(file.read, damaged), damaged)
        head = stream.peek(HEAD)
        sourcetype = defaults.sourcetype or None
        found = recognise(head, sourcetype)
        if found is None:
            sourcetype = SOURCETYPE
            found = recognise(head, sourcetype)
        assert found is not None, "a source type that belongs to no format makes each line an event"
        # An event without a time, before any that has one, gets the time of arrival.
        for event in found.read(Log(name, stream, report, sourcetype, time.time())):
            yield _with_metadata(event, defaults)

    return read


def _with_metadata(event: Event, defaults: Defaults) -> Event:
    """What the request says holds; what only the token says holds for events that do not say it."""
    return event._replace(
        host=defaults.host if defaults.sets_host or not event.host else event.host,
        source=defaults.source if defaults.sets_source or not event.source else event.source,
    )


def batch(text: str, defaults: Defaults) -> list[tuple[str, Event]]:
    """The events of a batch, each with its index: JSON objects one behind the other, or in an array.

    Raises:
        BadBatch: something in it is no event.
    """
    found = [_event(item, written, number, defaults) for number, (item, written) in enumerate(_objects(text))]
    if not found:
        raise BadBatch(5, "No data", 0)
    return found


def by_index(events: Iterable[tuple[str, Event]]) -> dict[str, list[Event]]:
    """Index -> its events, in their order."""
    found: dict[str, list[Event]] = {}
    for index, event in events:
        found.setdefault(index, []).append(event)
    return found


def _objects(text: str) -> Iterator[tuple[Any, str]]:
    """Each item of a batch: what it says, and how it is written."""
    decoder, at, number = JSONDecoder(), 0, 0
    while True:
        while at < len(text) and text[at] in " \t\r\n":
            at += 1
        if at == len(text):
            return
        try:
            item, end = decoder.raw_decode(text, at)
        except (JSONDecodeError, RecursionError, ValueError):
            raise BadBatch(6, "Invalid data format", number) from None
        written, at = text[at:end], end
        if isinstance(item, list):
            yield from zip(item, _as_written(written, list[msgspec.Raw], item), strict=True)
            number += len(item)
        else:
            yield item, written
            number += 1


def _as_written(written: str, kind: Any, values: Iterable[Any]) -> list[str]:
    """The text of each value of a JSON array or object: an event is kept as it was sent.

    Args:
        written: the array or object.
        kind: ``list[Raw]`` or ``dict[str, Raw]``.
        values: what it says, for what json takes and msgspec does not: NaN, half a surrogate pair.
    """
    try:
        found = msgspec.json.decode(written.encode(), type=kind)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return [json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in values]
    return [bytes(raw).decode() for raw in (found.values() if isinstance(found, dict) else found)]


def _event(item: Any, written: str, number: int, defaults: Defaults) -> tuple[str, Event]:
    if not isinstance(item, dict) or any(key not in _META for key in item):
        raise BadBatch(6, "Invalid data format", number)
    if "event" not in item:
        raise BadBatch(12, "Event field is required", number)
    body = item["event"]
    if body in ("", None):
        raise BadBatch(13, "Event field cannot be blank", number)
    if item.get("fields"):
        raise BadBatch(15, "Error in handling indexed fields: this server has no indexed fields", number)
    raw = body
    if not isinstance(body, str):
        raw = dict(zip(item, _as_written(written, dict[str, msgspec.Raw], item.values()), strict=True))["event"]
    when = _time(item.get("time"), number)
    sourcetype = _text(item, "sourcetype", defaults.sourcetype or SOURCETYPE, number)
    host, source = (_text(item, name, getattr(defaults, name), number) for name in ("host", "source"))
    return _text(item, "index", defaults.index, number), Event(raw, when, host, source, sourcetype)


def _text(item: dict[str, Any], name: str, default: str, number: int) -> str:
    value = item.get(name)
    if value is None or value == "":
        return default
    if not isinstance(value, str):
        raise BadBatch(6, "Invalid data format", number)
    return value


def _time(value: Any, number: int) -> float:
    """Epoch seconds as a number or as text; without it, the time of arrival."""
    if value is None:
        return time.time()
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise BadBatch(6, "Invalid data format", number) from None
    if isinstance(value, bool) or not abs(found) < 1e13:
        raise BadBatch(6, "Invalid data format", number)
    return found
