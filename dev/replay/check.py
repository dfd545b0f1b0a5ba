"""Does every saved search of the loaded apps run? Planned on an empty index: syntax, knowledge objects, SQL and all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from replay.errors import ReplayError
from replay.knowledge import SavedSearch
from replay.session import Session


@dataclass(frozen=True)
class Verdict:
    """One saved search: ``runs``, or ``fails`` with the reason and the place."""

    app: str
    search: str
    status: str
    reason: str = ""
    place: str = ""

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return asdict(self)


def check_searches(session: Session) -> Iterator[Verdict]:
    """A verdict for each saved search, in the order of the apps."""
    for saved in session.knowledge.saved_searches():
        yield check_search(session, saved)


def check_search(session: Session, saved: SavedSearch) -> Verdict:
    """Plan the search and have the database accept the plan."""
    try:
        relation = session.plan_saved(saved)
        session.engine.count(relation)
    except ReplayError as e:
        return Verdict(saved.app, saved.name, "fails", e.message, str(e.place.within(saved.place)))
    return Verdict(saved.app, saved.name, "runs")
