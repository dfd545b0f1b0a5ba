"""Text in a Windows log: cuts classic events out of it, and reports what is no event.

A classic event is what a Splunk forwarder writes without ``renderXml``:

- An event begins with a line that holds only its time (month/day/year), followed by a line ``LogName=``.
- It goes on, over any number of lines, blank ones included, to the next such pair of lines (or, in a mixed
  export, to the next XML event): the message of a PowerShell event is a whole script.
- The time has no zone. Splunk takes the zone of the reader; here it is UTC.

Source type and source are those of the Splunk Add-on for Microsoft Windows: ``WinEventLog`` and
``WinEventLog:<LogName>``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from replay.inputs import times
from replay.inputs.base import EVENT_LIMIT, Event, Header, Log

SOURCETYPE = "WinEventLog"

START = re.compile(
    rb"^\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d:\d\d(?:\.\d+)?(?: [AP]M)?[ \t]*\r?\n(?=LogName=)", re.MULTILINE
)
LONGEST_START = 128
_FIELDS_LIMIT = 4096
_LOG_NAME = re.compile(r"^LogName=(.*?)\r?$", re.MULTILINE)
_COMPUTER = re.compile(r"^ComputerName=(.*?)\r?$", re.MULTILINE)

_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
# No alternative may run past its own beginning: hostile text must not cost more than one pass.
_MARKUP = re.compile(
    rb"<!DOCTYPE[^\[<>]*(?:\[(?:(?!<!DOCTYPE)[^\]])*\]\s*)?>|<!--(?:(?!<!--).)*?-->|<\?(?:(?!<\?).)*?\?>"
    rb"|</?[A-Za-z_][^<>]*>",
    re.DOTALL,
)
_SPACE = b" \t\r\n\0"
_BLANK = _SPACE + b"\xef\xbb\xbf"


def header(raw: str) -> Header:
    """Host, time and source of an event, from its first lines."""
    fields = raw[:_FIELDS_LIMIT]
    name, computer = _LOG_NAME.search(fields), _COMPUTER.search(fields)
    return Header(
        times.parse(fields.partition("\n")[0]),
        computer[1] if computer else "",
        f"{SOURCETYPE}:{name[1] if name else ''}",
        SOURCETYPE,
    )


class Splitter:
    """Takes the text of a log piece by piece and cuts it into events; text that is no event is reported.

    Args:
        log: where events and problems belong.

    Attributes:
        open: the text so far ends inside an event.
        skipping: drop all text up to ``close``, since it has been reported already.
    """

    def __init__(self, log: Log) -> None:
        self.open = False
        self.skipping = False
        self._log = log
        self._data = b""
        self._byte = 0
        self._scan = 0
        self._foreign: tuple[int, bytes] | None = None
        self._foreign_size = 0

    def feed(self, piece: bytes, byte: int) -> Iterator[Event]:
        """Yields the events that are whole with this piece, which begins at offset ``byte``."""
        if self.skipping or not piece:
            return
        if not self._data and not piece.strip(_BLANK):
            self._log.nul_between(piece, byte)
            return
        if not self._data:
            self._byte = byte
        self._data += piece
        yield from self._cut()
        if not self.open and len(self._data) > LONGEST_START:
            edge = self._data.rfind(b"\n", 0, -LONGEST_START) + 1
            self._no_event(edge)
        elif len(self._data) > EVENT_LIMIT:
            self._log.report(f"an event of more than {EVENT_LIMIT} bytes; it is left out", self._byte)
            self._forget(len(self._data))
            self.open, self.skipping = False, True

    def close(self) -> Iterator[Event]:
        """Yields the last event; what comes next belongs to something else."""
        if self._data:
            yield from self._cut()
            if self.open:
                yield self._event(len(self._data))
            else:
                self._no_event(len(self._data))
        if self._foreign:
            byte, sample = self._foreign
            text = sample.decode(errors="replace")
            self._log.report(f"{self._foreign_size} bytes of text that is no event, left out: {text!r}", byte)
        self.skipping, self._foreign, self._foreign_size = False, None, 0

    def _cut(self) -> Iterator[Event]:
        while match := START.search(self._data, self._scan):
            start = match.start()
            if self.open:
                yield self._event(start)
            else:
                self._no_event(start)
            self.open = True
            self._scan = match.end() - match.start()
        self._scan = max(self._scan, len(self._data) - LONGEST_START, 0)

    def _event(self, size: int) -> Event:
        data = self._data[:size].rstrip(_SPACE)
        self._log.nul_between(self._data[len(data) : size], self._byte + len(data))
        raw = self._log.text(data, self._byte)
        event = self._log.event(raw, header(raw), self._byte)
        self._forget(size)
        self.open = False
        return event

    def _no_event(self, size: int) -> None:
        data, byte = self._data[:size], self._byte
        self._forget(size)
        self._log.nul_between(data, byte)
        if _DECLARATION.search(data):
            self._log.report("a document type or entity declaration; it is not expanded", byte)
        words = _MARKUP.sub(b"", data).strip(_BLANK)
        if words:
            blank = len(data) - len(data.lstrip(_BLANK))
            self._foreign = self._foreign or (byte + max(data.find(words[:16]), blank), words[:60])
            self._foreign_size += len(words)

    def _forget(self, size: int) -> None:
        self._data = self._data[size:]
        self._byte += size
        self._scan = 0
