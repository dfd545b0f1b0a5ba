"""Results that Splunk exported as CSV: a header line with ``_raw`` among its columns, then a row for each
event.

Quoted values go over lines, and quotes in them are doubled, as Splunk writes it ("outputcsv", Search
Reference).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

from replay.inputs import exports
from replay.inputs.base import EVENT_LIMIT, Confidence, Event, Format, Log
from replay.inputs.formats.lines import split

csv.field_size_limit(EVENT_LIMIT)  # one setting for the process; the default would refuse long command lines


class _Rows:
    """The lines of a log as text, and the offset of the next one."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._lines = split(log)
        self.byte = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        byte, data = next(self._lines)
        self.byte = byte + len(data)
        return self._log.text(data, byte)


def read(log: Log) -> Iterator[Event]:
    """The events of an export."""
    lines = _Rows(log)
    rows = csv.reader(lines)
    header = next(rows)
    while True:
        byte = lines.byte
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            log.report(f"a row that is not CSV, left out: {error}", byte)
            continue
        if not row:
            continue
        if len(row) != len(header):
            log.report(f"a row with {len(row)} values for {len(header)} columns, left out", byte)
            continue
        raw, found = exports.event(dict(zip(header, row, strict=True)))
        yield log.event(raw, found, byte)


def sniff(head: bytes) -> Confidence:
    """Certain where the first line names a column ``_raw``."""
    line = head.partition(b"\n")[0].decode(errors="replace")
    try:
        row = next(csv.reader([line]), [])
    except csv.Error:
        return Confidence.NO
    return Confidence.CERTAIN if "_raw" in row and len(row) > 1 else Confidence.NO


FORMAT = Format("Splunk CSV export", (), sniff, read)
