"""The body of an upload, on disk as soon as it is large, unpacked if it came as gzip."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from replay.serve.errors import Refused
from replay.serve.patience import pieces_of

BODY_LIMIT = 800 * 1024 * 1024
"""Bytes of an upload, unpacked (limits.conf, [http_input], max_content_length)."""
IN_MEMORY = 1024 * 1024
BATCH_LIMIT = 64 * 1024 * 1024
"""Bytes of a batch of JSON events, which is read at once."""


class Spool:
    """Bytes that have been received."""

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  (its user closes it)
        self.size = 0

    def write(self, data: bytes) -> None:
        """Add bytes.

        Raises:
            Refused: these are too many.
        """
        self.size += len(data)
        if self.size > BODY_LIMIT:
            raise Refused(413, f"The content is too large (maximum is {BODY_LIMIT} bytes)")
        self.file.write(data)

    def text(self) -> str:
        """All of it.

        Raises:
            Refused: it is too large to be read at once.
        """
        if self.size > BATCH_LIMIT:
            raise Refused(413, f"A batch of events is larger than {BATCH_LIMIT} bytes: send several, or use /raw")
        self.file.seek(0)
        return self.file.read().decode("utf-8", "replace")


@asynccontextmanager
async def receive_body(request: Request) -> AsyncIterator[Spool]:
    """The body of a request, ready to be read from its start.

    Raises:
        Refused: it is too large, unpacked or not; it is no gzip though it says so; or it comes too slowly.
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > BODY_LIMIT:
        raise Refused(413, f"The content-length of {declared} is too large (maximum is {BODY_LIMIT} bytes)")
    packed = request.headers.get("content-encoding", "").lower() == "gzip"
    unpack = zlib.decompressobj(wbits=31) if packed else None
    spool = Spool()
    with spool.file:
        async for piece in pieces_of(request):
            await run_in_threadpool(_write, spool, piece, unpack)
        if unpack is not None and not unpack.eof:
            raise Refused(400, "The gzip data is cut off")
        spool.file.seek(0)
        yield spool


def _write(spool: Spool, piece: bytes, unpack: zlib._Decompress | None) -> None:
    if unpack is None:
        spool.write(piece)
        return
    try:
        while piece and not unpack.eof:
            spool.write(unpack.decompress(piece, IN_MEMORY))
            piece = unpack.unconsumed_tail
    except zlib.error as error:
        raise Refused(400, f"Content-Encoding says gzip, but the data is none: {error}") from error
    if unpack.eof and unpack.unused_data:
        raise Refused(400, "There is data behind the end of the gzip data")
