"""Windows events as XML: Sysmon, Security and any other channel, as Splunk indexes them with ``renderXml =
true``.

The rules of the format, all met in real files:

- An event starts with ``<Event ...>`` and ends with ``</Event>``, wherever the lines break: one event a line,
  many on a line, one over many lines.
- There may be no root element, or any root element.
- Between events there may be classic text events (a mixed export) or text that is no event, which is
  reported.
- Values are escaped, so a command line cannot hold a ``<``; attributes are in single or in double quotes.

Events are cut out by their tags and never parsed as XML here: nothing is expanded, and ``_raw`` is the text
as it stands. A document type or an entity declaration has no place in a log and is reported.

The host is ``System/Computer``, the time ``System/TimeCreated@SystemTime``; source type and source are those
of the Splunk Add-on for Microsoft Windows ("Source types for the Splunk Add-on for Windows"):
``XmlWinEventLog`` and ``XmlWinEventLog:<Channel>``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from replay.inputs import quick, times
from replay.inputs.base import EVENT_LIMIT, Confidence, Event, Format, Header, Lines, Log
from replay.inputs.stream import Window
from replay.inputs.text_events import LONGEST_START, Splitter
from replay.inputs.text_events import START as TEXT_START

SOURCETYPE = "XmlWinEventLog"

_START = re.compile(rb"<Event(?:\s[^<>]*)?(?<!/)>")
_END = re.compile(rb"</Event\s*>")
_LONGEST_END = 64
_SYSTEM = re.compile(rb"\s*<System[\s>]")
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)")

_SYSTEM_LIMIT = 64 * 1024
_TIME = re.compile(r"<TimeCreated\s[^<>]*?SystemTime\s*=\s*['\"]([^'\"]*)")
_CHANNEL = re.compile(r"<Channel>([^<]*)<")
_COMPUTER = re.compile(r"<Computer>([^<]*)<")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))


def source(channel: str) -> str:
    """The source that the Windows and Sysmon add-ons give to the events of a channel."""
    return f"{SOURCETYPE}:{channel}"


def header(raw: str) -> Header:
    """Host, time and source of an event, found by scanning its ``System`` part."""
    end = raw.find("</System>", 0, _SYSTEM_LIMIT)
    system = raw[: end if end >= 0 else _SYSTEM_LIMIT]
    time, channel, computer = _TIME.search(system), _CHANNEL.search(system), _COMPUTER.search(system)
    return Header(
        times.parse(time[1]) if time else None,
        _unescape(computer[1]) if computer else "",
        source(_unescape(channel[1]) if channel else ""),
        SOURCETYPE,
    )


def read(log: Log) -> Iterator[Event]:
    """The XML events of a log, and the classic text events between them."""
    window = Window(log.stream)
    between = Splitter(log)
    while True:
        yield from _between(window, between)
        if window.pos == len(window.data):
            break
        taken = _take(window, log, between)
        if taken:
            yield taken
    if not log.has_events and log.stream.offset:
        log.report("no event found: neither <Event>...</Event> nor a classic Windows text event", 0)


def _between(window: Window, between: Splitter) -> Iterator[Event]:
    """Moves to the start of the next XML event, or to the end of the log; yields the text events on the
    way."""
    while True:
        start = _find_start(window, between)
        until = len(window.data) if start is None else start
        if start is None:
            # A tag may be cut by the edge of the view; the byte before it says whether it starts a line.
            until = max(window.pos, _safe_edge(window.data))
        yield from between.feed(window.data[window.pos : until], window.base + window.pos)
        window.pos = until
        if start is not None:
            break
        if not window.more():
            yield from between.feed(window.data[window.pos :], window.base + window.pos)
            window.pos = len(window.data)
            break
    yield from between.close()


def _safe_edge(data: bytes) -> int:
    tag = data.rfind(b"<Event", max(0, len(data) - _SYSTEM_LIMIT))
    return (tag if tag >= 0 else len(data) - len(b"<Event")) - 1


def _find_start(window: Window, between: Splitter) -> int | None:
    """Index of the next event. Inside a text event, whose message may quote XML, an event starts a line."""
    data, checked, inside = window.data, window.pos, between.open
    for match in _START.finditer(data, window.pos):
        start = match.start()
        inside = inside or TEXT_START.search(data, checked, start) is not None
        if not inside or data[start - 1 : start] == b"\n":
            return start
        checked = max(checked, start - LONGEST_START)
    return None


def _take(window: Window, log: Log, between: Splitter) -> Event | None:
    """The event at the window's position; None, and a report, where it has no end. Moves behind it."""
    found = _find_end(window)
    data, start, byte = window.data, window.pos, window.base + window.pos
    if found is None and len(data) - start > EVENT_LIMIT:
        log.report(f"an event of more than {EVENT_LIMIT} bytes; it is left out", byte)
        between.skipping = True
        window.pos = start + 1
        return None
    if found is None:
        log.report(f"an event is cut off after {len(data) - start} bytes: the log ends before </Event>", byte)
        window.pos = len(data)
        return None
    window.pos = found.at
    if not found.whole:
        log.report(f"an event is cut off after {found.at - start} bytes: the next begins before </Event>", byte)
        return None
    body = data[start : found.at]
    if b"<!" in body and _DECLARATION.search(body):
        log.report("a document type or entity declaration inside an event; it is not expanded", byte)
    raw = log.text(body, byte)
    return log.event(raw, header(raw), byte)


class _End(NamedTuple):
    """Where an event ends: behind its end tag, or, if it is not whole, at the start of the next event."""

    at: int
    whole: bool


def _find_end(window: Window) -> _End | None:
    """The end of the event at the window's position; None if the log ends before, or the event grows too
    long.

    ``<Event>`` inside ``UserData`` is a publisher's own element unless a ``<System>`` follows it.
    """
    scan = inner = window.pos + 1
    while True:
        end = _END.search(window.data, scan)
        if end is None:
            size, forgotten = len(window.data) - window.pos, window.pos
            if size > EVENT_LIMIT or not window.more():
                return None
            scan, inner = max(scan - forgotten, size - _LONGEST_END), inner - forgotten
            continue
        nested = _START.search(window.data, inner, end.start())
        if nested is None:
            return _End(end.end(), True)
        if _SYSTEM.match(window.data, nested.end()):
            return _End(nested.start(), False)
        scan, inner = end.end(), nested.end()


def _unescape(text: str) -> str:
    if "&" in text:
        for entity, char in _ENTITIES:
            text = text.replace(entity, char)
    return text


def sniff(head: bytes) -> Confidence:
    """Certain where the file begins with markup and holds an event, likely where an event comes later."""
    text = head.lstrip()
    if _START.search(text):
        return Confidence.CERTAIN if text.startswith(b"<") else Confidence.LIKELY
    return Confidence.LIKELY if text.startswith((b"<?xml", b"<!DOCTYPE", b"<Event")) else Confidence.NO


def read_blocks(log: Log) -> Iterator[Event | Lines]:
    """As ``read``; a large log of one event a line comes by the block."""
    return quick.read(log, read, header, SOURCETYPE)


FORMAT = Format("Windows event XML", ("xmlwineventlog",), sniff, read, skims=True, blocks=read_blocks)
