"""What every input format shares: the event, the problem, and the three things a format module can declare.

A module under ``formats/`` declares one ``FORMAT`` (how a file is cut into events), a module under
``json_kinds/`` one ``KIND`` (who wrote a JSON object, and where its host and time stand), a module under
``containers/`` one ``CONTAINER`` (what holds other files). Adding one is adding a file; ``registry`` finds
it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any, NamedTuple

from msgspec import Struct

from replay.errors import Place
from replay.inputs.stream import Stream

EVENT_LIMIT = 64 * 1024 * 1024
"""Bytes that one event may have. A longer one is reported and left out, so that memory stays bounded."""

ANY_SOURCETYPE = "*"
"""What a format declares as its source type if it can read text of any."""

NO_HOST = "localhost"
"""The host of an event that names none. Splunk would put the name of the machine that reads the file
there."""

Report = Callable[[str, int], None]
"""Takes a reason and the byte offset it belongs to."""


class Event(NamedTuple):
    """A raw event, as Splunk keeps it in an index.

    Attributes:
        raw: ``_raw``, the text of the event as it stands in the log.
        time: ``_time`` in seconds since 1970 (UTC), with a fraction down to microseconds.
        host: ``host``.
        source: ``source``.
        sourcetype: ``sourcetype``.
    """

    raw: str
    time: float
    host: str
    source: str
    sourcetype: str


class Problem(Struct, frozen=True):
    """Something in a log that is not as it should be; reading goes on behind it.

    Attributes:
        place: the file as the user named it (a member of an archive as ``a.tar.gz!member``) and the byte
            offset in its uncompressed content. A file in UTF-16 is counted as if it were UTF-8.
        reason: what is wrong, and what became of the event.
    """

    place: Place
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class Header(NamedTuple):
    """Where and when an event was written; ``time`` is None where the event has no usable time."""

    time: float | None
    host: str
    source: str
    sourcetype: str


class Log:
    """One file while it is read: its name, its bytes, and what the user said about it.

    Args:
        name: the file as the user named it.
        stream: its uncompressed content.
        on_problem: takes each problem.
        sourcetype: the source type that the user gave, or None to take the format's own.
        last_time: of the event before.

    Attributes:
        has_events: one was found.
        is_file: the stream is the file of that name, from its first byte on, as it stands.
    """

    def __init__(
        self, name: str, stream: Stream, on_problem: Callable[[Problem], None], sourcetype: str | None = None,
        last_time: float = 0.0,
    ) -> None:  # fmt: skip
        self.name = name
        self.stream = stream
        self.sourcetype = sourcetype
        self._on_problem = on_problem
        self.last_time = last_time
        self.has_events = False
        self.is_file = False

    def part(self, stream: Stream, last_time: float) -> Log:
        """A part of this log, for itself."""
        return Log(self.name, stream, self._on_problem, self.sourcetype, last_time)

    def report(self, reason: str, byte: int) -> None:
        """Passes on a problem at a byte offset of this file."""
        self._on_problem(Problem(Place(file=self.name, byte=byte), reason))

    def text(self, data: bytes, byte: int) -> str:
        """The text of an event; bytes that are not UTF-8 become U+FFFD and are reported, once for the
        event. So are NUL bytes, which stay: a value that holds one is equal to no value without."""
        if (nul := data.find(b"\0")) >= 0:
            count = data.count(b"\0")
            self.report(f"{count} NUL bytes in an event; it is kept with them", byte + nul)
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            bad = data[error.start : error.start + 4].hex(" ")
            self.report(f"not UTF-8 ({bad}); the event is kept with U+FFFD in its place", byte + error.start)
            return data.decode(errors="replace")

    def nul_between(self, data: bytes, byte: int) -> None:
        """Reports the NUL bytes in what stands between events: a log that was not written to its end has them."""
        if (nul := data.find(b"\0")) >= 0:
            count = data.count(b"\0")
            self.report(f"{count} NUL bytes between events, left out", byte + nul)

    def event(self, raw: str, header: Header, byte: int) -> Event:
        """The event at ``byte``.

        An event without a usable time gets that of the event before it, as Splunk does it ("How timestamp
        assignment works", Getting Data In), and is reported.
        """
        time = header.time
        if time is None:
            time = self.last_time
            self.report(f"an event without a usable time; it is kept with that of the one before ({time})", byte)
        self.last_time, self.has_events = time, True
        return Event(raw, time, header.host or NO_HOST, header.source, self.sourcetype or header.sourcetype)


class Lines(Struct, frozen=True):
    """Events whose headers are still to be read: by DuckDB, which is much faster than an object for each.

    Attributes:
        text: whole events in UTF-8, one a line; a line break ends the last.
        ends: where its line breaks are, as a numpy array.
        headers: takes the name of a table of these lines (column ``raw``), returns a SELECT of raw, time, host, source
            and sourcetype; where it cannot tell, the time is null.
        careful: reads them one by one, and reports what is malformed.
    """

    text: bytes
    ends: Any
    headers: Callable[[str], str]
    careful: Callable[[], Iterator[Event]]

    @property
    def events(self) -> int:
        """How many."""
        return len(self.ends)


class Confidence(IntEnum):
    """How sure a format is that a file is its own."""

    NO = 0
    LIKELY = 1
    CERTAIN = 2


class Format(Struct, frozen=True):
    """How a file is cut into events.

    Attributes:
        name: unique, shown to the user.
        sourcetypes: what the user may give as source type to say that a file is of this format, in lower
            case, without what comes behind a colon.
        sniff: takes the first bytes of a file, up to ``HEAD`` of them.
        read: yields the events of a log.
        skims: lines that are whole events may be passed over before ``read`` sees them (skim.py).
        blocks: yields the same events, those of large and simple logs by the block; None if the format has no such way.
    """

    name: str
    sourcetypes: tuple[str, ...]
    sniff: Callable[[bytes], Confidence]
    read: Callable[[Log], Iterator[Event]]
    skims: bool = False
    blocks: Callable[[Log], Iterator[Event | Lines]] | None = None


class JsonKind(Struct, frozen=True):
    """Who wrote a JSON object.

    Attributes:
        name: unique, shown to the user.
        fits: whether an object is of this kind.
        event: takes an object and its text, returns ``_raw`` and the header; None where the object is not an
            event but belongs to the format (a marker).
    """

    name: str
    fits: Callable[[dict[str, Any]], bool]
    event: Callable[[dict[str, Any], str], tuple[str, Header] | None]


class Container(Struct, frozen=True):
    """What holds other files.

    Attributes:
        name: unique, shown to the user.
        sniff: takes the first 512 bytes.
        members: takes the packed bytes and a place to report to; yields for each file inside its name (None
            for a container that holds exactly one file) and a function that reads it, up to n bytes a call. A
            member is read before the next one is asked for.
    """

    name: str
    sniff: Callable[[bytes], bool]
    members: Callable[[Stream, Report], Iterator[tuple[str | None, Callable[[int], bytes]]]]
