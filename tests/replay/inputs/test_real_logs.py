"""Real logs: as many process events come out as were counted by other means."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
LOGS = ROOT.parent / "shared" / "data" / "events"
UNCOUNTED = {"ad_T1047_nxlog.tar.gz": (8220, 335, 0)}
WITH_CLASSIC_TEXT = {"ad_certutil_mixed.raw": 19}
"""PowerShell events as text, which the manifest does not count."""

_ID = re.compile(r"<EventID[^>]*>(\d+)<")


def manifest() -> list[dict[str, str]]:
    if not LOGS.exists():
        return []
    with (LOGS / "MANIFEST.tsv").open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


ROWS = manifest()
pytestmark = pytest.mark.skipif(not ROWS, reason="no real logs beside the checkout (../shared/data/events)")


def event_id(raw: str) -> int:
    if raw.startswith("{"):
        return int(json.loads(raw)["EventID"])
    found = _ID.search(raw)
    return int(found[1]) if found else 0


def expected(row: dict[str, str]) -> tuple[int, int, int]:
    if row["file"] in UNCOUNTED:
        return UNCOUNTED[row["file"]]
    return int(row["events"]), int(row["EID1_count"]), int(row["4688_count"])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["file"])
def test_as_many_events_as_were_counted(row: dict[str, str], read_these: Any) -> None:
    outcome = read_these(LOGS / row["file"])
    windows = [event for event in outcome.events if event.sourcetype != "WinEventLog"]
    starts = [event for event in windows if event_id(event.raw) == 1 and "Sysmon" in event.source]
    created = [event for event in windows if event_id(event.raw) == 4688 and event.source.endswith(":Security")]
    assert (len(windows), len(starts), len(created)) == expected(row)
    assert len(outcome.events) - len(windows) == WITH_CLASSIC_TEXT.get(row["file"], 0)
    assert all(event.host and event.time > 1.5e9 for event in outcome.events)
    assert outcome.problems == []


def test_the_whole_folder_at_once(read_these: Any) -> None:
    outcome = read_these(LOGS)
    total = sum(expected(row)[0] for row in ROWS) + sum(WITH_CLASSIC_TEXT.values())
    assert len(outcome.events) == total
    left_out = {Path(problem.place.file).name for problem in outcome.problems}
    assert left_out == {"EXPECTED.md", "MANIFEST.tsv", "expected.tsv"}
