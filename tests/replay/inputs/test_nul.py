"""NUL bytes, as a log has them that was not written to its end: told with their place, and the events are kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from replay.inputs import Problem, quick, read, read_blocks
from support import ROOT

LINES = [
    line for line in (ROOT / "dev/datasets/msra-windows-sysmon.log").read_bytes().splitlines(keepends=True)
    if line.startswith(b"<Event ") and line.endswith(b"</Event>\n")
][:4]  # fmt: skip
JSON = [b'{"_time": 1, "a": "x"}\n', b'{"_time": 2, "a": "y"}\n']
TEXT = b"03/12/2024 10:42:17 AM\nLogName=Security\nEventCode=4688\nComputerName=h\nMessage=m\n"

# what: the log, the source type, how many events, the byte of each NUL that is told
CASES = {
    "in an XML event": (LINES[0] + LINES[1].replace(b"</Comp", b"\0</Comp") + LINES[2], None, 3, "in an event"),
    "between XML events": (LINES[0] + b"\0" * 9 + LINES[1], None, 2, "between events"),
    "behind XML events": (LINES[0] + LINES[1] + b"\0" * 4096, None, 2, "between events"),
    "between JSON objects": (JSON[0] + b"\0\0\n" + JSON[1], "plain", 2, "between events"),
    "in a line": (b"one\ntw\0o\nthree\n", "lines", 3, "in an event"),
    "behind a text event": (TEXT + b"\0" * 3, None, 1, "between events"),
}  # fmt: skip


@pytest.mark.parametrize(("log", "sourcetype", "events", "reason"), CASES.values(), ids=CASES.keys())
def test_nul_bytes(tmp_path: Path, log: bytes, sourcetype: str | None, events: int, reason: str) -> None:
    path = tmp_path / "log"
    path.write_bytes(log)
    problems: list[Problem] = []
    found = list(read([path], sourcetype=sourcetype, on_problem=problems.append))
    assert len(found) == events
    told = [problem for problem in problems if "NUL" in problem.reason]  # some of these events have no time, either
    assert [problem.place.byte for problem in told] == [log.index(b"\0")]
    assert reason in told[0].reason


def test_large_logs_tell_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "SMALL", 1)
    path = tmp_path / "log"
    path.write_bytes(CASES["in an XML event"][0])
    problems: list[Problem] = []
    list(read_blocks([path], on_problem=problems.append))
    assert [problem.place.byte for problem in problems] == [path.read_bytes().index(b"\0")]
