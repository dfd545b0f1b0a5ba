"""What Splunk Web would do for a dashboard: pages, a session, and the way to the REST API.

    /                           the dashboards there are
    /app/<app>/<view>           one dashboard; /app/<app>/search is a search and its rows
    /static/page.js, page.css   Splunk's packages, bundled
    /splunkd/__raw/services…    the REST API, for the page, which comes with the session cookie
    /services…                  the REST API, for custom commands, which come with their search's session key

The address that the server prints carries a secret; whoever brings it gets the session cookie. What
the cookie opens is answered only to a request that names this server as its host, so that no other site can reach it
through the browser's name resolution.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from replay.errors import ReplayError
from replay.preview import results
from replay.preview.views import View, find, views
from replay.serve.accounts import ADMIN
from replay.serve.errors import Refused
from replay.serve.gateway import Gateway, cookie_name
from replay.serve.head import Head

SPLUNKD = "/splunkd/__raw"
_STATIC = {"page.js": "text/javascript", "page.css": "text/css"}
# Nothing is loaded from elsewhere, whatever a dashboard or an event says. The packages compile JSON schemas
# (unsafe-eval) and write their styles into the page (unsafe-inline).
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}  # fmt: skip
_COLOURS = {"dark": ("#0b0c0e", "#fafafa"), "light": ("#f7f7f8", "#23252b")}


class Web:
    """The ASGI application.

    Args:
        head: the search head.
        dist: folder with the bundle.
        port: that it listens on.
        secret: of the address that is printed.
        span: first and last time of the events, epoch seconds; dashboards are opened on it. None if there are none.
    """

    def __init__(self, head: Head, dist: Path, port: int, secret: str, span: tuple[float, float] | None) -> None:
        self._head = head
        self._dist = dist
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._cookie = cookie_name(port)
        self._secret = secret
        self._span = span
        self._gateway = Gateway(head)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        path = str(scope["path"])
        if path.startswith("/services"):
            # A program: it shows its key, and may leave the port out of the host's name. The cookie is the page's.
            headers = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
            await self._gateway({**scope, "headers": headers}, receive, send)
        elif request.headers.get("host", "") not in self._hosts:
            await _page("Wrong host", "<p>This server answers only to its own name.</p>", 403)(scope, receive, send)
        elif path.startswith(f"{SPLUNKD}/services"):
            rest = {"path": path.removeprefix(SPLUNKD), "raw_path": _raw_path(scope).removeprefix(SPLUNKD.encode())}
            await self._gateway({**scope, **rest}, receive, send)
        else:
            await (await self._answer(request, path))(scope, receive, send)

    async def _answer(self, request: Request, path: str) -> Response:
        if request.method not in ("GET", "HEAD"):
            return _page("Method not allowed", "<p>Pages are only read.</p>", 405)
        if path == "/" and "secret" in request.query_params:
            return self._login(request.query_params["secret"])
        if not self._known(request):
            return _page("Not logged in", "<p>Open the address that <code>replay preview</code> printed.</p>", 401)
        try:
            return await run_in_threadpool(self._page, request, path.strip("/").split("/"))
        except ReplayError as error:
            return _page("This does not work", f"<p>{escape(str(error))}</p>", 500)

    def _login(self, secret: str) -> Response:
        if not hmac.compare_digest(secret.encode(), self._secret.encode()):
            return _page("Not logged in", "<p>The address is not the one that was printed.</p>", 401)
        response = RedirectResponse("/", 303, _HEADERS)
        key = self._head.accounts.open_session(ADMIN)
        response.set_cookie(self._cookie, key, path="/", httponly=True, samesite="strict")
        return response

    def _known(self, request: Request) -> bool:
        try:
            self._head.accounts.user_of("", request.cookies.get(self._cookie, ""))
        except Refused:
            return False
        return True

    def _page(self, request: Request, parts: list[str]) -> Response:
        knowledge = self._head.apps.knowledge
        match parts:
            case [""]:
                return _page("Dashboards", self._list(views(knowledge)))
            case ["static", name] if name in _STATIC:
                return FileResponse(self._dist / name, headers=_HEADERS, media_type=_STATIC[name])
            case ["app", app, "search"]:
                return _page("Search", results.page(self._head, app, request.query_params))
            case ["app", app, name] if view := find(knowledge, app, name):
                return _dashboard(view, request.query_params.get("theme", view.theme))
            case ["app", app, name] if app not in knowledge.apps:
                text = (
                    f"<p>The page <b>{escape(name)}</b> belongs to the app <b>{escape(app)}</b>, which is not here.</p>"
                )
                given = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in request.query_params.items())
                return _page("A page of another app", f"{text}<dl>{given}</dl>")
        return _page("Not found", "<p>No such page.</p>", 404)

    def _list(self, found: list[View]) -> str:
        if not found:
            return "<p>None of the apps has a dashboard of Dashboard Studio.</p>"
        entries = []
        for view in found:
            address = f"/app/{quote(view.app)}/{quote(view.name)}"
            links = "".join(
                f' · <a href="{escape(address + "?" + urlencode({**self._times(view), "theme": theme}))}">{theme}</a>'
                for theme in ("dark", "light")
            )
            opened = escape(f"{address}?{urlencode(self._times(view))}")
            entries.append(
                f'<li><a href="{opened}">{escape(view.label)}</a> <small>{escape(view.app)}{links}</small></li>'
            )
        return f"<ul>{''.join(entries)}</ul>"

    def _times(self, view: View) -> dict[str, str]:
        """The view's time inputs, set to the events that there are, as an address sets them (``form.<token>``)."""
        if self._span is None:
            return {}
        inputs: Mapping[str, Any] = view.definition.get("inputs", {})
        tokens = [one["options"]["token"] for one in inputs.values() if one.get("type") == "input.timerange"]
        first, last = int(self._span[0]), int(self._span[1]) + 1
        return {
            key: str(value)
            for token in tokens
            for key, value in ((f"form.{token}.earliest", first), (f"form.{token}.latest", last))
        }


def _raw_path(scope: Scope) -> bytes:
    raw: bytes = scope.get("raw_path") or str(scope["path"]).encode()
    return raw


def _dashboard(view: View, theme: str) -> Response:
    theme = theme if theme in _COLOURS else view.theme
    settings = {"splunkd": SPLUNKD, "app": view.app, "theme": theme, "definition": view.definition}
    data = json.dumps(settings).replace("<", "\\u003c")  # so that no text of it can end the script element
    body = (
        '<div id="dashboard"></div>'
        f'<script type="application/json" id="settings">{data}</script><script src="/static/page.js"></script>'
    )
    return _page(view.label, body, theme=theme, heading=False, styles='<link rel="stylesheet" href="/static/page.css">')


def _page(
    title: str, body: str, status: int = 200, *, theme: str = "dark", heading: bool = True, styles: str = ""
) -> Response:
    back, text = _COLOURS[theme]
    style = (
        f"html{{background:{back};color:{text};color-scheme:{theme}}}"
        "body{margin:0;font:14px/1.5 system-ui,sans-serif}main{padding:16px 24px}a{color:#5aa5d6}"
        "table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;border-bottom:1px solid #8886;"
        "padding:4px 12px 4px 0;overflow-wrap:anywhere}pre{white-space:pre-wrap}"
    )
    inner = f"<main><h1>{escape(title)}</h1>{body}</main>" if heading else body
    return HTMLResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<link rel="icon" href="data:,"><style>{style}</style>{styles}</head><body>{inner}</body></html>',
        status, _HEADERS,
    )  # fmt: skip
