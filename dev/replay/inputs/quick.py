"""Large logs of Windows event XML, one event a line, handed on as text by the block: DuckDB then reads the headers.

The careful reader (formats/windows_xml.py) makes an object of every event, at 40 MB a second. Most large logs need no
such care. A block that is in any way out of order, and all that comes after it, goes to the careful reader; so does a
block with a header that the SQL below does not know. Both readers give the same events: tests hold them to it.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any

from replay.inputs.base import EVENT_LIMIT, NO_HOST, Event, Header, Lines, Log
from replay.inputs.stream import Stream
from replay.relation import quote

SMALL = 1024 * 1024
"""A log shorter than this is read by the careful reader: it is done before pyarrow is even imported."""
BLOCK = 2 * 1024 * 1024

# What the careful reader has to look at: declarations and comments, a second event in a line, NUL. Each by itself, and
# by what is rare in it, is found several times as fast as all at once.
_STRANGE = (rb"<!", rb"Event(?:(?<=<Event)[\s>](?<!\n<Event.)|(?<=</Event)\s*>(?!\r?\n))", rb"\x00")
_AT_ONCE = 64 * 1024
# How an event begins, in contrast to an element Event of a publisher, in UserData.
OPENING = rb"<Event [^<>]*(?<!/)>\s*<System[\s>]"
Careful = Callable[[Log], Iterator[Event]]
ReadHeader = Callable[[str], Header]


def read(log: Log, careful: Careful, header: ReadHeader, sourcetype: str) -> Iterator[Event | Lines]:
    """The events of a log of XML events.

    Args:
        log: the log.
        careful: the format's own reader.
        header: what it reads of an event.
        sourcetype: of the format; the source of an event begins with it.
    """
    headers = partial(headers_sql, source=f"{sourcetype}:", sourcetype=log.sourcetype or sourcetype)
    if len(log.stream.peek(SMALL)) < SMALL:
        yield from careful(log)
        return
    while block := whole_lines(log.stream, BLOCK):
        text = _simple(block)
        if text is None:
            log.stream.unread(block)
            yield from careful(log)
            return
        yield Lines(text, _ends(text), headers, _reader(log, block, careful))
        log.last_time, log.has_events = _last_time(text, header, log.last_time), True


def _last_time(text: bytes, header: ReadHeader, before: float) -> float:
    """The time of the last event that has one; if none has, that of the text before."""
    end = len(text) - 1
    while end > 0:
        start = text.rfind(b"\n", 0, end) + 1
        time = header(text[start:end].decode()).time
        if time is not None:
            return time
        end = start - 1
    return before


def whole_lines(stream: Stream, block: int) -> bytes:
    """The next whole lines of a stream, about ``block`` bytes; at its end, or after a very long line, what there is."""
    pieces: list[memoryview] = []  # so that a block is copied once
    size = 0
    while piece := stream.read(block):
        cut = piece.rfind(b"\n") + 1
        pieces.append(memoryview(piece)[: cut or None])
        size += len(piece)
        if cut:
            stream.unread(piece[cut:])
        if (size >= block and cut) or size > EVENT_LIMIT:
            break
    return b"".join(pieces)


def is_regular(block: bytes, opening: bytes = OPENING) -> bool:
    """True if every line of a block begins with an event and ends with one.

    Args:
        block: whole lines.
        opening: how each of the lines begins, as a PCRE.
    """
    if not block.endswith((b"</Event>\n", b"</Event>\r\n")) or not compiled(opening).match(block):
        return False
    # A line break where the line before it does not end an event, or the line behind it does not begin one.
    irregular = rb"\n(?:(?<!</Event>\n)(?<!</Event>\r\n)|(?!%b)(?!\z))" % opening
    return not compiled(irregular).search(block)


@lru_cache(maxsize=16)
def compiled(pattern: bytes) -> Any:
    """A PCRE over bytes: with its own compiler several times as fast as counting them."""
    import pcre2

    return pcre2.compile(pattern)


def _simple(block: bytes) -> bytes | None:
    """A block without carriage returns, if every line is one event and nothing has to be reported; else None."""
    if len(block) > EVENT_LIMIT or not is_regular(block) or not _is_utf8(block):
        return None
    if any(compiled(pattern).search(block, 2) for pattern in _STRANGE):  # behind the first "<E"
        return None
    return block.replace(b"\r\n", b"\n") if b"\r" in block else block


def _is_utf8(block: bytes) -> bool:
    """Decoded piece by piece: to find memory for the whole takes several times as long."""
    view, at = memoryview(block), 0
    try:
        while at < len(view):
            at += codecs.utf_8_decode(view[at : at + _AT_ONCE], "strict", at + _AT_ONCE >= len(view))[1]
    except UnicodeDecodeError:
        return False
    return True


def _ends(text: bytes) -> Any:
    """Where each line ends. Lines are long: to look for each is faster than to look at every byte."""
    import numpy as np  # pyarrow, which is needed for these lines, imports it too

    ends, at = [], text.find(b"\n")
    while at >= 0:
        ends.append(at)
        at = text.find(b"\n", at + 1)
    return np.array(ends)


def _reader(log: Log, block: bytes, careful: Careful) -> Callable[[], Iterator[Event]]:
    byte = log.stream.offset - len(block)
    last_time = log.last_time

    def events() -> Iterator[Event]:
        rest = [block]
        stream = Stream(lambda size: rest.pop() if rest else b"", log.report)
        stream.offset = byte
        yield from careful(log.part(stream, last_time))

    return events


# What the header of an event is, as SQL over `raw`; the time is null where the careful reader has to look. Seconds and
# microseconds are added as times.py adds them, so that both readers give the same number.
_STAMP = (  # of the first TimeCreated, whatever it holds
    r"""regexp_extract(created[2], '^ SystemTime=[''"]([1-9]\d{3}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d\.\d{6})"""
    r"""\d*Z[''"]', 1)"""
)
_MICROSECONDS = f"epoch_us(TRY_CAST(nullif({_STAMP}, '') AS TIMESTAMP))"
_LONGEST_HEAD = 60_000  # bytes; the careful reader looks no further than 64 KB for the end of System
# All is cut at the names, and what stands before is looked at then: "<" and "/" are far more often in it than their
# letters, so that to look for "<Computer>" or "</System>" takes longer.
_CUTS = {"created": "TimeCreated", "computer": "Computer>", "channel": "Channel>"}
_COMPUTER, _CHANNEL = (f"coalesce(string_split({cut}[2], '<')[1], '')" for cut in ("computer", "channel"))
# No reference in it, and it ends, neither by another such name nor by the end of the head.
_PLAIN = "NOT contains({0}, '&') AND NOT contains({0}, '>') AND coalesce(contains({1}[2], '<'), true)"


def headers_sql(lines: str, *, source: str, sourcetype: str) -> str:
    """SELECT raw, time, host, source, sourcetype of the events in a table of Lines.

    Args:
        lines: the name of the table; its column is ``raw``.
        source: what stands before the channel in the source of an event.
        sourcetype: of the events.
    """
    tags = " AND ".join(f"ends_with({cut}[1], '<')" for cut in _CUTS)
    plain = f"{_PLAIN.format('host', 'computer')} AND {_PLAIN.format('log', 'channel')}"
    system = "ends_with(parts[1], '<S') AND ends_with(head, '></S')"
    known = f"{plain} AND {tags} AND {system} AND strlen(parts[1]) + strlen(head) < {_LONGEST_HEAD}"
    parts = f"SELECT raw, string_split(raw, 'ystem>') AS parts FROM {lines}"
    cuts = ", ".join(f"string_split(head, {quote(name)}) AS {cut}" for cut, name in _CUTS.items())
    return (
        f"SELECT raw, CASE WHEN {known} THEN us // 1000000 + (us % 1000000) / 1000000.0::DOUBLE END AS time, "
        f"CASE WHEN host = '' THEN {quote(NO_HOST)} ELSE host END AS host, "
        f"{quote(source)} || log AS source, {quote(sourcetype)} AS sourcetype "
        f"FROM (SELECT *, {_MICROSECONDS} AS us, {_COMPUTER} AS host, {_CHANNEL} AS log "
        f"FROM (SELECT *, {cuts} FROM (SELECT *, parts[2] AS head FROM ({parts}))))"
    )
