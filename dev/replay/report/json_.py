"""JSON lines: one object a row, as Splunk's JSON gives fields (strings; arrays for multivalues)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence

from replay.report import Row, report, text_of


@report("json")
def write_json(fields: Sequence[str], rows: Iterable[Row]) -> None:
    """Write to standard output."""
    for row in rows:
        values = {n: v if isinstance(v, list) and len(v) > 1 else text_of(v) for n, v in row.items()}
        sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")
