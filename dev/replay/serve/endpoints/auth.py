"""auth/login, authentication/current-context, authorization/tokens (Access endpoint descriptions)."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from starlette.responses import Response

from replay.serve.accounts import Token
from replay.serve.calls import LISTING, Call, endpoint
from replay.serve.errors import Refused, missing, unsupported
from replay.serve.feeds import Entry, Feed
from replay.serve.gateway import cookie_name
from replay.spl.timespec import SECONDS

_OF_TOKEN = ("name", "audience", "expires_on", "output_mode")


@endpoint("POST", "auth/login", public=True, takes="username! password! cookie:boolean")
def login(call: Call) -> Response:
    """A session key for a name and a password; with ``cookie=1`` as a cookie, too."""
    key = call.head.accounts.login(call.text("username"), call.text("password"))
    if call.json:
        response = Response(json.dumps({"sessionKey": key, "message": "", "code": ""}), media_type="application/json")
    else:
        text = f'<response>\n  <sessionKey>{escape(key)}</sessionKey>\n  <messages>\n    <msg code=""></msg>\n'
        response = Response(f"{text}  </messages>\n</response>\n", media_type="text/xml")
    if call.flag("cookie"):
        name = cookie_name(urlsplit(call.origin).port or 443)
        response.set_cookie(name, key, path="/", secure=True, httponly=True, samesite="strict")
    return response


@endpoint("GET", "authentication/current-context")
def current_context(call: Call) -> Feed:
    """Who is logged in."""
    content = {
        "username": call.user, "realname": "Administrator", "email": "", "roles": [call.user],
        "defaultApp": call.head.apps.home,
        "capabilities": capabilities(call), "type": "Splunk", "tz": "",
    }  # fmt: skip
    return Feed("current-context", [Entry("context", "authentication/current-context/context", content)])


def capabilities(call: Call) -> list[str]:
    """What the administrator may do: every capability that some role of authorize.conf has."""
    apps = call.head.apps
    found: set[str] = set()
    for name, _ in apps.names(None, "authorize"):
        stanza = apps.stanza("system", "authorize", name) if name.startswith("role_") else None
        found |= {key for key, value in stanza.values().items() if value == "enabled"} if stanza else set()
    return sorted(found)


def _token_entry(token: Token) -> Entry:
    claims = {"iss": token.user, "sub": token.user, "aud": token.audience, "iat": int(token.created),
              "exp": int(token.expires or 0)}  # fmt: skip
    content = {"claims": claims, "status": "enabled" if token.enabled else "disabled", "lastUsed": 0}
    return Entry(token.id, f"authorization/tokens/{token.id}", content)


@endpoint("GET", "authorization/tokens", takes=LISTING)
def list_tokens(call: Call) -> Feed:
    """All bearer tokens, without their secrets."""
    return call.page("tokens", [_token_entry(token) for token in call.head.accounts.tokens.values()])


@endpoint("POST", "authorization/tokens", takes="name! audience! expires_on", gives="201")
def create_token(call: Call) -> Feed:
    """A bearer token for a user (``name``, ``audience``, ``expires_on`` such as ``+30d``)."""
    strange = [key for key, _ in call.params if key not in _OF_TOKEN]
    if strange:
        raise unsupported(strange[0])
    user, audience = call.text("name"), call.text("audience")
    if user not in call.head.accounts.users:
        raise Refused(400, f"User {user[:100]} does not exist")
    if not audience:
        raise Refused(400, "The argument 'audience' is required")
    token, secret = call.head.accounts.create_token(user, audience, _lifetime(call.text("expires_on")))
    entry = _token_entry(token)
    content = {**entry.content, "id": token.id, "token": secret}
    return Feed("tokens", [Entry(token.id, entry.path, content)], status=201)


def _lifetime(text: str) -> float | None:
    if not text:
        return None
    found = re.fullmatch(r"\+?(\d{1,6})(s|m|h|d|w)", text)
    if found is None:
        raise Refused(400, f"Invalid expires_on '{text[:50]}': write it as +30d")
    return float(int(found[1]) * SECONDS[found[2]])


@endpoint("DELETE", "authorization/tokens/{user}", takes="id")
def delete_token(call: Call) -> Feed:
    """Delete the token that the parameter ``id`` names."""
    tokens = call.head.accounts.tokens
    name = call.text("id") or call.names["user"]
    if name not in tokens:
        raise missing("token", name)
    call.head.accounts.delete_token(name)
    return list_tokens(call)
