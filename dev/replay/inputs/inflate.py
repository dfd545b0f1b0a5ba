"""Unpacks deflated data step by step, and from damaged data all that can be had."""

from __future__ import annotations

import zlib

from replay.inputs.stream import Damaged, Stream

_PIECE = 64 * 1024


class Inflater:
    """One deflated run of bytes at the start of a stream.

    Args:
        packed: the stream; what it holds behind the run stays in it.
        wbits: as of ``zlib.decompressobj``: 31 for gzip, -15 for deflated data without a header.
    """

    def __init__(self, packed: Stream, wbits: int) -> None:
        self._packed = packed
        self._zlib = zlib.decompressobj(wbits)
        self._fault: str | None = None

    def read(self, size: int) -> bytes:
        """Up to ``size`` unpacked bytes; none at the end of the run.

        Raises:
            Damaged: where the data cannot be unpacked, after all that comes before it has been returned.
        """
        while not self._zlib.eof and self._fault is None:
            piece = self._zlib.unconsumed_tail or self._packed.read(_PIECE)
            if not piece:
                raise Damaged("the compressed data is cut off")
            before = self._zlib.copy()
            try:
                out = self._zlib.decompress(piece, size)
            except zlib.error as error:
                self._fault = f"the compressed data is damaged ({error})"
                out = _rescue(before, piece, size)
            if self._zlib.eof:
                self._packed.unread(self._zlib.unused_data)
            if out:
                return out
        if self._fault is not None:
            raise Damaged(self._fault)
        return b""


def _rescue(inflater: zlib._Decompress, piece: bytes, size: int) -> bytes:
    """What can still be unpacked, byte by byte, before the fault: zlib drops it when it finds the fault."""
    out = b""
    try:
        for index in range(len(piece)):
            out += inflater.decompress(piece[index : index + 1], size)
    except zlib.error:
        pass
    return out
