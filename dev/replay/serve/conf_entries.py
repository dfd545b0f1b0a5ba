"""Entities that are stanzas of a .conf file: listed, read, created, changed and removed alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from replay.errors import KnowledgeError
from replay.knowledge import Stanza
from replay.knowledge.conf import DEFAULT
from replay.serve.calls import ANY, Call
from replay.serve.errors import Refused, missing
from replay.serve.feeds import Entry, Feed

_FLAGS = frozenset({"disabled", "is_scheduled", "is_visible", "realtime_schedule", "useACK", "run_on_startup"})
"""Settings that splunkd shows as booleans; all others are text."""
_ABOUT_THE_CALL = frozenset(
    {"name", "output_mode", "count", "offset", "search_app", "f", "sort_dir", "sort_key", "listDefaultActionArgs"}
)


def content_of(stanza: Stanza) -> dict[str, Any]:
    """The settings as properties."""
    found: dict[str, Any] = {"disabled": False}
    for key, value in stanza.values().items():
        found[key] = _flag(stanza, key) if key in _FLAGS else value
    return found


def _flag(stanza: Stanza, key: str) -> bool | str:
    try:
        return stanza.flag(key)
    except KnowledgeError:
        return stanza.text(key)


def settings_of(call: Call) -> dict[str, str]:
    """The settings that a request gives: all its arguments but those about the request itself."""
    return {key: value for key, value in call.params if key not in _ABOUT_THE_CALL}


class ConfKind(Struct, frozen=True):
    """A kind of entities.

    Attributes:
        conf: name of the .conf file.
        path: of the collection, below the namespace.
        prefix: what the names of its stanzas begin with; it is no part of the entity's name.
        actions: links of each entity.
        content: what an entity shows.
        home: the app that new ones are written to if the path names none.
        wanted: whether a stanza of the file is one of them.
    """

    conf: str
    path: str
    prefix: str = ""
    actions: Sequence[str] = ("enable", "disable")
    content: Callable[[Stanza], Mapping[str, Any]] = content_of
    home: str | None = None
    wanted: Callable[[Stanza], bool] = lambda stanza: True

    def all(self, call: Call) -> list[Entry]:
        """Those that the namespace sees: of an app, or with ``-`` of all apps."""
        app = None if call.app == ANY else (call.app and call.context) or self.home or call.context
        found = []
        for name, owner in call.head.apps.names(app, self.conf):
            if name.startswith(self.prefix):
                entry = self._entry(call, name, owner, app or owner)
                if entry is not None:
                    found.append(entry)
        return found

    def get(self, call: Call, name: str) -> Entry:
        """The one of that name.

        Raises:
            Refused: there is none.
        """
        apps = call.head.apps
        app = None if call.app == ANY else (call.app and call.context) or self.home or call.context
        stanza = self.prefix + name.removeprefix(self.prefix)
        owners = [owner for one, owner in apps.names(app, self.conf) if one == stanza]
        entry = self._entry(call, stanza, owners[0], app or owners[0]) if owners else None
        if entry is None:
            raise missing(self.conf, name)
        return entry

    def _entry(self, call: Call, stanza: str, owner: str, context: str) -> Entry | None:
        found = call.head.apps.stanza(context, self.conf, stanza)
        if found is None or not self.wanted(found):
            return None
        name = stanza.removeprefix(self.prefix)
        shown = stanza if self.prefix == "http://" else name
        path = f"{self.path}/{encoded(shown)}"
        return Entry(shown, path, self.content(found), owner, "nobody", self.actions)

    def create(self, call: Call, settings: Mapping[str, str]) -> Feed:
        """A new one, named by the argument ``name``.

        Raises:
            Refused: there is one already (409), or it has no name.
        """
        name = call.text("name")
        if not name.strip():
            raise Refused(400, "The following required arguments are missing: name.")
        if name.strip() == DEFAULT and not self.path.startswith("configs/"):
            raise Refused(400, f"'{name}' cannot be a name: its settings would be those of every other stanza")
        app = call.context if call.app not in (None, ANY) else self.home or call.context
        stanza = self.prefix + name.removeprefix(self.prefix)
        if any(one == stanza and owner == app for one, owner in call.head.apps.names(app, self.conf)):
            raise Refused(409, f"Unable to create {self.conf} '{name}': an object with name={name} already exists")
        call.head.apps.write(app, self.conf, stanza, {"disabled": "0", **settings})
        entry = self._entry(call, stanza, app, app)
        return Feed(self.path, [entry] if entry else [], status=201)

    def update(self, call: Call, name: str, settings: Mapping[str, str]) -> Feed:
        """Change settings of one; they go into ``local/`` of the app that owns it.

        Raises:
            Refused: there is none.
        """
        entry = self.get(call, name)
        call.head.apps.write(entry.app, self.conf, self.prefix + entry.name.removeprefix(self.prefix), settings)
        return Feed(self.path, [self.get(call, name)])

    def remove(self, call: Call, name: str) -> Feed:
        """Remove one.

        Raises:
            Refused: there is none, or it is part of the app itself.
        """
        entry = self.get(call, name)
        call.head.apps.remove(entry.app, self.conf, self.prefix + entry.name.removeprefix(self.prefix))
        return call.page(self.path, self.all(call))

    def switch(self, call: Call, name: str, action: str) -> Feed:
        """``enable`` or ``disable``."""
        if action not in ("enable", "disable"):
            raise Refused(404, "Not Found")
        return self.update(call, name, {"disabled": "1" if action == "disable" else "0"})


def encoded(name: str) -> str:
    """A name as a segment of a path; a slash is encoded twice, since ``%2F`` would be taken for one."""
    return quote(name.replace("/", "%2F"), safe="") if "/" in name else quote(name, safe="")
