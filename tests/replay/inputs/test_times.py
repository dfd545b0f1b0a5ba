"""Time stamps: what is understood, and what is not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.inputs import times

STAMPS = {
    "2021-01-14T23:41:40.145335999Z": 1610667700.145335,  # cut, not rounded
    "2021-01-14T23:41:40Z": 1610667700.0,
    "2021-01-14 23:41:40.5": 1610667700.5,
    "2021-01-14 23:41:40,5 UTC": 1610667700.5,
    "2021-01-15T01:41:40+02:00": 1610667700.0,
    "2021-01-14T18:11:40 -0530": 1610667700.0,
    "01/14/2021 11:41:40 PM": 1610667700.0,
    "01/14/2021 12:00:00 AM": 1610582400.0,
    "14/Jan/2021:23:41:40 +0000": 1610667700.0,
    "1610667700": 1610667700.0,
    "1610667700.145": 1610667700.145,
    "1610667700145": 1610667700.145,
    "1610667700145335": 1610667700.145335,
    "1610667700145335999": 1610667700.145335,
    1610667700: 1610667700.0,
    1610667700.25: 1610667700.25,
    "2021-01-14 23:41:40 PST": None,
    "2021-02-30T00:00:00Z": None,
    "999999999999": None,
    "soon": None,
    "": None,
    None: None,
    True: None,
}


@pytest.mark.parametrize("stamp", STAMPS, ids=str)
def test_stamps(stamp: float | int | str | None) -> None:
    assert times.parse(stamp) == STAMPS[stamp]


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)))
def test_any_time_as_windows_writes_it(moment: datetime) -> None:
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "00Z"
    assert times.parse(stamp) == moment.replace(tzinfo=UTC, microsecond=0).timestamp() + moment.microsecond / 1e6


@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)), st.text("0123456789", max_size=12))
def test_the_usual_form_means_what_the_others_mean(moment: datetime, fraction: str) -> None:
    stamp = f"{moment:%Y-%m-%dT%H:%M:%S}{'.' if fraction else ''}{fraction}Z"
    assert times.parse(stamp) == times.parse(stamp.replace("T", " ")) is not None


LINES = {
    '1.2.3.4 - - [14/Jan/2021:23:41:40 +0000] "GET / HTTP/1.1" 200': 1610667700.0,
    "1610667700.5 1 2 TCP_MISS": 1610667700.5,
    "code 1610667700 is no time": None,
    "x" * 130 + " 2021-01-14 23:41:40": None,
    "": None,
}


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[:20])
def test_the_time_of_a_line(line: str) -> None:
    assert times.find(line) == LINES[line]
