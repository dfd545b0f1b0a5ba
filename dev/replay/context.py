"""What a search knows beside its own text: the apps, the events, the clock, the engine, and whom to warn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from replay.errors import Place
from replay.relation import Relation

if TYPE_CHECKING:
    from replay.commands import Needs
    from replay.engine import Engine
    from replay.inputs import Event, Lines
    from replay.knowledge import Knowledge
    from replay.spl.search import SearchExpr


class Store(Protocol):
    """Where events come from; ``replay.index.Index`` is one."""

    def events(self, ctx: Context, expr: SearchExpr, needs: Needs) -> Relation:
        """Events that satisfy the expression, newest first, with the needed search-time fields."""

    def dataset(self, ctx: Context, model: str, dataset: str, needs: Needs) -> Relation:
        """Events of a data-model dataset. Fields are named as a search names them (``Processes.dest``), beside
        ``_time _raw host source sourcetype index nodename``."""


class Writer(Protocol):
    """Where searches write events; ``replay.index.Index`` is one."""

    def add(self, events: Iterable[Event | Lines], index: str = "main", engine: Engine | None = None) -> int:
        """Append events to an index; returns how many."""

    def delete(self, rel: Relation, ctx: Context) -> None:
        """Remove the events whose ``_seq`` the relation holds."""


class Collections(Protocol):
    """The documents of the KV store, by app and collection; each has its ``_key``."""

    def all(self, app: str, collection: str) -> list[dict[str, Any]]:
        """Every document of a collection, by key."""

    def put(self, app: str, collection: str, documents: Iterable[dict[str, Any]], *, alone: bool = False) -> None:
        """Insert or replace documents, all or none; with ``alone``, they are all that is left of the collection."""


class Dispatch(Struct, frozen=True):
    """What the server that runs a search says of it; a search from the command line has none of this.

    Attributes:
        sid: id of the search job.
        owner: who runs it.
        search_name: the saved search that it is, or nothing.
        session_key: with which the search's commands may ask the server; nothing without a server.
        splunkd_uri: where they ask it.
        indexes: patterns of the indexes that a search reads which names none (authorize.conf,
            ``srchIndexesDefault``); None for all.
        writer: what ``collect`` and ``delete`` change; None if nothing is to be changed.
        collections: the server's KV store; without one, a session has its own, empty at first.
    """

    sid: str = ""
    owner: str = "admin"
    search_name: str = ""
    session_key: str = ""
    splunkd_uri: str = ""
    indexes: tuple[str, ...] | None = None
    writer: Writer | None = None
    collections: Collections | None = None


class Context(Struct, frozen=True):
    """One search under way.

    Attributes:
        engine: the database.
        knowledge: the loaded apps.
        store: the events.
        app: the app the search belongs to (its knowledge objects come first).
        place: where the search text stands.
        earliest, latest: time range in epoch seconds, ``earliest <= _time < latest``; None is open.
        now: the search's clock, epoch seconds (``now()``).
        warn: takes a sentence for the user; the search goes on.
        depth: how many searches this one is nested in.
        macros: definitions that replace those of the apps, by macro name.
        dispatch: what the server that runs the search says of it.
    """

    engine: Engine
    knowledge: Knowledge
    store: Store
    app: str
    place: Place = field(default_factory=Place)
    earliest: float | None = None
    latest: float | None = None
    now: float = field(default_factory=time.time)
    warn: Callable[[str], None] = lambda message: None
    depth: int = 0
    macros: Mapping[str, str] = field(default_factory=dict)
    dispatch: Dispatch = field(default_factory=Dispatch)

    def within(self, earliest: float | None, latest: float | None) -> Context:
        """The same search with another time range."""
        return replace(self, earliest=earliest, latest=latest)

    def materialize(self, rel: Relation) -> Relation:
        """Compute the rows now: for commands that must look at data to know their fields."""
        return self.engine.materialize(rel)
