"""Real Sysmon and Security logs, against answers that other code computed from the same files.

``../shared/data/events/expected.tsv`` holds, for each file and each parent process that started a shell in it, the rows
that the shipped search gives with that parent in place of msra.exe. EXPECTED.md beside it says how they were made.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from replay.errors import Place
from replay.plan import plan_search
from replay.session import Session
from support import SHARED

EVENTS = SHARED / "data" / "events"
pytestmark = pytest.mark.skipif(not EVENTS.is_dir(), reason="../shared/data/events is not here: no real logs to run on")

SEARCH = """| tstats `security_content_summariesonly` count min(_time) as firstTime max(_time) as lastTime
    from datamodel=Endpoint.Processes where Processes.parent_process_name="{parent}" `windows_shells`
    by Processes.dest Processes.user Processes.parent_process_name Processes.process_name
    Processes.original_file_name Processes.process Processes.process_id Processes.parent_process_id
| `drop_dm_object_name(Processes)`"""
COMPARED = ("dest", "parent_process_name", "process_name", "process_id", "parent_process_id")
FILLED = ("original_file_name", "process")
"""Fields that the data model fills with "unknown" where the event has none."""


def expectations() -> Iterator[Any]:
    if not EVENTS.is_dir():
        return
    csv.field_size_limit(sys.maxsize)
    with (EVENTS / "expected.tsv").open(encoding="utf-8", newline="") as f:
        for row in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield pytest.param(row, id=f"{row['file']}:{row['parent']}")


@cache
def session(file: str) -> Session:
    loaded = Session(accelerate=True)
    account = loaded.load([EVENTS / file])
    assert account.problems == [], account.problems[:3]
    return loaded


def normal(row: dict[str, Any]) -> tuple[Any, ...]:
    """A row as it is compared: users without regard to case, times to the millisecond."""
    filled = tuple(row.get(f) or "unknown" for f in FILLED)
    times = tuple(round(float(row[f]), 3) for f in ("firstTime", "lastTime"))
    return (*(row[f] for f in COMPARED), row["user"].lower(), *filled, *times, int(float(row["count"])))


@pytest.mark.parametrize("expected", list(expectations()))
def test_shells_under(expected: dict[str, str]) -> None:
    s = session(expected["file"])
    relation = plan_search(SEARCH.format(parent=expected["parent"]), s.context(s.home, Place()))
    rows = list(s.engine.rows(relation))
    assert sum(normal(row)[-1] for row in rows) == int(expected["hits"])
    wanted = Counter(normal(row) for row in json.loads(expected["rows_short_json"]))
    assert Counter(normal(row) for row in rows) == wanted


@pytest.mark.parametrize("expected", list(expectations()))
def test_process_creations(expected: dict[str, str]) -> None:
    """Sysmon event 1 and Security event 4688, counted as raw events."""
    s = session(expected["file"])
    for code, column in (("1", "eid1"), ("4688", "s4688")):
        source = "*Sysmon*" if code == "1" else "*Security"
        text = f"search source={source} EventCode={code} | stats count"
        assert next(s.engine.rows(plan_search(text, s.context(s.home, Place()))))["count"] == int(expected[column])
