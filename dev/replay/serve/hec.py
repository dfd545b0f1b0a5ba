"""The HTTP Event Collector: ASGI application of its port.

Source: Getting Data In, "Format events for HTTP Event Collector", "HTTP Event Collector REST API endpoints",
"About HTTP Event Collector Indexer Acknowledgment", "Troubleshoot HTTP Event Collector" (the codes).

An answer of success means that the events are in the index, on disk if the server has a store. So an acknowledgement
is there as soon as its id is.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import logging
import re
from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from msgspec import Struct
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from replay.errors import ReplayError
from replay.serve.errors import Refused
from replay.serve.gateway import body_of, drain
from replay.serve.hec_events import BadBatch, Defaults, batch, by_index, raw_events, store
from replay.serve.patience import CLOSE
from replay.serve.spool import Spool, receive_body

if TYPE_CHECKING:
    from replay.serve.head import Head

MOST_CHANNELS = 10_000
MOST_ARGUMENTS = 100
ACK_LIMIT = 1024 * 1024
_QUERY = frozenset({"channel", "index", "host", "source", "sourcetype", "token", "auto_extract_timestamp"})
MOST_REQUESTS = 400
"""Under way at once; more are told that the server is busy (code 9), and may come again."""
_CHANNEL = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
PREFIX = "/services/collector"
PATHS = {"": "POST", "/event": "POST", "/raw": "POST", "/ack": "POST", "/health": "GET"}
"""Path below it, also with ``/1.0`` behind -> method."""

log = logging.getLogger("replay.serve")


class HecError(Exception):
    """An answer of the collector that is no success: HTTP status, code, and text as documented."""

    def __init__(self, status: int, code: int, text: str, **more: Any) -> None:
        super().__init__(text)
        self.status, self.code, self.text, self.more = status, code, text, more


class HecToken(Struct, frozen=True):
    """A token as its stanza ``[http://<name>]`` of inputs.conf says it."""

    name: str
    disabled: bool
    acknowledge: bool
    indexes: tuple[str, ...]
    defaults: Defaults


class Collector:
    """The HTTP Event Collector.

    Args:
        head: the search head.
    """

    def __init__(self, head: Head) -> None:
        self._head = head
        self._acks: OrderedDict[str, int] = OrderedDict()
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        status, answer = 500, {"text": "Internal server error", "code": 8}
        self._under_way += 1
        try:
            if self._under_way > MOST_REQUESTS:
                raise HecError(503, 9, "Server is busy")
            answer = await self._answer(request)
            status = 200
        except HecError as error:
            status, answer = error.status, {"text": error.text, "code": error.code, **error.more}
        except Refused as error:
            status, answer = error.status, {"text": error.message, "code": 6}
        except ReplayError as error:
            answer = {"text": f"Internal server error: {error}", "code": 8}
        except ClientDisconnect:
            return
        except Exception:
            log.exception("%s %s", request.method, request.url.path)
        finally:
            self._under_way -= 1
        if status >= 400 and status != 408:
            await drain(request)
        headers = {405: {"Allow": "GET" if "/health" in request.url.path else "POST"}, 408: CLOSE}.get(status)
        await Response(json.dumps(answer), status, headers, "application/json")(scope, receive, send)

    async def _answer(self, request: Request) -> dict[str, Any]:
        path = request.url.path.rstrip("/")
        what = re.sub(r"/1\.0$", "", path.removeprefix(PREFIX)) if path.startswith(PREFIX) else "?"
        if what not in PATHS:
            raise HecError(404, 404, "The requested URL was not found on this server.")
        if request.method != PATHS[what]:
            raise HecError(405, 404, "The requested URL was not found on this server.")
        if what == "/health":
            return {"text": "HEC is healthy", "code": 17}
        token = await run_in_threadpool(self._token, request)
        channel = self._channel(request, token)
        if what == "/ack":
            return self._acknowledged(await body_of(request, ACK_LIMIT), token, channel)
        defaults = self._defaults(request, token)
        async with receive_body(request) as spool:
            if not spool.size:
                raise HecError(400, 5, "No data")
            await run_in_threadpool(self._store, what, spool, token, defaults)
        answer: dict[str, Any] = {"text": "Success", "code": 0}
        return answer | ({"ackId": self._next_ack(token, channel)} if token.acknowledge else {})

    # --- who and where ------------------------------------------------------------------------------------------------

    def _token(self, request: Request) -> HecToken:
        secret = _secret(request)
        found = None
        for stanza, app in self._head.apps.names(None, "inputs"):
            if stanza.startswith("http://"):
                settings = self._head.apps.stanza(app, "inputs", stanza)
                if settings and hmac.compare_digest(settings.text("token").lower().encode(), secret.lower().encode()):
                    found = settings
        if found is None or not found.text("token"):
            raise HecError(403, 4, "Invalid token")
        if found.disabled:
            raise HecError(403, 1, "Token disabled")
        return HecToken(
            found.name, found.disabled, found.flag("useACK"), _words(found.text("indexes")),
            Defaults(found.text("index") or "main", found.text("host") or "localhost",
                     found.text("source") or found.name.replace("//", ""), found.text("sourcetype")),
        )  # fmt: skip

    @staticmethod
    def _channel(request: Request, token: HecToken) -> str:
        channel = request.headers.get("x-splunk-request-channel") or request.query_params.get("channel", "")
        if channel and not _CHANNEL.fullmatch(channel):
            raise HecError(400, 11, "Invalid data channel")
        if token.acknowledge and not channel:
            raise HecError(400, 10, "Data channel is missing")
        return channel

    def _defaults(self, request: Request, token: HecToken) -> Defaults:
        query = _query(request)
        for name in sorted(query.keys() - _QUERY):
            text = f"HTTP Event Collector, {token.name}: the query argument `{name[:50]}` is unknown and has no effect"
            self._head.tell("WARN", text, f"hec_{name[:50]}")
        given = token.defaults
        return Defaults(
            query.get("index", given.index), query.get("host", given.host), query.get("source", given.source),
            query.get("sourcetype", given.sourcetype), "host" in query, "source" in query or bool(given.source),
        )  # fmt: skip

    def _check_indexes(self, wanted: Iterable[str], token: HecToken) -> None:
        """Whether the token may send there. With this error the number of the event counts from 1, as Splunk's does
        (Splunk Connect for Syslog, "Troubleshoot startup", shows it for a single event)."""
        there = self._head.indexes()
        for number, index in enumerate(wanted, 1):
            if (token.indexes and index not in token.indexes) or index not in there:
                raise HecError(400, 7, "Incorrect index", **{"invalid-event-number": number})

    # --- events -------------------------------------------------------------------------------------------------------

    def _store(self, what: str, spool: Spool, token: HecToken, defaults: Defaults) -> None:
        try:
            if what == "/raw":
                self._check_indexes([defaults.index], token)
                wrong = store(self._head, [(defaults.index, raw_events(spool.file, defaults))])
            else:
                events = batch(spool.text(), defaults)
                self._check_indexes((index for index, _ in events), token)
                wrong = store(self._head, by_index(events).items())
        except BadBatch as error:
            raise HecError(400, error.code, error.text, **{"invalid-event-number": error.number}) from error
        except ReplayError as error:
            raise HecError(500, 8, f"Internal server error: {error}") from error
        if wrong:
            self._head.tell("WARN", f"HTTP Event Collector, {token.name}: {wrong}")

    # --- acknowledgement ----------------------------------------------------------------------------------------------

    def _next_ack(self, token: HecToken, channel: str) -> int:
        key = f"{token.name} {channel.lower()}"
        number = self._acks.pop(key, 0)
        self._acks[key] = number + 1
        while len(self._acks) > MOST_CHANNELS:
            self._acks.popitem(last=False)
        return number

    def _acknowledged(self, body: bytes, token: HecToken, channel: str) -> dict[str, Any]:
        if not token.acknowledge:
            raise HecError(400, 14, "ACK is disabled")
        try:
            acks = json.loads(body)["acks"]
            numbers = [int(one) for one in acks]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise HecError(400, 6, "Invalid data format") from None
        issued = self._acks.get(f"{token.name} {channel.lower()}", 0)
        return {"acks": {str(n): 0 <= n < issued for n in numbers}}


def _query(request: Request) -> dict[str, str]:
    """The arguments of the URL."""
    try:
        query = {k: v[-1] for k, v in parse_qs(request.url.query, max_num_fields=MOST_ARGUMENTS).items()}
    except ValueError:
        raise HecError(400, 6, f"Invalid data format: more than {MOST_ARGUMENTS} query arguments") from None
    if query.get("auto_extract_timestamp", "").lower() in ("1", "true"):
        reason = "auto_extract_timestamp is not done here: say `time` of each event, or send to /raw"
        raise HecError(400, 6, f"Invalid data format: {reason}")
    return query


def _secret(request: Request) -> str:
    header = request.headers.get("authorization", "")
    if not header:
        if "token" in request.query_params:
            raise HecError(400, 16, "Query string authorization is not enabled")
        raise HecError(401, 2, "Token is required")
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() in ("splunk", "bearer") and credentials.strip():
        return credentials.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            pass
    raise HecError(401, 3, "Invalid authorization")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[\s,]+", text) if word)
