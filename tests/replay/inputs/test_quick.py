"""Large logs are read by the block; the events are those of the careful reader, to the last digit and problem."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from replay.engine import Engine
from replay.index import Index
from replay.inputs import Event, Lines, Problem, quick, read, read_blocks
from replay.session import Session
from support import SHARED


@pytest.fixture(autouse=True)
def no_log_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "SMALL", 1)


def event(text: str, system: str = "", attribute: str = " xmlns='x'") -> str:
    head = system or "<Channel>Security</Channel><TimeCreated SystemTime='2024-03-12T10:00:00.123456700Z'/>"
    return (
        f"<Event{attribute}><System>{head}<Computer>h1</Computer></System><EventData><Data Name='A'>{text}</Data>"
        "</EventData></Event>"
    )


STAMP = "<TimeCreated SystemTime='2024-03-12T10:00:00.000000Z'/>"


def by_the_block(path: Path) -> tuple[list[Event], list[Problem], int]:
    """The events as the index holds them, and how many blocks there were."""
    problems: list[Problem] = []
    blocks = 0

    def count(found: Event | Lines) -> Event | Lines:
        nonlocal blocks
        blocks += isinstance(found, Lines)
        return found

    index = Index(Engine())
    total = index.add(map(count, read_blocks([path], on_problem=problems.append)))
    rows = index.engine.execute(f"SELECT _raw, _time, host, source, sourcetype FROM {index.table} ORDER BY __n")
    assert total == len(rows)
    return [Event(*row) for row in rows], sorted(problems, key=lambda problem: problem.place.byte or 0), blocks


def one_by_one(path: Path) -> tuple[list[Event], list[Problem]]:
    problems: list[Problem] = []
    events = list(read([path], on_problem=problems.append))
    return events, sorted(problems, key=lambda problem: problem.place.byte or 0)


LINES = {
    "plain": event("a"),
    "entities": event("a &amp; b &#109;"),
    "not ASCII": event("Größe ®"),
    "time of a second event": event(
        "b", "<TimeCreated SystemTime='2019-12-31T23:59:59.9999999Z'/><Channel>S</Channel>"
    ),
    "time without fraction": event("c", "<TimeCreated SystemTime='2024-03-12T10:00:00Z'/><Channel>S</Channel>"),
    "time in double quotes": event("c", '<TimeCreated SystemTime="2024-03-12T10:00:01.5000000Z"/><Channel>S</Channel>'),
    "no time": event("d", "<Channel>Security</Channel>"),
    "no such day": event("d", "<TimeCreated SystemTime='2024-02-31T10:00:00.000000Z'/><Channel>S</Channel>"),
    "no such hour": event("d", "<TimeCreated SystemTime='2024-03-12T24:00:00.000000Z'/><Channel>S</Channel>"),
    "no such year": event("d", "<TimeCreated SystemTime='0000-01-01T00:00:00.000000Z'/><Channel>S</Channel>"),
    "two times": event("d", "<TimeCreated SystemTime='x'/><TimeCreated SystemTime='2024-03-12T10:00:00.000000Z'/>"),
    "a very long System": event("d", "<Channel>S</Channel>" + "x" * 65_536),
    "an event that is empty": event("d", attribute=" a/"),
    "a blank in an end": event("d").replace("</Event>", "</Event >") + event("d", attribute="\tb"),
    "element Event": event("<Event a='b'>c</Event>\n<Event a='b'>d</Event>"),
    "text without an event, in tags": "\r<a>text</a>",
    "no channel": event("e", "<TimeCreated SystemTime='2024-03-12T10:00:00.000001Z'/>"),
    "escaped channel": event(
        "f", "<Channel>A &amp; B</Channel><TimeCreated SystemTime='2024-03-12T10:00:00.000000Z'/>"
    ),
    "a channel without an end": event("f", STAMP + "<Computer>h2</Computer><Channel>A").replace(
        "<Computer>h1</Computer>", ""
    ),
    "a channel without an end, with a mark": event("f", STAMP + "<Channel>A>").replace("<Computer>h1</Computer>", ""),
    "a computer without an end": event("f", STAMP + "<Channel>A</Channel><Computer>h2").replace(
        "<Computer>h1</Computer>", ""
    ),
    "a mark in a channel": event("f", STAMP + "<Channel>A>B</Channel>"),
    "two computers": event("f", STAMP + "<Channel>A</Channel><Computer>h2</Computer>"),
    "an empty computer": event("f", STAMP + "<Channel>A</Channel><Computer></Computer>"),
    "an attribute of a channel": event("f", STAMP + "<Channel a='b'>A</Channel><Channel>B</Channel>"),
    "a time in an attribute": event(
        "f",
        "<Provider Name='TimeCreated SystemTime=\"2019-01-01T00:00:00.000000Z\"'/>" + STAMP + "<Channel>A</Channel>",
    ),
    "a time of another name": event("f", STAMP.replace("<Time", "<MyTime") + STAMP + "<Channel>A</Channel>"),
    "names that end alike": event(
        "f", STAMP + "<MyComputer>h2</MyComputer><SubChannel>B</SubChannel><Channel>A</Channel>"
    ),
    "names in attributes": event("f", STAMP + "<Provider Name='Computer>h2' b='Channel>B'/><Channel>A</Channel>"),
    "a name in a value": event("f", STAMP + "<Channel>AChannel>B</Channel>"),
    "names that end in System": event("f", STAMP + "<FileSystem>a</FileSystem><Channel>System</Channel>"),
    "an attribute of System": event("f").replace("<System>", "<System a='b'>"),
    "System in an attribute": event("f", STAMP + "<Provider Name='System>'/><Channel>A</Channel>"),
    "System in a text": event("System>S", STAMP + "<Channel>A</Channel>"),
    "an end in an attribute": event("f", STAMP + "<Provider Name='/System>'/><Channel>A</Channel>"),
    "an end in a text": event("f", STAMP + "<Channel>A/System></Channel>"),
    "no attribute": event("g", attribute=""),
    "two in a line": event("h") + event("i"),
    "over two lines": event("j\nk"),
    "carriage return": event("l") + "\r",
    "cut off": "<Event xmlns='x'><System>",
    "one in another's place": "<Event xmlns='x'><System></System>" + event("m"),
    "declaration": event("<!DOCTYPE x>"),
    "text": "some text",
    "empty": "",
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
@pytest.mark.parametrize("last", ["\n", ""], ids=["ended", "open"])
def test_each_kind_of_line(tmp_path: Path, line: str, last: str) -> None:
    path = tmp_path / "log"
    path.write_text("\n".join([LINES["plain"], line, LINES["plain"]]) + last, encoding="utf-8", newline="")
    assert by_the_block(path)[:2] == one_by_one(path)


def test_a_plain_log_is_read_by_the_block(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(f"{LINES['plain']}\n" * 100, encoding="utf-8")
    events, problems, blocks = by_the_block(path)
    assert (len(events), problems, blocks) == (100, [], 1)


def test_bytes_that_are_not_utf_8_are_reported_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(f"{LINES['plain']}\n".encode() + event("x").encode().replace(b">x<", b">\xff<") + b"\n")
    assert by_the_block(path)[:2] == one_by_one(path)
    assert len(by_the_block(path)[1]) == 1


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(LINES)), max_size=12), st.integers(60, 4000))
@example(["plain", "cut off"], 60)  # there was an event, though the careful reader sees none
@example(["plain", "no such day", "no such day"], 60)  # the time before the first of them holds for the second, too
def test_any_mixture_in_blocks_of_any_size(tmp_path: Path, monkeypatch: Any, names: list[str], block: int) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(quick, "BLOCK", block)
        path = tmp_path / "log"
        path.write_text("".join(f"{LINES[name]}\n" for name in names), encoding="utf-8", newline="")
        assert by_the_block(path)[:2] == one_by_one(path)


XML_LOGS = sorted((SHARED / "data" / "events").glob("*.xml.log")) if SHARED.exists() else []


@pytest.mark.skipif(not XML_LOGS, reason="no real logs beside the checkout")
@pytest.mark.parametrize("path", XML_LOGS, ids=lambda p: p.name)
def test_real_logs(path: Path) -> None:
    assert by_the_block(path)[:2] == one_by_one(path)


def test_problems_are_told_in_the_order_of_the_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "BLOCK", 400)  # so that most blocks are simple, and those without a time are read again
    text = "\n".join([LINES["plain"], LINES["no time"], LINES["plain"], LINES["cut off"], LINES["no time"], ""])
    logs = [tmp_path / "b", tmp_path / "a"]
    for log in logs:
        log.write_text(text, encoding="utf-8")
    problems = Session().load(logs).problems_in_order
    assert [problem.place.file for problem in problems] == [str(logs[0])] * 3 + [str(logs[1])] * 3
    found = [problem.place.byte or 0 for problem in problems]
    assert found[:3] == found[3:] == sorted(found[:3])
