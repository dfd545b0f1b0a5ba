"""``replay test`` as a command: what it prints, writes and leaves with."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.testing.junit import write_junit
from replay.testing.outcome import Finding, Outcome
from support import ROOT

WriteLog = Callable[..., Path]
WriteTests = Callable[[str], Path]

HEAD = "name: Tools\nsearch: Tools\ntests:\n"
LOG = "    attack_data: [{data: a.log, sourcetype: tools}]\n"
HOSTILE = '</failure>\x1b[2J"\x00]]>&\u202e\ufffe'


def replay(*arguments: str | Path, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run ``replay test``."""
    command = [Path(sys.executable).with_name("replay"), "test", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def parsed(path: Path) -> ET.Element:
    """A report."""
    return ET.parse(path).getroot()  # noqa: S314  # our own


def test_the_screen_shows_what_was_expected_and_what_came(
    app: Path, write_log: WriteLog, write_tests: WriteTests
) -> None:
    write_log("a.log", {"dest": "h1", "tool": "cmd.exe"}, {"dest": "h2", "tool": HOSTILE})
    rows = "    expected:\n      rows:\n        - {dest: h1, tool: bash.exe}\n        - dest: h2\n"
    file = write_tests(HEAD + "  - name: one\n" + LOG + rows + "  - name: two\n" + LOG)
    done = replay(file, "--app", app, "--workers", "1")
    assert done.returncode == 1, done.stderr
    assert re.sub(r"\d\.\d\d s", "T s", done.stdout) == (
        "FAIL  one (2 rows, T s)\n"
        f"      {file}:4\n"
        "      missing row: expected in line 8; the nearest that came:\n"
        '          dest  "h1"\n'
        '        ! tool  expected "bash.exe"\n'
        '                came     "cmd.exe"\n'
        "pass  two (2 rows, T s)\n"
    )
    assert "1 passed, 1 failed" in done.stderr


def test_hostile_values_reach_the_report_as_text(app: Path, write_log: WriteLog, write_tests: WriteTests) -> None:
    write_log("a.log", {"dest": HOSTILE, "tool": "x"})
    file = write_tests(HEAD + "  - name: one\n" + LOG + "    expected: {count: 0}\n")
    done = replay(file, "--app", app, "--junit-xml", app / "deep/report.xml")
    assert done.returncode == 1, done.stderr
    assert "\x1b" not in done.stdout
    failure = parsed(app / "deep/report.xml").find(".//failure")
    assert failure is not None
    assert failure.text is not None
    assert '</failure>\\x1b[2J"\\x00]]>&' in failure.text


def test_json_is_one_object_a_test(app: Path, write_log: WriteLog, write_tests: WriteTests) -> None:
    write_log("a.log", {"dest": "h1", "tool": "x"})
    text = HEAD + "  - name: one\n" + LOG + "  - name: two\n" + LOG + "    expected: {rows: [{tool: y}]}\n"
    done = replay(write_tests(text), "--app", app, "--output", "json")
    one, two = map(json.loads, done.stdout.splitlines())
    assert (one["name"], one["status"], one["rows"], one["findings"]) == ("one", "passed", 1, [])
    assert two["findings"][0]["fields"] == [{"field": "tool", "expected": "y", "came": "x"}]


STATUS = [
    ("all pass", "", 0),
    ("one fails", "    expected: {count: 9}\n", 1),
    ("a search that does not run", "    search: Broken\n", 1),
    ("an unknown search", "    search: Toolz\n", 2),
    ("an unknown key", "    searches: Tools\n", 2),
]


@pytest.mark.parametrize(("extra", "status"), [s[1:] for s in STATUS], ids=[s[0] for s in STATUS])
def test_exit_status(app: Path, write_log: WriteLog, write_tests: WriteTests, extra: str, status: int) -> None:
    write_log("a.log", {"dest": "h1", "tool": "x"})
    assert replay(write_tests(HEAD + "  - name: one\n" + LOG + extra), "--app", app).returncode == status


def test_every_wrong_file_is_told_and_nothing_runs(write_tests: WriteTests, tmp_path: Path) -> None:
    first = write_tests("nam: x\n")
    (tmp_path / "more.yml").write_text("tests: 3\n", encoding="utf-8")
    done = replay(tmp_path, tmp_path / "more.yml")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{tmp_path}/more.yml:1:" in done.stderr
    assert f"{first}:1: unknown key `nam`" in done.stderr


def test_new_and_then_the_tests_of_an_app(app: Path, write_log: WriteLog) -> None:
    log = write_log("a.log", {"dest": "h1", "tool": "x"})
    done = replay("--app", app, "--new", "Tools", log, "--sourcetype", "tools")
    assert done.returncode == 0, done.stderr
    assert Path(ROOT, done.stdout.strip()).resolve() == (app / "tests/detections/tools_seen.yml").resolve()
    assert replay("--app", app).returncode == 0


# --- JUnit XML --------------------------------------------------------------------------------------------------------


def outcome(name: str, status: str, text: str = "") -> Outcome:
    """One in a file of its own for each first letter."""
    findings = [Finding("count", text, [("field", text, None)])] if status == "failed" else []
    file = f"tests/{name[:1]}.yml"
    return Outcome(name, "suite", "Tools", file, 3, status, ["a.log"], 1, findings, text)  # type: ignore[arg-type]


def test_counts_of_suites_and_the_whole(tmp_path: Path) -> None:
    every = [
        outcome("a1", "passed"),
        outcome("a2", "failed", "x"),
        outcome("b1", "skipped", "y"),
        outcome("b2", "error"),
    ]
    write_junit(every, tmp_path / "r.xml")
    root = parsed(tmp_path / "r.xml")
    counted = ("tests", "failures", "errors", "skipped")
    assert [root.get(name) for name in counted] == ["4", "1", "1", "1"]
    assert [[suite.get(name) for name in counted] for suite in root] == [["2", "1", "0", "0"], ["2", "0", "1", "1"]]
    assert [[child.tag for child in case] for case in root.iter("testcase")] == [
        ["properties"], ["properties", "failure"], ["properties", "skipped"], ["properties", "error"],
    ]  # fmt: skip
    first = root[0][0]
    assert (first.get("classname"), first.get("name"), first.get("line")) == ("a", "a1", "3")
    assert {p.get("name"): p.get("value") for p in first.iter("property")} == {
        "search": "Tools", "rows": "1", "data": "a.log",
    }  # fmt: skip


@given(text=st.text(st.characters()))
def test_any_text_makes_valid_xml(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "any.xml"
    write_junit([outcome(f"x{text}", "failed", text), outcome(f"y{text}", "error", text)], path)
    assert parsed(path).get("tests") == "2"
