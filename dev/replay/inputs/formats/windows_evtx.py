"""EVTX: the binary log files of Windows (Vista and later).

A file is a header of 4096 bytes and chunks of 64 KiB, and each chunk can be read on its own ("EVTX File
Format", libevtx documentation, Joachim Metz). So chunks are read one by one: a file of any size, from a pipe
or out of an archive, costs the memory of one, and damage in one chunk does not touch the others. Records are
decoded by the ``evtx`` package; a damaged record is reported with its place and number, and those around it
are kept.

``_raw`` is the XML that Windows itself renders and that Splunk indexes: one line, attributes in single
quotes, empty elements closed at once, GUIDs in braces.
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from replay.inputs.base import Confidence, Event, Format, Log
from replay.inputs.formats import windows_xml

_MAGIC = b"ElfFile\0"
_CHUNK_MAGIC = b"ElfChnk\0"
_RECORD_MAGIC = b"**\0\0"
_HEADER_SIZE = 4096
_CHUNK_SIZE = 65536
_FIRST_RECORD = 512
_FREE_SPACE = 48  # where a chunk says at which offset its free space begins
_RECORD = struct.Struct("<4sIQQ")  # magic, size, number, time
_SMALLEST_RECORD = 28

_ATTRIBUTE = re.compile(r'="([^"\'<>]*)"(?=[^<>]*>)')
_EMPTY = re.compile(r"<(\w+)((?: [\w:]+='[^']*')*)></\1>")
_GUID = r"([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})"
_GUID_ATTRIBUTE = re.compile(rf"(Guid|ActivityID)='{_GUID}'")
_GUID_DATA = re.compile(rf"(<Data Name='\w*G(?:uid|UID)'>){_GUID}<")


class _Record(NamedTuple):
    """A record of a chunk: its offset in the chunk and its number."""

    offset: int
    number: int


def read(log: Log) -> Iterator[Event]:
    """The events of an EVTX file."""
    if len(log.stream.exactly(_HEADER_SIZE)) < _HEADER_SIZE:
        log.report("the file is cut off inside its header", 0)
    while True:
        byte = log.stream.offset
        chunk = log.stream.exactly(_CHUNK_SIZE)
        if not chunk:
            return
        if len(chunk) < _CHUNK_SIZE:
            log.report(f"the file is cut off: its last chunk has {len(chunk)} of {_CHUNK_SIZE} bytes", byte)
        if chunk.startswith(_CHUNK_MAGIC):
            yield from _chunk_events(log, bytearray(chunk.ljust(_CHUNK_SIZE, b"\0")), len(chunk), byte)
        elif chunk.strip(b"\0"):  # Windows makes a file larger than its events: zeros are free space
            log.report(f"a chunk without its mark ({chunk[:8].hex(' ')}); its events are lost", byte)


def _chunk_events(log: Log, chunk: bytearray, size: int, byte: int) -> Iterator[Event]:
    from evtx import PyEvtxParser  # only once there is such a file

    records = _walk(log, chunk, size, byte)
    parser = PyEvtxParser(io.BytesIO(_file_header() + chunk), number_of_threads=1, indent=False)
    decoded: Iterator[Any] = iter(parser.records())
    for record in records:
        place = byte + record.offset
        try:
            found = next(decoded)
        except StopIteration:
            log.report(f"record {record.number} cannot be read; it is left out", place)
            continue
        except RuntimeError as error:
            if record.number >= 0:
                log.report(f"record {record.number} cannot be read, it is left out: {_short(error)}", place)
            continue
        raw = as_splunk(found["data"])
        yield log.event(raw, windows_xml.header(raw), place)


def _walk(log: Log, chunk: bytearray, size: int, byte: int) -> list[_Record]:
    """The records of a chunk in their order; bytes between them that are none are reported.

    The decoder goes from record to record by their sizes and stops where there is none. Such a gap is therefore
    made into a record (number -1) that fails to decode, so that those behind it are still found. It also stops
    at the free space that the chunk's header names. That may be damaged, or old if the log was copied while it
    was written, so records behind it count as long as their numbers go on; other numbers are leftovers.
    """
    end = min(int.from_bytes(chunk[_FREE_SPACE : _FREE_SPACE + 4], "little"), size)
    if end < _FIRST_RECORD:
        end = size
    records: list[_Record] = []
    offset = _FIRST_RECORD
    while True:
        number = _record_at(chunk, offset, size)
        if number is not None and (offset < end or not records or number == records[-1].number + 1):
            records.append(_Record(offset, number))
            offset += int.from_bytes(chunk[offset + 4 : offset + 8], "little")
            continue
        if offset >= end:
            break
        following = _next_record(chunk, offset + 1, end)
        if bytes(chunk[offset:following]).strip(b"\0"):
            log.report(f"{following - offset} bytes are no record; what stood there is lost", byte + offset)
        if following == end or following - offset < _SMALLEST_RECORD:
            break
        _RECORD.pack_into(chunk, offset, _RECORD_MAGIC, following - offset, 0, 0)
        chunk[offset + _RECORD.size : following] = b"\xff" * (following - offset - _RECORD.size)
        records.append(_Record(offset, -1))
        offset = following
    chunk[_FREE_SPACE : _FREE_SPACE + 4] = offset.to_bytes(4, "little")
    return records


def _record_at(chunk: bytearray, offset: int, end: int) -> int | None:
    """The number of the record at an offset; None if there is none: its size stands at its start and its
    end."""
    if offset + _SMALLEST_RECORD > end:
        return None
    magic, size, number, _ = _RECORD.unpack_from(chunk, offset)
    if magic != _RECORD_MAGIC or size < _SMALLEST_RECORD or offset + size > end:
        return None
    copy = int.from_bytes(chunk[offset + size - 4 : offset + size], "little")
    return int(number) if copy == size else None


def _next_record(chunk: bytearray, offset: int, end: int) -> int:
    while (offset := chunk.find(_RECORD_MAGIC, offset, end)) >= 0:
        if _record_at(chunk, offset, end) is not None:
            return offset
        offset += 1
    return end


def _file_header() -> bytes:
    """A header for a file of one chunk, so that a damaged one does no harm."""
    fields = _MAGIC + struct.pack("<QQQIHHHH", 0, 0, 1, 128, 1, 3, _HEADER_SIZE, 1)
    fields = fields.ljust(120, b"\0")
    return (fields + struct.pack("<II", 0, zlib.crc32(fields))).ljust(_HEADER_SIZE, b"\0")


def _short(error: RuntimeError) -> str:
    return " ".join(str(error).split())[:200]


def as_splunk(xml: str) -> str:
    """An event as the decoder renders it, in the form that Windows renders and Splunk indexes."""
    event = xml[xml.index("<Event") :].rstrip()
    event = _ATTRIBUTE.sub(r"='\1'", event)
    event = _GUID_DATA.sub(r"\1{\2}<", _GUID_ATTRIBUTE.sub(r"\1='{\2}'", event))
    system, end, rest = event.partition("</System>")
    return _EMPTY.sub(r"<\1\2/>", system) + end + rest


def sniff(head: bytes) -> Confidence:
    """Certain by the mark of the file."""
    return Confidence.CERTAIN if head.startswith(_MAGIC) else Confidence.NO


FORMAT = Format("EVTX", (), sniff, read)
