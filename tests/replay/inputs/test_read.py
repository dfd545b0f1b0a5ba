"""What may be named, how a format is recognised, and what the user may say about it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from replay import inputs
from replay.errors import InputError
from replay.inputs import registry
from replay.inputs.base import Confidence, Format

XML = "<Event><System><TimeCreated SystemTime='2024-03-12T10:42:17Z'/><Computer>PC1</Computer></System></Event>"
DEV = Path(__file__).parents[3] / "dev"

HEADS = {
    "EVTX": b"ElfFile\0" + b"\0" * 100,
    "JSON": b'\n{"a": 1}',
    "Windows event XML": b"<?xml version='1.0'?>\n<Events><Event xmlns='x'>",
    "Windows event text": b"01/14/2021 11:41:39 PM\nLogName=Security\n",
    "Splunk CSV export": b'"_time","_raw",host\n1,"<Event>",h\n',
}


@pytest.mark.parametrize("name", HEADS)
def test_one_format_and_no_other_is_certain_of_its_content(name: str) -> None:
    sure = [found.name for found in registry.formats() if found.sniff(HEADS[name]) is Confidence.CERTAIN]
    assert sure == [name]


def test_the_name_of_a_file_says_nothing(read_log: Any) -> None:
    assert read_log(XML.encode(), name="picture.json").raws == [XML]


def test_a_folder_is_read_with_all_in_it_in_the_order_of_names(tmp_path: Path, read_these: Any) -> None:
    for name in ("b/z.xml", "b/a.xml", "c.xml", "a.xml"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(XML.replace("PC1", name))
    assert [event.host for event in read_these(tmp_path).events] == ["a.xml", "c.xml", "b/a.xml", "b/z.xml"]


def test_a_file_of_no_known_format_is_reported_and_the_others_go_on(tmp_path: Path, read_these: Any) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (tmp_path / "b.xml").write_text(XML)
    (tmp_path / "empty").write_bytes(b"")
    outcome = read_these(tmp_path)
    assert outcome.raws == [XML]
    assert [str(problem.place) for problem in outcome.problems] == [f"{tmp_path}/a.png byte 0"]
    assert "none of the known formats (EVTX, JSON, Splunk CSV export," in outcome.reasons[0]


def test_what_is_no_regular_file_in_a_folder_is_reported(tmp_path: Path, read_these: Any) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    reasons = read_these(tmp_path).reasons
    assert reasons == ["the file cannot be read: No such file or directory", "left out: it is not a regular file"]


@pytest.mark.parametrize(
    ("paths", "message"), [([], "nothing to read"), ([""], "is empty"), (["/no/such"], "/no/such: no such")]
)
def test_nothing_to_read_is_an_error_at_once(paths: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        inputs.read(paths, on_problem=print)


def test_standard_input_is_read() -> None:
    code = "import sys; from replay import inputs\nfor event in inputs.read(['-'], on_problem=print): print(event.host)"
    done = subprocess.run([sys.executable, "-c", code], input=XML, text=True, capture_output=True, cwd=DEV, check=True)
    assert done.stdout == "PC1\n"


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    import gzip
    import tracemalloc

    file = tmp_path / "big.xml.gz"
    with gzip.open(file, "wb", compresslevel=1) as out:
        event = XML.replace("PC1", "PC" * 4000) + "\n"
        for _ in range(50):
            out.write(event.encode() * 100)  # 40 MB in all
    tracemalloc.start()
    count = sum(1 for _ in inputs.read([file], on_problem=print))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 5_000
    assert peak < 8_000_000


OVERRIDES = {
    "JSON objects of a writer unknown here": (
        "aws:cloudtrail",
        '{"Records":[{"eventTime":"2024-03-12T10:42:17Z","eventName":"GetUser"}]}',
        [('{"eventTime":"2024-03-12T10:42:17Z","eventName":"GetUser"}',
          1710240137.0, "localhost", "log", "aws:cloudtrail")],
    ),
    "JSON of a known writer keeps its host": (
        "my:json",
        '{"EventID":1,"Hostname":"h","Channel":"Security","EventTime":"2024-03-12 10:42:17"}',
        [('{"EventID":1,"Hostname":"h","Channel":"Security","EventTime":"2024-03-12 10:42:17"}',
          1710240137.0, "h", "XmlWinEventLog:Security", "my:json")],
    ),
    "lines of text": (
        "linux:audit",
        "12/Mar/2024:10:42:17 +0000 one\r\n\nnode=a 2024-03-12T10:42:18.5Z two",
        [("12/Mar/2024:10:42:17 +0000 one", 1710240137.0, "localhost", "log", "linux:audit"),
         ("node=a 2024-03-12T10:42:18.5Z two", 1710240138.5, "localhost", "log", "linux:audit")],
    ),
    "lines that mention an event": (
        "ps:log",
        f"2024-03-12 10:42:17 wrote {XML}",
        [(f"2024-03-12 10:42:17 wrote {XML}", 1710240137.0, "localhost", "log", "ps:log")],
    ),
    "XML stays XML": ("XmlWinEventLog", XML, [(XML, 1710240137.0, "PC1", "XmlWinEventLog:", "XmlWinEventLog")]),
    "XML far behind other text": (
        "XmlWinEventLog:Security",
        "\n" * 70_000 + XML,
        [(XML, 1710240137.0, "PC1", "XmlWinEventLog:", "XmlWinEventLog:Security")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OVERRIDES)
def test_sourcetype_says_what_the_events_are(name: str, tmp_path: Path, monkeypatch: Any, read_these: Any) -> None:
    sourcetype, text, expected = OVERRIDES[name]
    monkeypatch.chdir(tmp_path)
    Path("log").write_text(text, newline="")
    outcome = read_these("log", sourcetype=sourcetype)
    assert outcome.events == expected
    assert outcome.problems == []


def test_a_line_over_the_limit_is_left_out(read_log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("replay.inputs.formats.lines.EVENT_LIMIT", 500_000)
    line = "2024-03-12 10:42:17 x"
    outcome = read_log(f"{line}\n{'y' * 1_500_000}\n{line}".encode(), sourcetype="any")
    assert outcome.raws == [line, line]
    assert outcome.reasons == ["a line of more than 500000 bytes; it is left out"]


def test_two_formats_of_one_name_are_an_error() -> None:
    twin = Format("Twin", (), lambda head: Confidence.NO, lambda log: iter(()))
    with pytest.raises(InputError, match="two input modules claim the name Twin: one and two"):
        registry.unique([("one", twin), ("two", twin)])


def test_the_folders_are_walked_for_what_they_declare() -> None:
    assert set(HEADS) | {"lines of text"} <= {found.name for found in registry.formats()}
    assert {"CrowdStrike FDR", "Winlogbeat", "nxlog"} <= {kind.name for kind in registry.json_kinds()}
    assert {"gzip", "tar", "zip"} <= {container.name for container in registry.containers()}


def test_json_may_hold_xml(read_log: Any) -> None:
    both = json.dumps({"EventID": 1, "Hostname": "h", "EventTime": "2024-03-12 10:42:17", "Message": XML})
    assert read_log(both.encode()).raws == [both]
