"""Classic Windows events as text, cut by nothing but their first two lines."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

LINES = st.sampled_from(
    ["", "Message=x", "\tAccount Name:\tSYSTEM", "01/14/2021 11:41:39 PM", "LogName", "$x = <Event>", "<Events>", "é"]
)


def classic(lines: list[str]) -> str:
    head = "01/14/2021 11:41:39 PM\nLogName=Security\nEventCode=4688\nComputerName=PC1"
    return "\n".join([head, *lines, "end"])


@given(st.lists(st.lists(LINES, max_size=12), min_size=1, max_size=5), st.integers(150, 600))
def test_events_in_are_events_out(read_log: Any, bodies: list[list[str]], size: int) -> None:
    events = [classic(lines) for lines in bodies]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("replay.inputs.stream.CHUNK", size)
        outcome = read_log("\n\n".join(events).encode())
    assert outcome.raws == events
    assert outcome.problems == []


def test_text_before_the_first_event_is_reported_once(read_log: Any) -> None:
    outcome = read_log(f"exported by hand\n{'-' * 400}\n{classic([])}".encode())
    assert outcome.raws == [classic([])]
    assert len(outcome.problems) == 1
    assert "417 bytes of text that is no event, left out: 'exported by hand" in outcome.reasons[0]


def test_the_time_may_be_that_of_24_hours_and_lines_may_end_as_windows_does(read_log: Any) -> None:
    text = classic([]).replace("11:41:39 PM", "23:41:39.250").replace("\n", "\r\n")
    (found,) = read_log(text.encode()).events
    assert found == (text, 1610667699.25, "PC1", "WinEventLog:Security", "WinEventLog")
