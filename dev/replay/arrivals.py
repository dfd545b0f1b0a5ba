"""Events on their way from the readers into the database, some thousands at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import groupby, islice
from queue import Empty, Queue
from threading import Event as Flag
from threading import Thread
from typing import Any

from replay.engine import Engine
from replay.inputs import Event, Lines

_FEW = 5_000
_TEXT = 16 * 1024 * 1024
_EVENTS = 50_000
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
    return batch.events if isinstance(batch, Lines) else len(batch)


def parts(found: Iterable[Batch]) -> Iterator[list[Batch]]:
    """Batches that are worth a query, or a file, of their own; each part is held in memory while it is written."""
    part: list[Batch] = []
    text = events = 0
    for batch in found:
        part.append(batch)
        # Events that are objects take twice the room.
        text += len(batch.text) if isinstance(batch, Lines) else 2 * sum(len(event.raw) for event in batch)
        events += size(batch)
        if text >= _TEXT or events >= _EVENTS:
            yield part
            part, text, events = [], 0, 0
    if part:
        yield part


def one_by_one(part: Iterable[Batch]) -> Iterator[Batch]:
    """The same events; those of lines are read carefully."""
    for batch in part:
        if isinstance(batch, Lines):
            yield from batches(batch.careful())
        else:
            yield batch


def ahead(found: Iterator[list[Batch]], meanwhile: Callable[[], None] | None = None) -> Iterator[list[Batch]]:
    """The same parts: while one is being used, another thread reads the next.

    Args:
        found: the parts.
        meanwhile: what to do while the first part is being read; without it, this thread reads the first two, since
            there may be no more.
    """
    if meanwhile is None:
        first = list(islice(found, 2))
        yield from first
        if len(first) < 2:
            return
    coming: Queue[list[Batch] | BaseException | None] = Queue(1)
    stopped = Flag()

    def read() -> None:
        try:
            for part in found:
                coming.put(part)
                if stopped.is_set():
                    return
            coming.put(None)
        except BaseException as e:
            coming.put(e)

    # A daemon: who interrupts the process does not want to wait until a large log has been read.
    Thread(target=read, daemon=True).start()
    try:
        if meanwhile is not None:
            meanwhile()
        while (part := coming.get()) is not None:
            if isinstance(part, BaseException):
                raise part
            yield part
    finally:
        stopped.set()
        with suppress(Empty):
            coming.get_nowait()


@contextmanager
def selected(engine: Engine, part: Iterable[Batch]) -> Iterator[str]:
    """A SELECT of raw, time, host, source and sourcetype of some batches, in their order.

    A null time tells of lines that are not as simple as they should be: ``Lines.careful`` reads them.
    """
    with ExitStack() as stack:
        selects = []
        for headers, group in groupby(part, lambda batch: batch.headers if isinstance(batch, Lines) else None):
            if headers is not None:  # one query for them all: to plan one takes as long as to read a megabyte
                lines = _table([batch for batch in group if isinstance(batch, Lines)])
                selects.append(headers(stack.enter_context(engine.reading(lines))))
                continue
            for batch in group:
                assert not isinstance(batch, Lines)
                columns = {
                    name: ("DOUBLE" if name == "time" else "VARCHAR", values)
                    for name, values in zip(Event._fields, zip(*batch, strict=True), strict=True)
                }
                incoming = stack.enter_context(engine.incoming(columns))
                selects.append(f"SELECT raw, time, host, source, sourcetype FROM {incoming}")
        yield " UNION ALL ".join(selects)


def _table(batches: Sequence[Lines]) -> Any:
    """A pyarrow table of lines, none of them shorter than 13 bytes: its column is ``raw``."""
    import pyarrow as pa

    return pa.table({"raw": pa.chunked_array([_views(batch.text, batch.ends) for batch in batches])})


def _views(text: bytes, ends: Any) -> Any:
    """The lines as views of the text, which is not copied.

    Layout of a view: Arrow Columnar Format, "Variable-size Binary View Layout": length, first four bytes, number of the
    buffer, offset.
    """
    import numpy as np
    import pyarrow as pa

    read = np.frombuffer(text, np.uint8)
    views = np.zeros(len(ends), [("length", "<i4"), ("first", "<u4"), ("buffer", "<i4"), ("offset", "<i4")])
    starts = np.concatenate(([0], ends[:-1] + 1))
    views["length"], views["offset"] = ends - starts, starts
    views["first"] = read[starts[:, None] + np.arange(4)].view("<u4")[:, 0]
    return pa.Array.from_buffers(pa.string_view(), len(views), [None, pa.py_buffer(views), pa.py_buffer(text)])
