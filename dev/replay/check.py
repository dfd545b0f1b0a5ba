"""Every saved search of the loaded apps: does it run, planned on an empty index; and what does it find in events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from replay.engine import Engine
from replay.errors import ReplayError
from replay.knowledge import SavedSearch
from replay.lookup_table import writes_dropped
from replay.plan import plan_search
from replay.relation import Relation
from replay.session import Session


class Verdict(Struct, frozen=True):
    """One saved search: ``runs``, or ``fails`` with the reason and the place."""

    app: str
    search: str
    status: str
    reason: str = ""
    place: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class Outcome(Verdict, frozen=True):
    """One saved search that was run, or why it was not.

    Attributes:
        results: how many; None if it failed.
        seconds: that it took.
    """

    results: int | None = None
    seconds: float = 0.0


def run_searches(session: Session, searches: Iterable[SavedSearch], **times: str | None) -> Iterator[Outcome]:
    """Run saved searches over all events of the session.

    Args:
        session: its events.
        searches: in this order.
        times: ``earliest`` and ``latest``, see ``Session.context``.
    """
    for saved in searches:
        started = perf_counter()
        verdict, results = _tried(saved, partial(_run, session, saved, **times))
        yield Outcome(**asdict(verdict), results=results, seconds=round(perf_counter() - started, 3))


def _run(session: Session, saved: SavedSearch, **times: str | None) -> int:
    with _planned(session, saved, **times) as (engine, relation):
        return sum(1 for _ in engine.rows(relation))


def _count(session: Session, saved: SavedSearch) -> int:
    with writes_dropped(session.engine), _planned(session, saved) as (engine, relation):
        return engine.count(relation)


@contextmanager
def _planned(session: Session, saved: SavedSearch, **times: str | None) -> Iterator[tuple[Engine, Relation]]:
    engine = session.engine.branch()  # what it computes on the way is dropped with it
    try:
        yield engine, plan_search(saved.search, replace(session.saved_context(saved, **times), engine=engine))
    finally:
        engine.close()


def check_searches(session: Session) -> Iterator[Verdict]:
    """A verdict for each saved search, in the order of the apps."""
    for saved in session.knowledge.saved_searches():
        yield check_search(session, saved)


def check_search(session: Session, saved: SavedSearch) -> Verdict:
    """Plan the search and have the database accept the plan.

    What it writes (a lookup, a model) is dropped with it: a verdict does not depend on the searches before it.
    """
    return _tried(saved, partial(_count, session, saved))[0]


def _tried(saved: SavedSearch, act: Callable[[], int]) -> tuple[Verdict, int | None]:
    try:
        return Verdict(saved.app, saved.name, "runs"), act()
    except ReplayError as e:
        return Verdict(saved.app, saved.name, "fails", e.message, str(e.place.within(saved.place))), None
