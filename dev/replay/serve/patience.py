"""How long the server waits for a client, at each step of a connection; who takes longer is told so, and dropped.

TLS handshake, request header, request body, and the client's reading of the answer each have a limit, so that slow and
half-open clients, whether broken or hostile, hold up nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import h11
from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

from replay.serve.errors import Refused

HANDSHAKE_SECONDS = 10.0
"""From the first byte of a connection to the end of its TLS handshake."""
HEADER_SECONDS = 20.0
"""From the connection, or the first byte of a further request on it, to the end of the request's header."""
BODY_SECONDS = 30.0
"""Between two pieces of a body."""
SLOWEST = 1024
"""Bytes a second that a body brings at least, on the average; its first ``BODY_SECONDS`` are given to it."""
READING_SECONDS = 60.0
"""That a client may leave an answer unread while there is more to send."""

CLOSE = {"Connection": "close"}
"""Header of an answer to a client that is too slow: nothing more is read from it."""


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose servers give up a TLS handshake early; uvicorn has no setting for it."""

    async def create_server(self, *args: Any, **kwargs: Any) -> asyncio.Server:
        """See asyncio."""
        if kwargs.get("ssl") is not None:
            kwargs["ssl_handshake_timeout"] = HANDSHAKE_SECONDS
        return await super().create_server(*args, **kwargs)


class Protocol(H11Protocol):
    """uvicorn's HTTP/1.1, with limits of time for the header and for reading the answer."""

    _header: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there: its header is awaited."""
        super().connection_made(transport)
        self._await_header()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        for timer in (self._header, self._reading):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of a header or a body."""
        super().data_received(data)
        if self._in_request():
            if self._header is not None:
                self._header.cancel()
                self._header = None
        elif self._header is None:
            self._await_header()

    def pause_writing(self) -> None:
        """The client does not keep up with the answer."""
        super().pause_writing()
        self._reading = self.loop.call_later(READING_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It does again."""
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        super().resume_writing()

    def _in_request(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _await_header(self) -> None:
        self._header = self.loop.call_later(HEADER_SECONDS, self._header_is_late)

    def _header_is_late(self) -> None:
        self._header = None
        if self._in_request() or self.transport.is_closing():
            return
        if self.conn.our_state is h11.IDLE:
            text = b"The request header took too long.\n"
            head = [(b"content-type", b"text/plain; charset=UTF-8"), (b"connection", b"close")]
            for event in (h11.Response(status_code=408, headers=head), h11.Data(data=text), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


async def pieces_of(request: Request) -> AsyncIterator[bytes]:
    """The body of a request, piece by piece.

    Raises:
        Refused: it comes too slowly (408).
    """
    loop = asyncio.get_running_loop()
    stream, size, started = request.stream(), 0, loop.time()
    while True:
        left = started + BODY_SECONDS + size / SLOWEST - loop.time()
        try:
            piece = await asyncio.wait_for(anext(stream, None), min(BODY_SECONDS, max(left, 0.0)))
        except TimeoutError:
            what = f"No data for {BODY_SECONDS:.0f} seconds" if left > BODY_SECONDS else "The body comes too slowly"
            raise Refused(408, what) from None
        if piece is None:
            return
        size += len(piece)
        yield piece
