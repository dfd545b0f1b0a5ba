"""zip archives, read from front to back.

The directory of a zip file stands at its end, which a pipe or a truncated download does not have. Each member
also carries its own header ("APPNOTE.TXT - .ZIP File Format Specification", PKWARE, section 4.3), and that is
enough: a member that is deflated knows its own end, and one that is stored has its size in the header.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator

from msgspec import Struct

from replay.inputs.base import Container, Report
from replay.inputs.inflate import Inflater
from replay.inputs.stream import Damaged, Stream, limited

_LOCAL = b"PK\3\4"
_ENDS = (b"PK\1\2", b"PK\5\6", b"PK\6\6", b"PK\6\x08")
_DESCRIPTOR = b"PK\7\x08"
_HEADER = struct.Struct("<4sHHHHHIIIHH")
_ENCRYPTED, _SIZE_FOLLOWS, _UTF8 = 0x1, 0x8, 0x800
_STORED, _DEFLATED = 0, 8
_IN_EXTRA = 0xFFFFFFFF


class _Member(Struct, frozen=True):
    name: str
    flags: int
    method: int
    crc: int
    size: int
    """Packed size; only known if no descriptor follows."""

    @property
    def size_follows(self) -> bool:
        return bool(self.flags & _SIZE_FOLLOWS)


class _Content:
    """Unpacks one member and computes its checksum, which is compared here if it is known before."""

    def __init__(self, member: _Member, packed: Stream) -> None:
        self._member = member
        self._read = Inflater(packed, -15).read if member.method == _DEFLATED else packed.read
        self.crc = 0

    def read(self, size: int) -> bytes:
        piece = self._read(size)
        self.crc = zlib.crc32(piece, self.crc)
        if not piece and not self._member.size_follows and self.crc != self._member.crc:
            raise Damaged("the checksum is wrong: the member is cut off or damaged")
        return piece


def members(stream: Stream, report: Report) -> Iterator[tuple[str | None, Callable[[int], bytes]]]:
    """The files of the archive."""
    while stream.peek(4) == _LOCAL:
        place = stream.offset
        member = _header(stream)
        if member is None:
            report("the archive is cut off inside the header of a member", place)
            return
        readable = member.method in (_STORED, _DEFLATED) and not member.flags & _ENCRYPTED
        if member.size_follows and (not readable or member.method == _STORED):
            report(f"{member.name} cannot be read (encrypted, or not deflated), nor what comes behind it", place)
            return
        packed = stream if member.size_follows else Stream(limited(stream, member.size), _unheard)
        content = _Content(member, packed)
        if not readable:
            report(f"{member.name} cannot be read: it is encrypted, or packed by method {member.method}", place)
        elif not member.name.endswith("/"):
            yield member.name, content.read
        if not member.size_follows:
            packed.drain()
            continue
        _finish(content)
        if _skip_descriptor(stream) not in (None, content.crc):
            report(f"{member.name}: the checksum is wrong, some of it may be damaged", place)
    if stream.peek(4) not in _ENDS:
        report("the archive is cut off or damaged: neither a member nor the directory follows", stream.offset)


def _header(stream: Stream) -> _Member | None:
    head = stream.exactly(_HEADER.size)
    if len(head) < _HEADER.size:
        return None
    _, _, flags, method, _, _, crc, packed, size, name_size, extra_size = _HEADER.unpack(head)
    name, extra = stream.exactly(name_size), stream.exactly(extra_size)
    if packed == _IN_EXTRA:
        packed = _zip64_size(extra, size == _IN_EXTRA)
    encoding = "utf-8" if flags & _UTF8 else "cp437"
    return _Member(name.decode(encoding, "replace"), flags, method, crc, packed)


def _zip64_size(extra: bytes, both: bool) -> int:
    """The packed size in the zip64 part of the extra field, behind the unpacked size."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        if kind == 1:
            start = 12 if both else 4
            return int.from_bytes(extra[start : start + 8], "little")
        extra = extra[4 + size :]
    return 0


def _unheard(reason: str, byte: int) -> None:
    """What is missing is noticed, and reported, where it is unpacked."""


def _finish(content: _Content) -> None:
    """Unpacks what the reader of the member has left, to find its end."""
    try:
        while content.read(1 << 16):
            pass
    except Damaged:
        return


def _skip_descriptor(stream: Stream) -> int | None:
    """Moves behind checksum and sizes (4 or 8 bytes each, with a mark or without) and returns the
    checksum."""
    mark = 4 if stream.peek(4) == _DESCRIPTOR else 0
    for size in (mark + 12, mark + 20):
        if stream.peek(size + 4)[size:] in (_LOCAL, *_ENDS):
            return int.from_bytes(stream.exactly(size)[mark : mark + 4], "little")
    return None


CONTAINER = Container("zip", lambda head: head.startswith((_LOCAL, b"PK\5\6")), members)
