"""A request on its way in, as far as its endpoint; the answer on its way out.

ASGI application of the management port. Source: REST API User Manual, "Using the REST API reference".
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from replay.errors import ReplayError
from replay.serve.calls import Call, Endpoint, decoded, find, unversioned
from replay.serve.errors import Refused
from replay.serve.feeds import Feed, as_json, as_xml, messages_json, messages_xml
from replay.serve.patience import CLOSE, pieces_of

if TYPE_CHECKING:
    from replay.serve.head import Head

BODY_LIMIT = 16 * 1024 * 1024
"""Bytes that a request to the management port may have."""
FIELDS_LIMIT = 10_000
DRAIN_LIMIT = 64 * 1024 * 1024
DRAIN_SECONDS, DRAIN_PAUSE = 10.0, 0.5
_HEADERS = {401: {"WWW-Authenticate": 'Basic realm="/splunk"'}, 408: CLOSE}

log = logging.getLogger("replay.serve")


class Gateway:
    """The management port.

    Args:
        head: the search head.
    """

    def __init__(self, head: Head) -> None:
        self._head = head

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        response: Response
        call = Call(self._head, request.method, _path(scope), origin=f"{request.url.scheme}://{request.url.netloc}")
        try:
            call.params = _pairs(scope["query_string"].decode("latin-1"))
            response = await self._answer(call, request)
        except ClientDisconnect:
            return
        except Refused as error:
            response = refusal(error, call.json)
        except ReplayError as error:
            response = refusal(Refused(400, str(error)), call.json)
        except Exception:
            log.exception("%s %s", call.method, call.path)
            response = refusal(Refused(500, "Internal server error; the server's log has the details"), call.json)
        if response.status_code >= 400 and response.status_code != 408:
            await drain(request)
        await response(scope, receive, send)

    async def _answer(self, call: Call, request: Request) -> Response:
        segments = self._namespace(call)
        found, call.names = find("GET" if call.method == "HEAD" else call.method, segments)
        if not found.public:
            self._login(call, request)
        call.body = await body_of(request, BODY_LIMIT)
        call.gone = lambda: _gone(request)
        if found.sends == "form":
            call.params = [*call.params, *_pairs(call.body.decode("utf-8", "replace"))]
        return await self._handle(call, found)

    @staticmethod
    async def _handle(call: Call, found: Endpoint) -> Response:
        if inspect.iscoroutinefunction(found.handler):
            reply = await found.handler(call)
        else:
            reply = await run_in_threadpool(found.handler, call)
        if isinstance(reply, Feed):
            render, media = (as_json, "application/json") if call.json else (as_xml, "text/xml")
            body = await run_in_threadpool(render, reply, call.origin, call.path)
            return Response(body, reply.status, media_type=f"{media}; charset=UTF-8")
        assert isinstance(reply, Response)
        return reply

    def _login(self, call: Call, request: Request) -> None:
        cookie = request.cookies.get(cookie_name(request.url.port or 443), "")
        authorization = request.headers.get("authorization", "")
        call.user, call.session_key = self._head.accounts.user_of(authorization, cookie)

    @staticmethod
    def _namespace(call: Call) -> Sequence[str]:
        """The segments below ``/services`` or ``/servicesNS/<owner>/<app>``, which go into the call."""
        root, *segments = call.path.strip("/").split("/")
        if root == "servicesNS" and len(segments) > 2:
            call.owner, call.app = decoded(segments[0]), decoded(segments[1])
            segments = segments[2:]
        elif root != "services" or not segments:
            raise Refused(404, "Not Found")
        return unversioned(segments)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _path(scope: Scope) -> str:
    """The path as it was sent, still encoded, without end slashes."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.split(b"?", 1)[0].decode("latin-1").rstrip("/")


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_LIMIT, errors="replace")
    except ValueError:
        raise Refused(400, f"More than {FIELDS_LIMIT} arguments") from None


async def body_of(request: Request, limit: int) -> bytes:
    """The body of a request.

    Raises:
        Refused: it is too large (413), or its pieces come too slowly (408).
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > limit:
        raise Refused(413, f"The request is larger than {limit} bytes")
    parts: list[bytes] = []
    size = 0
    async for piece in pieces_of(request):
        size += len(piece)
        if size > limit:
            raise Refused(413, f"The request is larger than {limit} bytes")
        parts.append(piece)
    return b"".join(parts)


async def drain(request: Request) -> None:
    """Take what a client is still sending, so that it comes to read why its request is refused; within limits."""
    size = 0
    with suppress(ClientDisconnect, RuntimeError, TimeoutError):  # RuntimeError: it was read to its end already
        async with asyncio.timeout(DRAIN_SECONDS):
            stream = request.stream()
            while (
                size <= DRAIN_LIMIT and (piece := await asyncio.wait_for(anext(stream, None), DRAIN_PAUSE)) is not None
            ):
                size += len(piece)


def cookie_name(port: int) -> str:
    """Name of the session cookie."""
    return f"splunkd_{port}"


def refusal(error: Refused, json: bool) -> Response:
    """An error as Splunk shapes it."""
    messages = [(error.kind, error.message, error.code)]
    headers = error.headers or _HEADERS.get(error.status)
    if json:
        return Response(messages_json(messages), error.status, headers, "application/json; charset=UTF-8")
    return Response(messages_xml(messages), error.status, headers, "text/xml; charset=UTF-8")
