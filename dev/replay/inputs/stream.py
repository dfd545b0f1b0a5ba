"""Bytes that are read forward only, so that a log of any size, from any source, costs the same memory."""

from __future__ import annotations

import codecs
from collections.abc import Callable

CHUNK = 256 * 1024


class Damaged(Exception):
    """Packed data that cannot be unpacked any further; the text says why."""


class Stream:
    """One file or archive member.

    Damage ends a stream as if the file ended there: it is reported once, with its place, and what was read
    before it stands.

    Args:
        read: returns up to n bytes, and none only at the end; raises ``Damaged`` or OSError where it cannot
            go on.
        report: takes the reason and the byte offset of the damage.

    Attributes:
        offset: how many bytes have been handed out.
    """

    def __init__(self, read: Callable[[int], bytes], report: Callable[[str, int], None]) -> None:
        self.offset = 0
        self._read = read
        self._report = report
        self._ahead = b""
        self._ended = False

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; none only at the end, or if none are wanted."""
        if size == 0:
            return b""
        if not self._ahead:
            piece = self._pull(size)
        else:
            piece, self._ahead = self._ahead[:size], self._ahead[size:]
        self.offset += len(piece)
        return piece

    def exactly(self, size: int) -> bytes:
        """``size`` bytes, or fewer at the end."""
        piece = self.peek(size)
        self._ahead = self._ahead[len(piece) :]
        self.offset += len(piece)
        return piece

    def peek(self, size: int) -> bytes:
        """The next ``size`` bytes (fewer at the end) without moving on."""
        while len(self._ahead) < size and (piece := self._pull(size - len(self._ahead))):
            self._ahead += piece
        return self._ahead[:size]

    def unread(self, data: bytes) -> None:
        """Puts back bytes that were read too far."""
        self._ahead = data + self._ahead
        self.offset -= len(data)

    def drain(self) -> None:
        """Reads to the end."""
        while self.read(CHUNK):
            pass

    def _pull(self, size: int) -> bytes:
        if self._ended:
            return b""
        try:
            piece = self._read(size)
        except (Damaged, OSError) as error:
            self._report(f"{error}; what comes before is kept", self.offset + len(self._ahead))
            piece = b""
        self._ended = not piece
        return piece


def limited(stream: Stream, size: int) -> Callable[[int], bytes]:
    """Reads the next ``size`` bytes of a stream and no more; raises ``Damaged`` where it has fewer."""
    end = stream.offset + size

    def read(wanted: int) -> bytes:
        piece = stream.read(min(wanted, end - stream.offset))
        if not piece and stream.offset < end:
            raise Damaged(f"cut off: {end - stream.offset} of {size} bytes are missing")
        return piece

    return read


class Window:
    """A view on a stream that grows at its end and forgets at its start.

    Attributes:
        data: the bytes in view.
        pos: index in ``data`` up to which the reader is done.
        base: offset in the stream of ``data[0]``.
    """

    def __init__(self, stream: Stream) -> None:
        self.data = b""
        self.pos = 0
        self.base = stream.offset
        self._stream = stream

    def more(self) -> bool:
        """Forgets what is before ``pos`` (which becomes 0) and adds bytes; False, and no change, at the end.

        The view doubles when it has to grow for one long event, so that the cost stays linear.
        """
        piece = self._stream.read(max(CHUNK, len(self.data) - self.pos))
        if not piece:
            return False
        self.base += self.pos
        self.data = self.data[self.pos :] + piece
        self.pos = 0
        return True


_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_UNMARKED = ((b"<\0", "utf-16-le"), (b"{\0", "utf-16-le"), (b"\0<", "utf-16-be"), (b"\0{", "utf-16-be"))


def as_utf8(stream: Stream, report: Callable[[str, int], None]) -> Stream:
    """The stream without its byte order mark; UTF-16, which Windows tools like to write, becomes UTF-8."""
    if stream.peek(3) == codecs.BOM_UTF8:
        stream.read(3)
        return stream
    for mark, encoding in _MARKS + _UNMARKED:
        if stream.peek(2) == mark:
            if mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                stream.read(2)
            return Stream(_Recoder(stream, encoding, report).read, report)
    return stream


class _Recoder:
    def __init__(self, stream: Stream, encoding: str, report: Callable[[str, int], None]) -> None:
        self._stream = stream
        self._encoding = encoding
        self._count = 0
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._report = report

    def read(self, size: int) -> bytes:
        while True:
            piece = self._stream.read(max(size // 2, 2))
            data = self._decode(piece).encode()
            self._count += len(data)
            if data or not piece:
                return data

    def _decode(self, piece: bytes) -> str:
        state = self._decoder.getstate()
        try:
            return self._decoder.decode(piece, not piece)
        except UnicodeDecodeError as error:
            before = len(piece[: error.start].decode(self._encoding, "replace").encode())
            self._report(f"not UTF-16 ({error.reason}); U+FFFD stands in its place", self._count + before)
        self._decoder.setstate(state)
        self._decoder.errors = "replace"
        text = self._decoder.decode(piece, not piece)
        self._decoder.errors = "strict"
        return text
