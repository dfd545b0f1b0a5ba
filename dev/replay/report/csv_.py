"""CSV with a header; a multivalue is its values joined by newlines, as Splunk exports it."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Sequence

from replay.report import Row, report, text_of


@report("csv")
def write_csv(fields: Sequence[str], rows: Iterable[Row]) -> None:
    """Write to standard output."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows([text_of(row.get(n)) for n in fields] for row in rows)
