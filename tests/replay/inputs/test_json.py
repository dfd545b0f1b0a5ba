"""JSON: every layout, every writer, and what happens to objects that are broken."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.inputs import json_objects, stream
from replay.inputs.base import Log

NXLOG = {
    "EventTime": "2020-08-01 07:53:24",
    "Hostname": "win-dc.example",
    "EventID": 10,
    "Channel": "Microsoft-Windows-Sysmon/Operational",
    "Message": 'Process accessed:\r\nImage: C:\\x "{[}',
}
MORDOR = NXLOG | {"@timestamp": "2020-10-22T03:52:01.720Z", "TimeCreated": "2020-10-22T03:52:09Z"}
WINLOGBEAT = {
    "@timestamp": "2022-01-05T10:11:12.345Z",
    "winlog": {"channel": "Security", "computer_name": "pc7", "event_id": 4688, "event_data": {"x": "y"}},
}
OLD_WINLOGBEAT = {
    "@timestamp": "2017-01-05T10:11:12Z", "log_name": "Security", "computer_name": "pc6", "event_id": 1,
    "event_data": {},
}  # fmt: skip
FALCON = {
    "event_simpleName": "ProcessRollup2", "timestamp": "1713805173418", "aid": "168a90e1",
    "ContextTimeStamp": "1713805170.000",
}  # fmt: skip
SYSMON = "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"

HEADERS = {
    "nxlog": (NXLOG, 1596268404.0, "win-dc.example", SYSMON, "nxlog:json"),
    "Mordor: @timestamp comes first": (MORDOR, 1603338721.72, "win-dc.example", SYSMON, "nxlog:json"),
    "Winlogbeat": (WINLOGBEAT, 1641377472.345, "pc7", "XmlWinEventLog:Security", "winlogbeat:json"),
    "Winlogbeat 6": (OLD_WINLOGBEAT, 1483611072.0, "pc6", "XmlWinEventLog:Security", "winlogbeat:json"),
    "CrowdStrike": (
        FALCON, 1713805173.418, "168a90e1", "crowdstrike:ProcessRollup2", "crowdstrike:events:sensor",
    ),
    "CrowdStrike with a name and no timestamp": (
        {"event_simpleName": "DnsRequest", "ContextTimeStamp": "1713805170.25", "ComputerName": "PC3"},
        1713805170.25, "PC3", "crowdstrike:DnsRequest", "crowdstrike:events:sensor",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", HEADERS)
def test_host_time_and_source_of_each_writer(name: str, read_log: Any) -> None:
    value, *expected = HEADERS[name]
    outcome = read_log(json.dumps(value).encode())
    assert outcome.events == [(json.dumps(value), *expected)]
    assert outcome.problems == []


FIRST, SECOND = NXLOG, NXLOG | {"EventID": 1, "nested": {"a": [{"b": "}"}, []]}}
LAYOUTS = {
    "lines": "{0}\n{1}\n",
    "lines, as Windows ends them, with blank ones": "{0}\r\n\r\n{1}\r\n",
    "one behind the other": "{0}{1}",
    "an array on one line": "[{0}, {1}]",
    "an array, an element a line": "[\n{0},\n{1}\n]\n",
    "an empty array": "[]",
    "the records of CloudTrail": '{{"Records":[{0},{1}]}}',
    "Splunk's results": '{{"preview":false,"fields":[{{"name":"[x]"}}],"results":[{0},{1}], "highlighted":{{}}}}\n',
    "two documents of results": '{{"results":[{0}]}}\n{{"results":[{1}]}}\n',
}


@pytest.mark.parametrize("indent", [None, 0, 2])
@pytest.mark.parametrize("name", LAYOUTS)
def test_objects_come_out_of_any_layout(name: str, indent: int | None, read_log: Any) -> None:
    texts = [json.dumps(value, indent=indent) for value in (FIRST, SECOND)]
    outcome = read_log(LAYOUTS[name].format(*texts).encode())
    assert outcome.raws == ([] if name == "an empty array" else texts)
    assert outcome.problems == []


A, B, C = (json.dumps(NXLOG | {"n": n}) for n in "abc")
PRETTY = json.dumps(NXLOG | {"n": {"m": 1}}, indent=2)
FAULTS = {
    "cut off at the end": (A + "\n" + B[:-9], [A], "the log ends before its last brace", len(A) + 1),
    "cut off in a value, more lines follow": (f'{A}\n{B[:40]}\n{C}\n{C}', [A, C, C], "the next one begins", len(A) + 1),
    "cut off between values": (f'{{"a": 1,\n{B}\n{C}', [B, C], "the next one begins", 0),
    "cut off over lines": (f"{PRETTY[:-8]}\n{PRETTY}", [PRETTY], "the next one begins", 0),
    "cut off over lines in an array": (
        '[\n  {\n    "a": {\n      "b": 1\n  {\n    "EventID": 1,\n    "Hostname": "h",\n'
        '    "EventTime": "2020-01-01 00:00:00"\n'
        "  }\n]",
        ['{\n    "EventID": 1,\n    "Hostname": "h",\n    "EventTime": "2020-01-01 00:00:00"\n  }'],
        "the next one begins", 4,
    ),
    "text between": (f"{A}\nnot json\n{B}", [A, B], "no JSON object; left out: 'not json", len(A) + 1),
    "not JSON between braces": (f"{A}\n{{oops: 1}}\n{B}", [A, B], "broken off or damaged", len(A) + 1),
    "no object": (f"{A}\n1234\n{B}", [A, B], "no JSON object", len(A) + 1),
    "a number too long": (f'{{"a":{"9" * 5000}}}\n{B}', [B], "broken off or damaged", 0),
    "too deep": (f'{{"a":{"[" * 100_000}{"]" * 100_000}}}\n{B}', [B], "broken off or damaged", 0),
    "of no known writer": (f'{{"who": "knows"}}\n{B}', [B], "no known writer (CrowdStrike FDR, Splunk JSON", 0),
    "no time": (json.dumps({"EventID": 1, "Hostname": "h"}), None, "without a usable time", 0),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_reported_with_its_place_and_good_events_stay(name: str, read_log: Any) -> None:
    text, expected, reason, byte = FAULTS[name]
    outcome = read_log(text.encode())
    assert outcome.raws == ([text] if expected is None else expected)
    assert reason in outcome.reasons[0]
    assert outcome.bytes[0] == byte


def test_bytes_that_are_not_utf8_and_zeros_are_kept(read_log: Any) -> None:
    data = A.encode().replace(b"Process", b"\xff\0Process") + b"\n" + B.encode()
    outcome = read_log(data)
    assert outcome.raws == [A.replace("Process", "\ufffd\0Process"), B]
    assert sorted(outcome.bytes) == [data.index(b"\xff"), data.index(b"\0")]


def test_a_command_line_of_ten_megabytes_on_a_line_of_many_objects(read_log: Any) -> None:
    long = json.dumps(NXLOG | {"CommandLine": 'x\\"' * 3_500_000})
    outcome = read_log(f"[{A},{long},{B}]".encode())
    assert outcome.raws == [A, long, B]
    assert outcome.problems == []


def test_an_object_over_the_limit_is_left_out(read_log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("replay.inputs.json_objects.EVENT_LIMIT", 500_000)
    long = json.dumps(NXLOG | {"CommandLine": "x" * 1_500_000})
    outcome = read_log(f"{A}\n{long}\n{B}\n".encode())
    assert outcome.raws == [A, B]
    assert "more than 500000 bytes" in outcome.reasons[0]


def test_many_broken_objects_cost_one_search_not_one_each(read_log: Any) -> None:
    outcome = read_log(b"".join(b'%s{"a":{"b":\n' % (b" " * (n % 40)) for n in range(50_000)) + A.encode())
    assert outcome.raws == [A]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('ab{}[]"\\\né\0', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('a{"', max_size=3), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(st.text('ab"}', max_size=3), VALUES, max_size=4)


@given(
    st.lists(
        st.tuples(OBJECTS, st.sampled_from([None, 1, 4]), st.sampled_from(["", "\n", ",\n", " \r\n"])), max_size=6
    ),
    st.integers(300, 900),
)
def test_objects_in_are_objects_out(parts: list[tuple[Any, int | None, str]], size: int) -> None:
    texts = [json.dumps(value, indent=indent, ensure_ascii=False) for value, indent, _ in parts]
    data = "".join(text + gap for text, (_, _, gap) in zip(texts, parts, strict=True)).encode()
    problems: list[Any] = []
    rest = [data]

    def give(_: int) -> bytes:
        piece, rest[0] = rest[0][:size], rest[0][size:]
        return piece

    log = Log("x", stream.Stream(give, lambda reason, byte: problems.append(reason)), problems.append)
    found = list(json_objects.split(log))
    assert [one.raw for one in found] == texts
    assert [data[one.byte :].startswith(one.raw.encode()) for one in found] == [True] * len(texts)
    assert problems == []
