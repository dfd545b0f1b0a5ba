"""Windows events as XML: however they are laid out, each comes out once, as it stands."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

SYSMON = "Microsoft-Windows-Sysmon/Operational"


def event(
    command: str = "cmd.exe",
    host: str = "PC1",
    channel: str = SYSMON,
    time: str = "2024-03-12T10:42:17.310123456Z",
    quote: str = "'",
    gap: str = "",
) -> str:
    text = (
        f"<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>{gap}<System>"
        f"<EventID>1</EventID><TimeCreated SystemTime='{time}'/>{gap}<Channel>{channel}</Channel>"
        f"<Computer>{host}</Computer></System>{gap}<EventData><Data Name='CommandLine'>{command}</Data>"
        f"</EventData></Event>"
    )
    return text.replace("'", quote)


ONE, TWO, LAID_OUT = event("one"), event("two &lt;2&gt;"), event("three", quote='"', gap="\r\n  ")
CLASSIC = "01/14/2021 11:41:39 PM\nLogName=Windows PowerShell\nEventCode=400\nComputerName=PC9\nMessage=first\n\nlast"

LAYOUTS = {
    "one a line": (f"{ONE}\n{TWO}\n", [ONE, TWO]),
    "no line break at all": (ONE + TWO, [ONE, TWO]),
    "an event over lines": (f"{LAID_OUT}\r\n{ONE}", [LAID_OUT, ONE]),
    "a root element": (f"<Events>{ONE}\n{TWO}</Events>", [ONE, TWO]),
    "a foreign root with attributes": (f'<?xml version="1.0"?>\n<a:log xmlns:a="b">{ONE}</a:log>\n', [ONE]),
    "a root element for each event": (f"<r>{ONE}</r>\n<r>{TWO}</r>\n", [ONE, TWO]),
    "a comment": (f"<!-- all of it -->{ONE}", [ONE]),
    "blanks before": (f"\n\n  {ONE}", [ONE]),
    "a byte order mark": (f"\ufeff{ONE}", [ONE]),
    "zeros behind": (f"{ONE}\n\0\0\0\0", [ONE]),
    "no namespace": ("<Event><System><TimeCreated SystemTime='2024-01-01T00:00:00Z'/></System></Event>", None),
    "an event inside another's UserData": (
        event().replace("<EventData>", "<UserData><Event Name='x'></Event></UserData><EventData>"),
        None,
    ),
    "classic text between": (f"{ONE}\n{CLASSIC}\n\n{TWO}", [ONE, CLASSIC, TWO]),
    "classic text that quotes an event": (f"{CLASSIC} {ONE} </x>\n{TWO}", [f"{CLASSIC} {ONE} </x>", TWO]),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_events_come_out_of_any_layout(name: str, encoding: str, read_log: Any) -> None:
    text, expected = LAYOUTS[name]
    if encoding.startswith("utf-16-") and not text.startswith("<"):
        text = "\ufeff" + text  # without a mark only the first character tells
    outcome = read_log(text.encode(encoding))
    assert outcome.raws == (expected or [text])
    assert len(outcome.problems) == ("\0" in text)  # NUL bytes are told: a log that was not written to its end has them


def test_header_is_that_of_the_windows_add_on(read_log: Any) -> None:
    (found,) = read_log(event(host="pc.example", quote='"').encode()).events
    assert found[1:] == (1710240137.310123, "pc.example", f"XmlWinEventLog:{SYSMON}", "XmlWinEventLog")


def test_header_of_classic_text(read_log: Any) -> None:
    (found,) = read_log(CLASSIC.encode()).events
    assert found[1:] == (1610667699.0, "PC9", "WinEventLog:Windows PowerShell", "WinEventLog")


FAULTS = {
    "cut off at the end": (ONE + TWO[:-4], [ONE], "the log ends before </Event>", len(ONE)),
    "cut off by the next": (TWO[:90] + ONE, [ONE], "the next begins before </Event>", 0),
    "text that is none": (f"{ONE}\nnonsense here\n{TWO}", [ONE, TWO], "no event, left out: 'nonsense here'", None),
    "text before all": (f"Jan 14 syslog: {ONE}", [ONE], "no event, left out: 'Jan 14 syslog:'", 0),
    "a document type": (
        f'<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>{event("&b;")}',
        [event("&b;")],
        "not expanded",
        0,
    ),
    "a declaration inside": (event('<!ENTITY x "y">'), None, "inside an event; it is not expanded", 0),
    "no time": (event(time="yesterday"), None, "without a usable time", 0),
    "no event": ("<?xml version='1.0'?><Other>1</Other>", [], "no event", None),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_reported_with_its_place_and_good_events_stay(name: str, read_log: Any) -> None:
    text, expected, reason, byte = FAULTS[name]
    outcome = read_log(text.encode())
    assert outcome.raws == ([text] if expected is None else expected)
    assert reason in outcome.reasons[0]
    if byte is not None:
        assert outcome.bytes[0] == byte


def test_an_event_without_time_takes_that_of_the_one_before(read_log: Any) -> None:
    times = [found.time for found in read_log((ONE + event(time="") + TWO).encode()).events]
    assert times == [1710240137.310123] * 3


def test_bytes_that_are_not_utf8_are_replaced_and_reported(read_log: Any) -> None:
    data = ONE.encode() + event("a\0b caf").encode().replace(b"caf", b"caf\xe9 \xff")
    outcome = read_log(data)
    assert "a\0b caf\ufffd \ufffd" in outcome.raws[1]
    assert sorted(outcome.bytes) == [data.index(b"\0"), data.index(b"\xe9")]


def test_a_command_line_of_ten_megabytes(read_log: Any) -> None:
    long = event("A" * 10_000_000)
    outcome = read_log(f"{ONE}\n{long}\n{TWO}\n".encode())
    assert outcome.raws == [ONE, long, TWO]
    assert outcome.problems == []


def test_an_event_over_the_limit_is_left_out_and_the_next_is_found(
    read_log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("formats.windows_xml", "quick"):
        monkeypatch.setattr(f"replay.inputs.{module}.EVENT_LIMIT", 500_000)
    outcome = read_log(f"{ONE}\n{event('B' * 1_500_000)}\n{TWO}\n".encode())
    assert outcome.raws == [ONE, TWO]
    assert "more than 500000 bytes" in outcome.reasons[0]
    assert outcome.bytes == [len(ONE) + 1]


BETWEEN = st.sampled_from(
    ["", "\n", "\r\n", " ", "\0", "<Events>", "</Events>", "<x y='z'/>", "<!-- c -->", "word", "<", ">", "é", "]]>"]
)


@given(st.lists(st.tuples(BETWEEN, st.text("abc<>&'\"\né\0", max_size=8)), max_size=8), st.integers(1, 300))
def test_events_in_are_events_out_whatever_stands_between_them(
    read_log: Any, parts: list[tuple[str, str]], size: int
) -> None:
    escaped = [text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for _, text in parts]
    events = [event(text) for text in escaped]
    data = "".join(gap + one for (gap, _), one in zip(parts, events, strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("replay.inputs.stream.CHUNK", size)  # events are cut by the edge of the view anywhere
        outcome = read_log(b"<Event" + b"s>" + data.encode())
    assert outcome.raws == events
