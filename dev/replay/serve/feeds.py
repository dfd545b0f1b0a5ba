"""Entries, such as saved searches or jobs, as Atom or JSON.

Source: REST API User Manual, "Using the REST API reference" (Atom feed response, JSON).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from msgspec import Struct

VERSION = "9.4.0"
"""The Splunk version whose API this is; clients choose the v2 search endpoints by it."""
BUILD = "replay"

Message = tuple[str, str]
"""(``INFO``, ``WARN``, ``ERROR``, ``FATAL``; text)."""

_SEGMENT = {"create": "_new"}
"""Links whose path ends otherwise than they are called."""
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMESPACES = (
    'xmlns="http://www.w3.org/2005/Atom" xmlns:s="http://dev.splunk.com/ns/rest" '
    'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"'
)


class Entry(Struct, frozen=True):
    """One entity.

    Attributes:
        name: as users know it (the title of an Atom entry).
        path: of the entity, below the namespace, encoded: ``saved/searches/My%20search``.
        content: its properties; values are text, numbers, booleans, lists or mappings.
        app, owner: where it lives.
        actions: further links, such as ``dispatch``.
        writable: whether ``edit`` and ``remove`` links are given.
    """

    name: str
    path: str
    content: Mapping[str, Any]
    app: str = "system"
    owner: str = "nobody"
    actions: Sequence[str] = ()
    writable: bool = True
    updated: float = 0.0

    @property
    def href(self) -> str:
        """Path from the root of the server."""
        return f"/servicesNS/{quote(self.owner, safe='')}/{quote(self.app, safe='')}/{self.path}"

    def links(self) -> dict[str, str]:
        """Relation -> path."""
        found = {"alternate": self.href, "list": self.href}
        if self.writable:
            found |= {"edit": self.href, "remove": self.href}
        return found | {action: f"{self.href}/{_SEGMENT.get(action, action)}" for action in self.actions}

    def acl(self) -> dict[str, Any]:
        """Who may do what; there is one kind of user here."""
        return {
            "app": self.app, "owner": self.owner, "sharing": "app", "modifiable": self.writable,
            "can_write": self.writable, "can_list": True, "can_share_app": True, "can_share_global": True,
            "can_share_user": False, "can_change_perms": True, "removable": self.writable,
            "perms": {"read": ["*"], "write": ["admin"]},
        }  # fmt: skip


class Feed(Struct, frozen=True):
    """Entries of one kind.

    Attributes:
        title: the kind.
        entries: those of this page.
        total: how many there are on all pages; None if these are all.
        per_page, offset: the page.
        bare: the answer is the one entry itself instead of a feed with it (search jobs).
        status: HTTP status.
        messages: for the user.
    """

    title: str
    entries: Sequence[Entry]
    total: int | None = None
    per_page: int = 30
    offset: int = 0
    bare: bool = False
    status: int = 200
    messages: Sequence[Message] = ()


def as_json(feed: Feed, origin: str, path: str) -> bytes:
    """The feed as JSON.

    Args:
        feed: the entries.
        origin: ``https://host:port``.
        path: that was asked for.
    """
    document = {
        "links": {"create": f"{path}/_new", "_reload": f"{path}/_reload"},
        "origin": origin + path,
        "updated": stamp(None),
        "generator": {"build": BUILD, "version": VERSION},
        "entry": [_json_entry(entry, origin) for entry in feed.entries],
        "paging": {"total": _total(feed), "perPage": feed.per_page, "offset": feed.offset},
        "messages": [{"type": kind, "text": text} for kind, text in feed.messages],
    }
    return json.dumps(document).encode()


def _json_entry(entry: Entry, origin: str) -> dict[str, Any]:
    return {
        "name": entry.name, "id": origin + entry.href, "updated": stamp(entry.updated), "links": entry.links(),
        "author": entry.owner, "acl": entry.acl(), "content": {**entry.content, "eai:acl": None},
    }  # fmt: skip


def as_xml(feed: Feed, origin: str, path: str) -> bytes:
    """The feed as Atom; see ``as_json``."""
    lines = _xml_entry(feed.entries[0], origin, _NAMESPACES) if feed.bare else _xml_feed(feed, origin, path)
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', *lines, ""]).encode()


def _xml_feed(feed: Feed, origin: str, path: str) -> Iterator[str]:
    yield f"<feed {_NAMESPACES}>"
    yield f"<title>{text_xml(feed.title)}</title>"
    yield f"<id>{text_xml(origin + path)}</id>"
    yield f"<updated>{stamp(None)}</updated>"
    yield f'<generator build="{BUILD}" version="{VERSION}"/>'
    yield "<author><name>Splunk</name></author>"
    yield f'<link href={attribute(path + "/_new")} rel="create"/>'
    yield f"<opensearch:totalResults>{_total(feed)}</opensearch:totalResults>"
    yield f"<opensearch:itemsPerPage>{feed.per_page}</opensearch:itemsPerPage>"
    yield f"<opensearch:startIndex>{feed.offset}</opensearch:startIndex>"
    yield _xml_messages(feed.messages)
    for entry in feed.entries:
        yield from _xml_entry(entry, origin)
    yield "</feed>"


def _xml_messages(messages: Iterable[Message]) -> str:
    listed = "".join(f"<s:msg type={attribute(kind)}>{text_xml(text)}</s:msg>" for kind, text in messages)
    return f"<s:messages>{listed}</s:messages>"


def _xml_entry(entry: Entry, origin: str, namespaces: str = "") -> Iterator[str]:
    yield f"<entry {namespaces}>" if namespaces else "<entry>"
    yield f"<title>{text_xml(entry.name)}</title>"
    yield f"<id>{text_xml(origin + entry.href)}</id>"
    yield f"<updated>{stamp(entry.updated)}</updated>"
    for rel, href in entry.links().items():
        yield f"<link href={attribute(href)} rel={attribute(rel)}/>"
    yield f"<author><name>{text_xml(entry.owner)}</name></author>"
    if "$text" in entry.content:  # a bare value, of properties
        yield f'<content type="text">{text_xml(str(entry.content["$text"]))}</content>'
    else:
        yield f'<content type="text/xml">{_xml_value({**entry.content, "eai:acl": entry.acl()})}</content>'
    yield "</entry>"


def _xml_value(value: Any) -> str:
    """A property as Splunk's ``s:dict``, ``s:list`` or text; booleans are 1 and 0."""
    if isinstance(value, Mapping):
        keys = "".join(f"<s:key name={attribute(k)}>{_xml_value(v)}</s:key>" for k, v in value.items())
        return f"<s:dict>{keys}</s:dict>"
    if isinstance(value, (list, tuple)):
        return f"<s:list>{''.join(f'<s:item>{_xml_value(v)}</s:item>' for v in value)}</s:list>"
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else text_xml(str(value))


def messages_xml(messages: Iterable[tuple[str, str, str]]) -> bytes:
    """``<response><messages>``: (type, text, code)."""
    listed = "".join(
        f"    <msg type={attribute(kind)}{f' code={attribute(code)}' if code else ''}>{text_xml(text)}</msg>\n"
        for kind, text, code in messages
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    return f"{head}\n<response>\n  <messages>\n{listed}  </messages>\n</response>\n".encode()


def messages_json(messages: Iterable[tuple[str, str, str]]) -> bytes:
    """The same as JSON."""
    listed = [{"type": kind, "text": text} | ({"code": code} if code else {}) for kind, text, code in messages]
    return json.dumps({"messages": listed}).encode()


def stamp(time: float | None) -> str:
    """A time as Atom writes it; None is now."""
    moment = datetime.now(UTC) if time is None else datetime.fromtimestamp(time, UTC)
    return moment.isoformat(timespec="seconds")


def text_xml(text: str) -> str:
    """Text for XML; what XML cannot hold becomes U+FFFD."""
    return escape(_NOT_XML.sub("\ufffd", text))


def attribute(text: str) -> str:
    """An attribute's value, with its quotes."""
    return quoteattr(_NOT_XML.sub("\ufffd", text))


def _total(feed: Feed) -> int:
    return len(feed.entries) if feed.total is None else feed.total
