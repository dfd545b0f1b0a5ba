"""Splunk exports: the events in them come out as they were indexed."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

XML = (
    "<Event xmlns='http://x'><System><TimeCreated SystemTime='2024-03-12T10:42:17.5Z'/><Channel>Security</Channel>"
    "<Computer>PC1</Computer></System><EventData><Data Name='CommandLine'>cmd \"a, b\"\r\nnext</Data>"
    "</EventData></Event>"
)
ROW = {
    "_time": "2024-03-12T10:42:17.500+00:00", "_raw": XML, "host": "h", "source": "s", "sourcetype": "xmlwineventlog",
}  # fmt: skip
EVENT = (XML, 1710240137.5, "h", "s", "xmlwineventlog")
FROM_RAW = (XML, 1710240137.5, "PC1", "XmlWinEventLog:Security", "XmlWinEventLog")


def as_csv(*rows: dict[str, str]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def as_json(*rows: dict[str, str]) -> bytes:
    lines = [json.dumps({"preview": False, "offset": n, "result": row}) for n, row in enumerate(rows)]
    return "\n".join([*lines, json.dumps({"preview": False, "lastrow": True})]).encode()


def as_document(*rows: dict[str, str]) -> bytes:
    document = {"preview": False, "messages": [], "fields": [{"name": "_raw"}], "results": rows, "highlighted": {}}
    return json.dumps(document).encode()


EXPORTS = {"CSV": as_csv, "JSON lines": as_json, "a JSON document": as_document}


@pytest.mark.parametrize("kind", EXPORTS)
def test_events_come_out_as_they_were_indexed(kind: str, read_log: Any) -> None:
    outcome = read_log(EXPORTS[kind](ROW, ROW))
    assert outcome.events == [EVENT, EVENT]
    assert outcome.problems == []


@pytest.mark.parametrize("kind", EXPORTS)
def test_what_was_not_exported_is_taken_from_the_event(kind: str, read_log: Any) -> None:
    outcome = read_log(EXPORTS[kind]({"_raw": XML, "count": "1"}))
    assert outcome.events == [FROM_RAW]
    assert outcome.problems == []


TIMES = {
    "2024-03-12T11:42:17.500+0100": 1710240137.5,
    "2024-03-12 10:42:17.500 UTC": 1710240137.5,
    "1710240137.500": 1710240137.5,
    "2024-03-12 02:42:17.500 PST": 1710240137.5,  # a zone that is only a name: the event itself knows
}


@pytest.mark.parametrize("time", TIMES)
def test_time_as_splunk_writes_it(time: str, read_log: Any) -> None:
    (found,) = read_log(as_csv(ROW | {"_time": time})).events
    assert found.time == TIMES[time]


def test_other_events_than_windows_events(read_log: Any) -> None:
    raw = json.dumps({"event_simpleName": "ProcessRollup2", "timestamp": "1713805173418", "aid": "a1"})
    (found,) = read_log(as_csv({"_raw": raw, "host": "h"})).events
    assert found == (raw, 1713805173.418, "h", "crowdstrike:ProcessRollup2", "crowdstrike:events:sensor")


def test_previews_are_not_read_twice(read_log: Any) -> None:
    preview = json.dumps({"preview": True, "result": ROW}).encode()
    assert read_log(preview + b"\n" + as_json(ROW)).events == [EVENT]


def test_a_row_that_does_not_fit_is_reported_with_its_place(read_log: Any) -> None:
    good = as_csv(ROW)
    outcome = read_log(good + b"one,two\n" + good.split(b"\n", 1)[1])
    assert outcome.events == [EVENT, EVENT]
    assert outcome.reasons == ["a row with 2 values for 5 columns, left out"]
    assert outcome.bytes == [len(good)]


def test_half_a_character_in_json_becomes_a_question_mark(read_log: Any) -> None:
    (found,) = read_log(as_json(ROW | {"_raw": "a\ud800b"})).events
    assert found.raw == "a?b"


@given(st.lists(st.text('ab",\r\n\0é<', min_size=1, max_size=12), min_size=1, max_size=6))
def test_any_text_survives_csv(read_log: Any, texts: list[str]) -> None:
    outcome = read_log(as_csv(*(ROW | {"_raw": text} for text in texts)))
    assert outcome.raws == texts
