"""Event types and tags.

Source: Admin Manual, eventtypes.conf and tags.conf; Knowledge Manager Manual, "About tags and aliases".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from msgspec import Struct

from replay.errors import KnowledgeError, Place
from replay.knowledge.layers import Layers


class EventType(Struct, frozen=True):
    """A name for the events that a search finds.

    Attributes:
        name: the stanza.
        search: search expression, no pipes.
        tags: what tags.conf gives ``eventtype=<name>``, and the old ``tags`` setting of the stanza itself.
        place: the search.
        priority: 1 (first) to 10, only the order of display.
        app: id of the app that defines it.
    """

    name: str
    search: str
    tags: tuple[str, ...]
    place: Place
    priority: int
    app: str


class Tags:
    """Which tags the values of fields carry.

    Args:
        pairs: (field, value, tag), without repeats; a value may hold ``*``.
    """

    def __init__(self, pairs: Iterable[tuple[str, str, str]]) -> None:
        self._exact: dict[tuple[str, str], list[str]] = {}
        self._wild: list[tuple[str, re.Pattern[str], str]] = []
        self._tags: dict[str, list[tuple[str, str]]] = {}
        for field, value, tag in pairs:
            self._tags.setdefault(tag, []).append((field, value))
            if "*" in value:
                pattern = re.compile(".*".join(map(re.escape, value.split("*"))), re.DOTALL | re.IGNORECASE)
                self._wild.append((field, pattern, tag))
            else:
                self._exact.setdefault((field, value.lower()), []).append(tag)

    def of(self, field: str, value: str) -> tuple[str, ...]:
        """Tags of one value of one field, each once. Values match without case, as a search for them does."""
        tags = list(self._exact.get((field, value.lower()), ()))
        tags += [tag for name, pattern, tag in self._wild if name == field and pattern.fullmatch(value)]
        return tuple(dict.fromkeys(tags))

    def pairs(self, tag: str) -> tuple[tuple[str, str], ...]:
        """The (field, value) pairs that carry ``tag``; none for a tag that nobody gives."""
        return tuple(self._tags.get(tag, ()))

    def names(self) -> tuple[str, ...]:
        """All tags."""
        return tuple(self._tags)


def read_tags(layers: Layers, app: str) -> Tags:
    """The enabled tags that a search in ``app`` sees.

    Two stanzas that spell one pair differently (``%3A`` and ``:``) are one pair; the stronger app decides.

    Raises:
        KnowledgeError: a stanza is not ``[field=value]``, or a tag is neither enabled nor disabled.
    """
    says: dict[tuple[str, str, str], bool] = {}
    for name in layers.names(app, "tags"):
        stanza = layers.stanza(app, "tags", name)
        field, equals, value = name.partition("=")
        if stanza is None or not equals:
            raise KnowledgeError("a stanza of tags.conf is `[field=value]`", stanza.place if stanza else None)
        for tag, setting in stanza.settings.items():
            state = setting.value.lower()
            if state not in ("enabled", "disabled"):
                raise KnowledgeError(f"tag `{tag}` is enabled or disabled, not `{state}`", setting.place)
            says.setdefault((unquote(field), unquote(value), unquote(tag)), state == "enabled")
    return Tags(pair for pair, enabled in says.items() if enabled)


def read_eventtypes(layers: Layers, app: str, tags: Tags) -> Mapping[str, EventType]:
    """The event types that a search in ``app`` sees, by name; disabled ones are left out.

    Raises:
        KnowledgeError: an event type has no search.
    """
    found = {}
    for name in layers.names(app, "eventtypes"):
        stanza = layers.stanza(app, "eventtypes", name)
        if stanza is None or stanza.disabled:
            continue
        if not stanza.text("search"):
            raise KnowledgeError(f"event type `{name}` has no search", stanza.place)
        own = [word for word in re.split(r"[\s,]+", stanza.text("tags")) if word]
        found[name] = EventType(
            name=name,
            search=stanza.text("search"),
            tags=tuple(dict.fromkeys((*tags.of("eventtype", name), *own))),
            place=stanza.place_of("search"),
            priority=stanza.number("priority", 1),
            app=layers.owner(app, "eventtypes", name).id,
        )
    return found
