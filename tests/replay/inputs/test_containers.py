"""gzip, zip and tar, one in the other: read as they come, and as far as they go."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from typing import Any

import pytest

EVENTS = [
    f"<Event><System><TimeCreated SystemTime='2024-03-12T10:42:17Z'/><Computer>PC{n}</Computer></System>"
    f"<EventData>{n * 7919}</EventData></Event>"
    for n in range(3000)
]
LOG = "\n".join(EVENTS).encode()


def as_zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED, piped: bool = False) -> bytes:
    out = io.BytesIO()
    target: Any = out
    if piped:

        class Pipe:
            write, flush = out.write, out.flush

        target = Pipe()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def as_tar(members: dict[str, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        folder = tarfile.TarInfo("folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    return out.getvalue()


LONG = "d" * 90 + "/" + "n" * 150 + ".xml"
PACKED = {
    "gzip": (gzip.compress(LOG), ["log"]),
    "gzip in two parts": (gzip.compress(LOG[:500]) + gzip.compress(LOG[500:]) + b"\0" * 9, ["log"]),
    "zip": (as_zip({"a/": b"", "a/b.xml": LOG}), ["log!a/b.xml"]),
    "zip, stored": (as_zip({"b.xml": LOG}, zipfile.ZIP_STORED), ["log!b.xml"]),
    "zip, written to a pipe": (as_zip({"b.xml": LOG, "empty": b""}, piped=True), ["log!b.xml", "log!empty"]),
    "tar": (as_tar({"b.xml": LOG}), ["log!b.xml"]),
    "tar with a long name": (as_tar({LONG: LOG}), [f"log!{LONG}"]),
    "tar with a long name, GNU": (as_tar({LONG: LOG}, tarfile.GNU_FORMAT), [f"log!{LONG}"]),
    "tar.gz": (gzip.compress(as_tar({"b.xml": LOG})), ["log!b.xml"]),
    "zip in tar.gz": (gzip.compress(as_tar({"c.zip": as_zip({"b": LOG})})), ["log!c.zip!b"]),
    "gzip in zip in zip": (as_zip({"c": as_zip({"b.gz": gzip.compress(LOG)})}), ["log!c!b.gz"]),
}


@pytest.mark.parametrize("kind", PACKED)
def test_events_come_out_of_any_container(kind: str, read_log: Any, tmp_path: Any) -> None:
    from replay import inputs

    data, names = PACKED[kind]
    assert read_log(data).raws == EVENTS
    assert read_log(data).problems == []
    seen: list[str] = []
    (tmp_path / "log").write_bytes(data)
    list(inputs.read([tmp_path / "log"], on_problem=lambda problem: None, on_file=seen.append))
    assert [name.removeprefix(f"{tmp_path}/") for name in seen] == names


def test_two_members_come_in_their_order(read_log: Any) -> None:
    members = {"z": EVENTS[0].encode(), "a": EVENTS[1].encode()}
    for data in (as_zip(members), as_tar(members), as_zip(members, piped=True)):
        assert read_log(data).raws == EVENTS[:2]


@pytest.mark.parametrize("kind", ["gzip", "zip", "zip, stored", "zip, written to a pipe", "tar", "tar.gz"])
def test_a_truncated_container_gives_what_it_has(kind: str, read_log: Any) -> None:
    data, _ = PACKED[kind]
    outcome = read_log(data[: len(data) // 2])
    assert len(outcome.events) > 1000
    assert outcome.raws == EVENTS[: len(outcome.events)]
    assert any("cut off" in reason for reason in outcome.reasons)


def test_damaged_gzip_gives_what_comes_before(read_log: Any) -> None:
    data = bytearray(PACKED["gzip"][0])
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(range(64))
    outcome = read_log(bytes(data))
    assert len(outcome.events) > 1000
    assert outcome.problems


def test_a_damaged_member_does_not_hide_the_next(read_log: Any) -> None:
    data = bytearray(as_zip({"a": LOG, "b": EVENTS[7].encode()}))
    data[5000:5064] = bytes(range(64))
    outcome = read_log(bytes(data))
    assert outcome.raws[-1] == EVENTS[7]
    assert any(problem.place.file.endswith("log!a") for problem in outcome.problems)


def test_a_damaged_tar_header_is_reported(read_log: Any) -> None:
    data = bytearray(as_tar({"a": EVENTS[0].encode(), "b": EVENTS[1].encode()}))
    data[1024 + 148] ^= 1
    outcome = read_log(bytes(data))
    assert outcome.raws == EVENTS[:1]
    assert "the archive is cut off or damaged" in outcome.reasons[0]
    assert outcome.bytes == [1024]


def test_encrypted_and_otherwise_packed_members_are_named(read_log: Any) -> None:
    data = as_zip({"a": LOG}, zipfile.ZIP_BZIP2) + as_zip({"b": EVENTS[0].encode()})
    outcome = read_log(data)
    assert outcome.reasons == ["a cannot be read: it is encrypted, or packed by method 12"]


def test_archives_that_never_end_are_left(read_log: Any) -> None:
    data = LOG
    for _ in range(9):
        data = gzip.compress(data)
    outcome = read_log(data)
    assert outcome.events == []
    assert "left out: more than 8 archives within each other" in outcome.reasons[0]
