"""Events on their way from the readers into the database, some thousands at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from replay.engine import Engine
from replay.inputs import Event, Lines

_FEW = 5_000
Batch = Sequence[Event] | Lines
"""Events that are handed on together."""


def batches(events: Iterable[Event | Lines]) -> Iterator[Batch]:
    """The events in their order, by the batch; none is empty."""
    batch: list[Event] = []
    for found in events:
        if isinstance(found, Event):
            batch.append(found)
        if batch and (isinstance(found, Lines) or len(batch) == _FEW):
            yield batch
            batch = []
        if isinstance(found, Lines):
            yield found
    if batch:
        yield batch


def size(batch: Batch) -> int:
    """How many events a batch holds."""
    return batch.text.count(b"\n") if isinstance(batch, Lines) else len(batch)


@contextmanager
def selected(engine: Engine, batch: Batch) -> Iterator[str]:
    """A SELECT of raw, time, host, source and sourcetype of a batch, in its order.

    A null time tells of lines that are not as simple as they should be: ``Lines.careful`` reads them.
    """
    if isinstance(batch, Lines):
        with engine.lines(batch.text) as lines:
            yield batch.headers(lines)
        return
    columns = {
        name: ("DOUBLE" if name == "time" else "VARCHAR", values)
        for name, values in zip(Event._fields, zip(*batch, strict=True), strict=True)
    }
    with engine.incoming(columns) as incoming:
        yield f"SELECT raw, time, host, source, sourcetype FROM {incoming}"
