"""EVTX: events in the form that Splunk indexes, and all that can be had from a damaged file.

The files are written here, so that damage is done to a known place: the little of "EVTX File Format" (libevtx
documentation) that the reader needs, with binary XML that uses no templates.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import pytest
from replay.inputs.formats import windows_evtx

HEADER, CHUNK, FIRST = 4096, 65536, 512
FILETIME = 133_547_137_373_101_234
Tree = tuple[str, dict[str, str], list[Any]]


def name(text: str, offset: int) -> bytes:
    """A name, stored where it is used first: at ``offset`` of the chunk."""
    head = struct.pack("<IIHH", offset + 4, 0, 0, len(text))
    return head + text.encode("utf-16-le") + b"\0\0"


def value(text: str) -> bytes:
    return b"\x05\x01" + struct.pack("<H", len(text)) + text.encode("utf-16-le")


def element(tree: Tree, offset: int) -> bytes:
    """An element with text and elements inside, at ``offset`` of the chunk."""
    tag, attributes, content = tree
    out = name(tag, offset + 5)
    if attributes:
        listing = b""
        for key, text in attributes.items():
            listing += b"\x06" + name(key, offset + 5 + len(out) + 4 + len(listing) + 1) + value(text)
        out += struct.pack("<I", len(listing)) + listing
    out += b"\x02"
    for part in content:
        out += value(part) if isinstance(part, str) else element(part, offset + 5 + len(out))
    out += b"\x04"
    return (b"\x41" if attributes else b"\x01") + struct.pack("<I", len(out)) + out


def record(number: int, tree: Tree, offset: int) -> bytes:
    body = b"\x0f\x01\x01\0"
    body += element(tree, offset + 24 + len(body)) + b"\0"
    size = 24 + len(body) + 4
    return struct.pack("<4sIQQ", b"**\0\0", size, number, FILETIME) + body + struct.pack("<I", size)


def event(command: str) -> Tree:
    system: list[Tree] = [
        ("Provider", {"Guid": "5770385F-C22A-43E0-BF4C-06F5698FFBD9"}, []),
        ("TimeCreated", {"SystemTime": "2024-03-12T10:42:17.310123Z"}, []),
        ("Correlation", {}, []),
        ("Channel", {}, ["Security"]),
        ("Computer", {}, ["PC1"]),
    ]
    data: list[Tree] = [
        ("Data", {"Name": "CommandLine"}, [command]),
        ("Data", {"Name": "LogonGuid"}, ["57D53BD5-5C37-65F0-3E0F-000000000300"]),
        ("Data", {"Name": "Empty"}, []),
    ]
    return ("Event", {}, [("System", {}, system), ("EventData", {}, data)])


def as_indexed(command: str) -> str:
    return (
        "<Event><System><Provider Guid='{5770385F-C22A-43E0-BF4C-06F5698FFBD9}'/>"
        "<TimeCreated SystemTime='2024-03-12T10:42:17.310123Z'/><Correlation/><Channel>Security</Channel>"
        f"<Computer>PC1</Computer></System><EventData><Data Name='CommandLine'>{command}</Data>"
        "<Data Name='LogonGuid'>{57D53BD5-5C37-65F0-3E0F-000000000300}</Data><Data Name='Empty'></Data>"
        "</EventData></Event>"
    )


def chunk(*commands: str) -> tuple[bytes, list[int]]:
    """A chunk with an event for each command line, and where in it the records stand."""
    data, offsets = b"", []
    for number, command in enumerate(commands, 1):
        offsets.append(FIRST + len(data))
        data += record(number, event(command), FIRST + len(data))
    last = len(commands)
    head = struct.pack("<8sQQQQIII", b"ElfChnk\0", 1, last, 1, last, 128, offsets[-1], FIRST + len(data))
    return head.ljust(FIRST, b"\0") + data.ljust(CHUNK - FIRST, b"\0"), offsets


def evtx(*chunks: bytes) -> bytes:
    head = struct.pack("<8sQQQIHHHH", b"ElfFile\0", 0, len(chunks) - 1, 1, 128, 1, 3, HEADER, len(chunks))
    head = head.ljust(120, b"\0")
    return (head + struct.pack("<II", 0, zlib.crc32(head))).ljust(HEADER, b"\0") + b"".join(chunks)


COMMANDS = ("one", 'a & "b" <c>', "it's\r\n\tover\nlines ", 'x="y"', "five")
RAW = [as_indexed(text) for text in ("one", 'a &amp; "b" &lt;c&gt;', "it's\r\n\tover\nlines ", 'x="y"', "five")]


def test_events_have_the_form_that_splunk_indexes(read_log: Any) -> None:
    outcome = read_log(evtx(chunk(*COMMANDS)[0]))
    assert outcome.raws == RAW
    assert outcome.problems == []
    assert outcome.events[0][1:] == (1710240137.310123, "PC1", "XmlWinEventLog:Security", "XmlWinEventLog")


def test_free_space_between_chunks_is_no_problem(read_log: Any) -> None:
    good, _ = chunk(*COMMANDS)
    outcome = read_log(evtx(good, bytes(CHUNK), good))
    assert outcome.raws == RAW * 2
    assert outcome.problems == []


def damage(kind: str) -> tuple[bytes, list[str], int]:
    """A damaged file of two chunks, the events that must still come out, and the byte to be reported."""
    good, at = chunk(*COMMANDS)
    hurt = bytearray(good)
    without_second = [RAW[0], *RAW[2:]]
    if kind == "a record's content":
        hurt[at[1] + 28 : at[2] - 4] = b"\xff" * (at[2] - 4 - at[1] - 28)
        return evtx(bytes(hurt), good), without_second + RAW, HEADER + at[1]
    if kind == "a whole record":
        hurt[at[1] : at[2]] = b"\xee" * (at[2] - at[1])
        return evtx(bytes(hurt), good), without_second + RAW, HEADER + at[1]
    if kind == "the last record":
        hurt[at[4] : at[4] + 40] = b"\xee" * 40
        return evtx(bytes(hurt), good), RAW[:4] + RAW, HEADER + at[4]
    if kind == "the header of a chunk":
        hurt[48:52] = struct.pack("<I", at[1])  # where it says its free space begins
        return evtx(bytes(hurt), good), RAW * 2, -1
    if kind == "the mark of a chunk":
        hurt[:8] = b"no chunk"
        return evtx(bytes(hurt), good), RAW, HEADER
    if kind == "the file header":
        whole = evtx(good, good)
        return whole[:8] + b"\xee" * 100 + whole[108:], RAW * 2, -1
    assert kind == "cut off"
    return evtx(good, good)[: HEADER + CHUNK + at[2] + 50], RAW + RAW[:2], HEADER + CHUNK


@pytest.mark.parametrize(
    "kind",
    [
        "a record's content", "a whole record", "the last record", "the header of a chunk",
        "the mark of a chunk", "the file header",
        "cut off",
    ],
)  # fmt: skip
def test_damage_costs_only_what_it_hit(kind: str, read_log: Any) -> None:
    data, expected, byte = damage(kind)
    outcome = read_log(data)
    assert outcome.raws == expected
    assert outcome.bytes[:1] == ([] if byte < 0 else [byte])


def test_a_file_that_ends_in_its_header_has_no_events(read_log: Any) -> None:
    outcome = read_log(evtx(b"")[:100])
    assert outcome.events == []
    assert outcome.reasons == ["the file is cut off inside its header"]


def test_text_with_equal_signs_and_quotes_is_not_taken_for_an_attribute() -> None:
    xml = '<?xml version="1.0"?>\n<Event a="1"><System b="2"></System><D Name="x">c="d" &gt;</D></Event>\n'
    expected = "<Event a='1'><System b='2'></System><D Name='x'>c=\"d\" &gt;</D></Event>"
    assert windows_evtx.as_splunk(xml) == expected
