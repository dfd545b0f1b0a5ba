"""gzip: one file, or several one after the other that together are one (RFC 1952)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from replay.inputs.base import Container, Report
from replay.inputs.inflate import Inflater
from replay.inputs.stream import Damaged, Stream

_MAGIC = b"\x1f\x8b"
_WBITS = 31


class _Gunzip:
    def __init__(self, packed: Stream) -> None:
        self._packed = packed
        self._inflater = Inflater(packed, _WBITS)

    def read(self, size: int) -> bytes:
        while True:
            piece = self._inflater.read(size)
            if piece:
                return piece
            if self._packed.peek(2) != _MAGIC:
                if self._packed.peek(512).strip(b"\0"):
                    raise Damaged("there is something else behind the gzip data")
                return b""
            self._inflater = Inflater(self._packed, _WBITS)


def members(stream: Stream, report: Report) -> Iterator[tuple[str | None, Callable[[int], bytes]]]:
    """The one file that is packed."""
    yield None, _Gunzip(stream).read


CONTAINER = Container("gzip", lambda head: head.startswith(_MAGIC), members)
