"""Summaries made ahead: of the datasets that the searches of apps read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from replay.errors import KnowledgeError, Place, ReplayError, SearchError
from replay.plan import datasets_of
from replay.session import Session
from replay.store.index import StoredIndex

Datasets = list[tuple[str, str, str]]
"""App, data model and dataset of each."""


@contextmanager
def datasets_read(session: Session) -> Iterator[Callable[[], Datasets]]:
    """Find out meanwhile which datasets the saved searches of the home app and of the given apps read.

    A search that cannot be read reads nothing here; ``replay check`` says why.

    Args:
        session: the apps.

    Yields:
        What waits for them.
    """
    pool = ThreadPoolExecutor(1)
    try:
        found = pool.submit(_datasets, session)
        yield found.result
    finally:
        pool.shutdown(cancel_futures=True)


def _datasets(session: Session) -> Datasets:
    found: set[tuple[str, str, str]] = set()
    for saved in session.own_searches():
        with suppress(ReplayError):
            found.update(datasets_of(saved.search, session.saved_context(saved)))
    return sorted(found)


def summarise(session: Session, wanted: Datasets) -> Iterator[str]:
    """Make the summaries that are missing; yields a sentence for each dataset, one that is not there included.

    Args:
        session: the apps, over a store.
        wanted: which datasets.
    """
    assert isinstance(session.index, StoredIndex)
    for app, model, dataset in wanted:
        name = f"{model}.{dataset}"
        try:
            made = session.index.summary(session.context(app, Place()), model, dataset) is not None
        except (KnowledgeError, SearchError) as e:
            yield f"{name} has no summary: {e}"
            continue
        yield f"summarised {name}" if made else f"{name} has no summary: its events are read"
