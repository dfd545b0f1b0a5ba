"""Summaries made ahead: of the datasets that the searches of apps read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from replay.check import check_search
from replay.errors import Place
from replay.session import Session
from replay.store.index import StoredIndex


def datasets_read(apps: Sequence[Path]) -> list[tuple[str, str, str]]:
    """App, model and dataset, for each that a saved search of the home app or of these apps reads.

    A search that cannot be planned reads nothing here; ``replay check`` says why.
    """
    session = Session(apps, accelerate=True)
    for saved in session.own_searches():
        check_search(session, saved)
    return session.index.datasets


def summarise(
    apps: Sequence[Path], store: Path, wanted: Sequence[tuple[str, str, str]],
    warn: Callable[[str], None] = lambda message: None,
) -> Iterator[str]:  # fmt: skip
    """Make the summaries that are missing; yields a sentence for each dataset."""
    session = Session(apps, store=store, warn=warn)
    assert isinstance(session.index, StoredIndex)
    for app, model, dataset in wanted:
        made = session.index.summary(session.context(app, Place()), model, dataset) is not None
        yield f"summarised {model}.{dataset}" if made else f"{model}.{dataset} has no summary: its events are read"
