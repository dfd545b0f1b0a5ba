"""Where hits stand in time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.report.html.timeline import LANES, PLACES, timeline

NOON = 1710244800.0  # 2024-03-12 12:00 UTC
HOUR, DAY = 3600.0, 86400.0

SCALES: list[tuple[list[float], list[str], str]] = [
    ([NOON], ["12:00:00", "12:00:01"], "2024-03-12"),
    ([NOON, NOON + 50], ["12:00:00", "12:00:30", "12:01:00"], "2024-03-12"),
    ([NOON, NOON + HOUR], ["12:00", "12:30", "13:00"], "2024-03-12"),
    ([NOON, NOON + 40 * 60], ["12:00", "12:15", "12:30", "12:45"], "2024-03-12"),
    ([NOON, NOON + 20 * HOUR], ["03-12 12:00", "03-13 00:00", "03-13 12:00"], ""),
    ([NOON, NOON + 9 * DAY], ["2024-03-12", "2024-03-15", "2024-03-18", "2024-03-21", "2024-03-24"], ""),
]


@pytest.mark.parametrize(("times", "ticks", "day"), SCALES)
def test_the_scale_is_round(times: list[float], ticks: list[str], day: str) -> None:
    found = timeline([(n, time, "h") for n, time in enumerate(times, 1)])
    assert found is not None
    assert (list(found.ticks.values()), found.day) == (ticks, day)


def test_without_hits_there_is_none() -> None:
    assert timeline([]) is None


def test_a_lane_for_each_object_and_one_for_the_rest() -> None:
    hits = [(n, NOON + n, f"h{n % 20:02}") for n in range(1, 50)]
    found = timeline(hits)
    assert found is not None
    assert [lane.name for lane in found.lanes][:2] == ["h01", "h02"]
    assert len(found.lanes) == LANES
    assert (found.lanes[-1].name, found.lanes[-1].others) == ("", 20 - LANES + 1)


def test_hits_in_one_place_are_one_mark() -> None:
    found = timeline([(1, NOON, "h"), (2, NOON + 1, "h"), (3, NOON + 9 * HOUR, "h")])
    assert found is not None
    assert [mark.hits for mark in found.lanes[0].marks] == [(1, 2), (3,)]


@given(st.lists(st.tuples(st.floats(0, 2.5e11), st.sampled_from("abcdefghijklmnopqr")), min_size=1, max_size=60))
def test_every_hit_is_drawn_once_and_within(hits: list[tuple[float, str]]) -> None:
    found = timeline([(n, time, name) for n, (time, name) in enumerate(hits, 1)])
    assert found is not None
    marks = [mark for lane in found.lanes for mark in lane.marks]
    assert sorted(number for mark in marks for number in mark.hits) == list(range(1, len(hits) + 1))
    assert all(0 <= mark.at <= 100 for mark in marks)
    assert 2 <= len(found.ticks) <= 5
    assert all(0 <= at <= 100 for at in found.ticks)
    assert len(found.lanes) <= LANES and all(len(lane.marks) <= PLACES for lane in found.lanes)
