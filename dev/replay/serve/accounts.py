"""Users, their sessions and their tokens.

Secrets are kept as digests and looked up by digest, so that no comparison depends on how much of one was guessed.
Source: REST API Reference Manual, "Access endpoint descriptions" (auth/login, authorization/tokens).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from msgspec import Struct
from msgspec.structs import asdict

from replay.serve.errors import Refused
from replay.serve.kept import Kept

ADMIN = "admin"
SESSION_TIMEOUT = 3600.0
"""Seconds without a request after which a session ends (server.conf, sessionTimeout)."""
MOST_SESSIONS = 10_000


class Token(Struct):
    """A bearer token; ``digest`` is all that is kept of the secret."""

    id: str
    digest: str
    user: str
    audience: str
    created: float
    expires: float | None = None
    enabled: bool = True


class _Session(Struct):
    user: str
    used: float


class Accounts:
    """Who may come in.

    Args:
        password: of the user ``admin``.
        file: where tokens are kept from one run to the next, if they are.
        clock: epoch seconds.
    """

    def __init__(self, password: str, file: Path | None = None, clock: Callable[[], float] = time.time) -> None:
        self._passwords = {ADMIN: _digest(password)}
        self._sessions: dict[str, _Session] = {}
        self._kept = Kept(file)
        self._clock = clock
        self._lock = Lock()
        self.tokens: dict[str, Token] = {one["id"]: Token(**one) for one in self._kept.load([])}

    @property
    def users(self) -> list[str]:
        """Names of the users."""
        return list(self._passwords)

    def login(self, user: str, password: str) -> str:
        """A session key.

        Raises:
            Refused: the name or the password is wrong.
        """
        self.check(user, password)
        return self.open_session(user)

    def check(self, user: str, password: str) -> None:
        """Compare a password.

        Raises:
            Refused: the name or the password is wrong.
        """
        known = self._passwords.get(user, _digest(secrets.token_hex()))
        if not hmac.compare_digest(known, _digest(password)):
            raise Refused(401, "Login failed", "WARN", "incorrect_username_or_password")

    def open_session(self, user: str) -> str:
        """A session key without asking for the password: for the searches of a user who is logged in."""
        key = secrets.token_urlsafe(48)
        with self._lock:
            self._drop_expired()
            self._sessions[_digest(key)] = _Session(user, self._clock())
        return key

    def close_session(self, key: str) -> None:
        """The key is worth nothing from now on."""
        with self._lock:
            self._sessions.pop(_digest(key), None)

    def _drop_expired(self) -> None:
        oldest = self._clock() - SESSION_TIMEOUT
        if len(self._sessions) >= MOST_SESSIONS:
            self._sessions = {d: s for d, s in self._sessions.items() if s.used >= oldest}
        while len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[min(self._sessions, key=lambda d: self._sessions[d].used)]

    def user_of(self, authorization: str, cookie: str) -> tuple[str, str]:
        """Who asks, and the session key, if it is one.

        Args:
            authorization: the header: ``Splunk <key>``, ``Bearer <token>`` or ``Basic …``.
            cookie: the value of the session cookie.

        Raises:
            Refused: nobody whom this server knows.
        """
        scheme, _, credentials = authorization.partition(" ")
        credentials = credentials.strip()
        match scheme.lower():
            case "splunk" | "":
                return self._session(credentials or cookie)
            case "bearer":
                digest = _digest(credentials)
                return (self._token(digest), "") if self._is_token(digest) else self._session(credentials)
            case "basic":
                user, _, password = _basic(credentials).partition(":")
                self.check(user, password)
                return user, ""
        raise _nobody()

    def _session(self, key: str) -> tuple[str, str]:
        with self._lock:
            session = self._sessions.get(_digest(key))
            now = self._clock()
            if session is None or now - session.used > SESSION_TIMEOUT:
                raise _nobody()
            session.used = now
            return session.user, key

    def _is_token(self, digest: str) -> bool:
        return any(one.digest == digest for one in self.tokens.values())

    def _token(self, digest: str) -> str:
        token = next(one for one in self.tokens.values() if one.digest == digest)
        if not token.enabled or (token.expires is not None and token.expires < self._clock()):
            raise _nobody()
        return token.user

    def create_token(self, user: str, audience: str, lifetime: float | None) -> tuple[Token, str]:
        """A bearer token, and its secret, which is told this one time."""
        secret = secrets.token_urlsafe(48)
        now = self._clock()
        expires = None if lifetime is None else now + lifetime
        token = Token(secrets.token_hex(16), _digest(secret), user, audience, now, expires)
        self.tokens[token.id] = token
        self._save()
        return token, secret

    def delete_token(self, name: str) -> None:
        """The token is worth nothing from now on."""
        del self.tokens[name]
        self._save()

    def _save(self) -> None:
        self._kept.save([asdict(one) for one in self.tokens.values()])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _basic(credentials: str) -> str:
    try:
        return base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise _nobody() from error


def _nobody() -> Refused:
    return Refused(401, "call not properly authenticated", "WARN")
