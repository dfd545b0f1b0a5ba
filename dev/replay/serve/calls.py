"""What an endpoint gets, and how endpoints are declared.

An endpoint is a function in a module of ``endpoints``:

    @endpoint("GET", "saved/searches/{name}")
    def show(call: Call) -> Feed: …

It answers for ``/services/…`` and ``/servicesNS/<owner>/<app>/…``, and for ``search/v1/…`` and ``search/v2/…`` as for
``search/…``.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote, unquote_plus

from msgspec import Struct, field
from starlette.responses import Response

from replay.serve.errors import Refused
from replay.serve.feeds import Entry, Feed

if TYPE_CHECKING:
    from replay.serve.head import Head

Reply = Feed | Response
Handler = Callable[["Call"], Reply | Awaitable[Reply]]
_TRUE, _FALSE = frozenset({"1", "true", "t", "yes", "y"}), frozenset({"0", "false", "f", "no", "n"})
ANY = "-"


class Call(Struct):
    """One request.

    Attributes:
        head: the search head.
        method: HTTP method.
        path: that was asked for, without query and end slash.
        names: variables of the endpoint's path -> what stands there, decoded.
        owner: of the namespace; ``-`` for any.
        app: of the namespace; None where the path has no namespace, ``-`` for any.
        params: of the query and the form, in order.
        body: as it came.
        user: who asks.
        session_key: of the user's session, or nothing.
        origin: ``https://host:port`` as the client sees this server.
        gone: waits until the client is gone.
    """

    head: Head
    method: str
    path: str
    names: Mapping[str, str] = field(default_factory=dict)
    owner: str = "nobody"
    app: str | None = None
    params: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    user: str = ""
    session_key: str = ""
    origin: str = ""
    gone: Callable[[], Awaitable[None]] | None = None

    @property
    def context(self) -> str:
        """Id of the app in whose context the request is answered.

        Raises:
            Refused: there is no such app.
        """
        if self.app in (None, ANY):
            return self.head.apps.home
        assert self.app is not None
        if self.app not in self.head.apps.knowledge.apps:
            raise Refused(404, f"Application does not exist: {self.app}")
        return self.app

    def text(self, name: str, default: str = "") -> str:
        """The last value of a parameter."""
        return next((value for key, value in reversed(self.params) if key == name), default)

    def has(self, name: str) -> bool:
        """Whether a parameter was given."""
        return any(key == name for key, _ in self.params)

    def all(self, name: str) -> list[str]:
        """All values of a parameter."""
        return [value for key, value in self.params if key == name]

    def flag(self, name: str, default: bool = False) -> bool:
        """A boolean parameter.

        Raises:
            Refused: it is none.
        """
        value = self.text(name).lower()
        if not value:
            return default
        if value not in _TRUE | _FALSE:
            raise Refused(400, f"Invalid value '{value}' for argument '{name}': it must be a boolean")
        return value in _TRUE

    def number(self, name: str, default: int) -> int:
        """A whole-number parameter.

        Raises:
            Refused: it is none.
        """
        value = self.text(name)
        if not value:
            return default
        try:
            return int(value)
        except ValueError:
            raise Refused(400, f"Invalid value '{value[:50]}' for argument '{name}': it must be a number") from None

    @property
    def output_mode(self) -> str:
        """The format that is asked for."""
        return self.text("output_mode", "xml")

    @property
    def json(self) -> bool:
        """Whether entries are to be JSON."""
        return self.output_mode.startswith("json")

    def page(self, title: str, entries: Sequence[Entry], default: int = 30) -> Feed:
        """The part of the entries that ``count``, ``offset``, ``search``, ``sort_key`` and ``sort_dir`` ask for.

        ``count`` 0 and -1 are all. ``search`` is a part of the name, or ``key=value``. ``sort_key`` is ``name`` or a
        property; numbers are sorted as such, before text.
        """
        wanted = self.text("search").strip()
        if wanted:
            entries = [entry for entry in entries if _meets(entry, wanted)]
        key = self.text("sort_key")
        if key:
            entries = sorted(
                entries, key=lambda entry: _rank(entry.content.get(key, entry.name if key == "name" else ""))
            )
        if self.text("sort_dir") == "desc":
            entries = entries[::-1]
        count, offset = self.number("count", default), max(self.number("offset", 0), 0)
        end = len(entries) if count <= 0 else offset + count
        return Feed(title, entries[offset:end], len(entries), count, offset)


def _rank(value: object) -> tuple[bool, float, str]:
    text = str(value)
    try:
        return False, float(text), ""
    except ValueError:
        return True, 0.0, text.lower()


def _meets(entry: Entry, wanted: str) -> bool:
    key, equals, value = wanted.partition("=")
    if equals and key.strip() in entry.content:
        return str(entry.content[key.strip()]) == value.strip().strip('"')
    if equals and key.strip() == "name":
        return entry.name == value.strip().strip('"')
    return wanted.strip('"*').lower() in entry.name.lower()


class Endpoint(Struct, frozen=True):
    """A declared endpoint.

    Attributes:
        method: HTTP method.
        parts: the segments of its path.
        handler: answers.
        public: whether it answers without a login.
        takes: its arguments; see ``endpoint``.
        gives: HTTP statuses of success.
        media: names of media types of the answer (``json``, ``xml``, ``csv``, ``text``).
        sends: what the body of a request is: ``form``, ``json`` or ``text``.
    """

    method: str
    parts: tuple[str, ...]
    handler: Handler
    public: bool
    takes: str
    gives: str
    media: str
    sends: str


LISTING = "count:integer offset:integer search sort_key sort_dir=asc|desc"
"""Arguments of an endpoint that answers with ``Call.page``."""
SETTINGS = "*"
NEW = "name! *"
_VERSIONS = (["v1"], ["v2"])
_ENDPOINTS: list[Endpoint] = []
_H = TypeVar("_H", bound=Handler)


def endpoint(
    methods: str, path: str, *, public: bool = False, takes: str | Mapping[str, str] = "",
    gives: str | Mapping[str, str] = "200", media: str = "json xml", sends: str = "form",
) -> Callable[[_H], _H]:  # fmt: skip
    """Declare an endpoint.

    The description of the API (``description.py``) is made from what is said here and from the handler's docstring.

    Args:
        methods: one or more HTTP methods, with blanks between.
        path: below ``/services``; ``{name}`` takes one segment.
        public: it answers without a login.
        takes: arguments beside ``output_mode``, with blanks between: ``name``; ``name!`` is required,
            ``name:integer`` and ``name:boolean`` are typed, ``name=a|b`` is one of these, ``*`` stands for settings of
            any name. A mapping gives them by method.
        gives: statuses of success, with blanks between; a mapping gives them by method.
        media: of the answer, with blanks between: ``json``, ``xml``, ``csv``, ``text``.
        sends: what a body is, ``form``, ``json`` or ``text``.
    """

    def register(handler: _H) -> _H:
        for method in methods.split():
            taken = takes if isinstance(takes, str) else takes.get(method, "")
            given = gives if isinstance(gives, str) else gives.get(method, "200")
            _ENDPOINTS.append(Endpoint(method, tuple(path.split("/")), handler, public, taken, given, media, sends))
        return handler

    return register


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """Every endpoint of the folder: what has fewer variables comes first."""
    from replay.serve import endpoints as folder

    for info in pkgutil.iter_modules(folder.__path__):
        importlib.import_module(f"{folder.__name__}.{info.name}")
    return tuple(sorted(_ENDPOINTS, key=lambda e: [part.startswith("{") for part in e.parts]))


def find(method: str, segments: Sequence[str]) -> tuple[Endpoint, dict[str, str]]:
    """The endpoint for a path, and the values of its variables.

    Args:
        method: HTTP method.
        segments: of the path, still encoded.

    Raises:
        Refused: 404 or 405.
    """
    allowed = []
    for one in endpoints():
        names = _match(one.parts, segments)
        if names is not None and one.method == method:
            return one, names
        if names is not None:
            allowed.append(one.method)
    if allowed:
        raise Refused(405, "Method Not Allowed", headers={"Allow": ", ".join(sorted(allowed))})
    raise Refused(404, "Not Found")


def _match(parts: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
    if len(parts) != len(segments):
        return None
    names = {}
    for part, segment in zip(parts, segments, strict=True):
        if part.startswith("{"):
            names[part[1:-1]] = decoded(segment)
        elif part != segment:
            return None
    return names


def unversioned(segments: Sequence[str]) -> Sequence[str]:
    """A path without the version that ``search/v1/…`` and ``search/v2/…`` name: here they are the same."""
    return ["search", *segments[2:]] if segments[0] == "search" and segments[1:2] in _VERSIONS else segments


def versioned(parts: Sequence[str]) -> Iterator[Sequence[str]]:
    """All spellings of a path: itself, and with each version."""
    yield parts
    if parts[0] == "search":
        yield from (["search", *version, *parts[1:]] for version in _VERSIONS)


def decoded(segment: str) -> str:
    """A name from a segment of a path. Clients write a blank as ``+``, and encode a slash twice, since proxies refuse
    ``%2F``."""
    name = unquote_plus(segment)
    return unquote(name) if "%2f" in name.lower() else name
