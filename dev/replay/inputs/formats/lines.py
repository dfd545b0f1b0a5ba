"""Lines of text: each is an event. Only for a source type that the user gives, since any text has lines.

The time is the first time stamp in the line, the source the name of the file, as Splunk does it by default
("How timestamp assignment works" and "Why source types matter", Getting Data In).
"""

from __future__ import annotations

from collections.abc import Iterator

from replay.inputs import times
from replay.inputs.base import ANY_SOURCETYPE, EVENT_LIMIT, Confidence, Event, Format, Header, Log
from replay.inputs.stream import Window


def read(log: Log) -> Iterator[Event]:
    """The lines of a log that are not blank."""
    for byte, data in split(log):
        raw = log.text(data.rstrip(b"\r\n"), byte)
        if raw.strip():
            yield log.event(raw, Header(times.find(raw), "", log.name, log.sourcetype or ""), byte)


def split(log: Log) -> Iterator[tuple[int, bytes]]:
    """Offset and bytes of each line, its end included; a line over the limit is reported and left out."""
    window = Window(log.stream)
    scan, skipping = 0, False
    while True:
        end = window.data.find(b"\n", scan)
        if end < 0 and len(window.data) - window.pos > EVENT_LIMIT:
            if not skipping:
                log.report(f"a line of more than {EVENT_LIMIT} bytes; it is left out", window.base + window.pos)
            skipping, window.pos = True, len(window.data)
        size = len(window.data) - window.pos
        if end < 0 and window.more():
            scan = size
            continue
        end = end + 1 if end >= 0 else len(window.data)
        if end == window.pos:
            return
        if not skipping:
            yield window.base + window.pos, window.data[window.pos : end]
        skipping, window.pos, scan = False, end, end


FORMAT = Format("lines of text", (ANY_SOURCETYPE,), lambda head: Confidence.NO, read)
