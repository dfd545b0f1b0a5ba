"""The shipped sample: the script and the file agree, and the day holds what it promises."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

DATASETS = Path(__file__).parents[3] / "dev" / "datasets"
SAMPLE = DATASETS / "msra-windows-sysmon.log"
SHELLS = {"cmd.exe", "powershell.exe", "pwsh.exe", "sh.exe", "bash.exe", "wscript.exe", "cscript.exe"}
FIELDS = [
    "RuleName", "UtcTime", "ProcessGuid", "ProcessId", "Image", "FileVersion", "Description", "Product", "Company",
    "OriginalFileName", "CommandLine", "CurrentDirectory", "User", "LogonGuid", "LogonId", "TerminalSessionId",
    "IntegrityLevel", "Hashes", "ParentProcessGuid", "ParentProcessId", "ParentImage", "ParentCommandLine",
    "ParentUser",
]  # fmt: skip


def process_events(outcome: Any) -> list[dict[str, str]]:
    found = []
    for event in outcome.events:
        root = ElementTree.fromstring(re.sub(r" xmlns='[^']*'", "", event.raw, count=1))  # noqa: S314 - our own file
        if root.findtext("System/EventID") == "1":
            found.append({data.get("Name", ""): data.text or "" for data in root.iter("Data")})
    return found


def name(image: str) -> str:
    return image.rsplit("\\", 1)[1].lower()


def test_the_script_writes_this_file(tmp_path: Path) -> None:
    target = tmp_path / "sample.log"
    subprocess.run([sys.executable, DATASETS / "make_sample.py", target], check=True)
    assert target.read_bytes() == SAMPLE.read_bytes()


def test_every_line_is_an_event_with_all_its_fields(read_these: Any) -> None:
    outcome = read_these(SAMPLE)
    assert outcome.raws == SAMPLE.read_text(encoding="utf-8").splitlines()
    assert outcome.problems == []
    assert {event.source for event in outcome.events} == {"XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"}
    assert all(list(fields) == FIELDS for fields in process_events(outcome))
    assert [event.time for event in outcome.events] == sorted(event.time for event in outcome.events)


def test_only_the_hits_of_the_story_are_shells_under_msra(read_these: Any) -> None:
    story = tomllib.loads((DATASETS / "sample_day.toml").read_text(encoding="utf-8"))
    told = {(hit["image"], hit["command"], str(hit["pid"]), str(hit["parent_pid"])) for hit in story["hit"]}
    starts = process_events(read_these(SAMPLE))
    found = {
        (fields["Image"], fields["CommandLine"], fields["ProcessId"], fields["ParentProcessId"])
        for fields in starts
        if name(fields["ParentImage"]) == "msra.exe" and name(fields["Image"]) in SHELLS
    }
    assert found == told
    assert len(starts) > 300


def test_a_parent_that_is_in_the_log_has_the_same_guid_there(read_these: Any) -> None:
    starts = process_events(read_these(SAMPLE))
    by_pid = {fields["ProcessId"]: fields["ProcessGuid"] for fields in starts if name(fields["Image"]) == "msra.exe"}
    children = [fields for fields in starts if fields["ParentProcessId"] in by_pid]
    assert len(children) >= 7
    assert all(fields["ParentProcessGuid"] == by_pid[fields["ParentProcessId"]] for fields in children)
