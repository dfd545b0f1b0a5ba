"""Tests run on their own events, one after the other and in several processes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from replay.errors import KnowledgeError
from replay.testing.new import write_test
from replay.testing.outcome import Outcome
from replay.testing.runner import Runner, run_all
from replay.testing.spec import read_tests
from support import ROOT, write_lookup

WriteLog = Callable[..., Path]
WriteTests = Callable[[str], Path]

HEAD = "name: Tools\nsearch: Tools\ntests:\n"
LOG = "    attack_data: [{data: a.log, sourcetype: tools}]\n"


def run(app: Path, file: Path) -> list[Outcome]:
    """Outcomes of the tests in a file."""
    runner = Runner([app])
    return [runner.run(test) for test in read_tests(file)]


def test_a_search_without_rbaenrich_gets_its_risk(app: Path, write_log: WriteLog, write_tests: WriteTests) -> None:
    write_log("a.log", {"dest": "h1", "tool": "cmd.exe"})
    rows = "    expected:\n      risk_score: 40\n      rows: [{dest: h1, risk_message: cmd.exe ran on h1}]\n"
    (outcome,) = run(app, write_tests(HEAD + "  - name: one\n" + LOG + rows))
    assert (outcome.status, outcome.rows, outcome.findings) == ("passed", 1, [])


# what the search says of rbaenrich, what its macros.conf says
MENTIONS = [
    ("search sourcetype=tools NOT args=rbaenrich | table dest tool args", "no macro"),
    ("search sourcetype=tools | table dest tool args | `risk`", 'rbaenrich detection="Tools"'),
]


@pytest.mark.parametrize(("search", "macro"), MENTIONS)
def test_risk_is_added_once_whatever_the_text_mentions(
    search: str, macro: str, app: Path, write_log: WriteLog, write_tests: WriteTests
) -> None:
    path = app / "default/savedsearches.conf"
    text = re.sub(r"(?m)^search = .*tools_filter.*$", f"search = {search}", path.read_text(encoding="utf-8"))
    path.write_text(text, encoding="utf-8")
    (app / "default/macros.conf").write_text(f"[risk]\ndefinition = {macro}\n", encoding="utf-8")
    write_log("a.log", {"dest": "h1", "tool": "cmd.exe"})
    rows = "    expected: {risk_score: 40, rows: [{dest: h1, risk_message: cmd.exe ran on h1}]}\n"
    (outcome,) = run(app, write_tests(HEAD + "  - name: one\n" + LOG + rows))
    assert (outcome.status, outcome.rows, outcome.findings) == ("passed", 1, [])


def test_no_test_sees_what_another_one_wrote(app: Path, write_log: WriteLog, write_tests: WriteTests) -> None:
    write_lookup(app, "seen.csv", [{"dest": "h0"}])
    path = app / "default/savedsearches.conf"
    said = "[Writes]\nsearch = search sourcetype=tools | table dest | outputlookup seen.csv\n"
    said += "[Seen]\nsearch = search sourcetype=tools | head 0 | inputlookup append=t seen.csv\n"
    path.write_text(path.read_text(encoding="utf-8") + said, encoding="utf-8")
    write_log("a.log", {"dest": "h1"})
    text = HEAD + "  - name: one\n    search: Writes\n" + LOG + "    expected: {rows: [{dest: h1}]}\n"
    text += "  - name: two\n    search: Seen\n" + LOG + "    expected: {rows: [{dest: h0}]}\n"
    outcomes = run(app, write_tests(text))
    assert [one.status for one in outcomes] == ["passed", "passed"], outcomes


def test_a_search_without_risk_runs_as_it_is(app: Path, write_log: WriteLog, write_tests: WriteTests) -> None:
    write_log("a.log", {"dest": "h1"}, {"dest": "h1"})
    text = HEAD + "  - name: one\n    search: Counts\n" + LOG + "    expected: {rows: [{dest: h1, count: 2}]}\n"
    (outcome,) = run(app, write_tests(text))
    assert outcome.status == "passed", outcome


def test_a_log_of_another_index_source_and_host(app: Path, write_log: WriteLog, write_tests: WriteTests) -> None:
    write_log("a.log", {"dest": "h1"})
    app_searches = app / "default/savedsearches.conf"
    said = "[Origins]\nsearch = search index=win source=here host=there | stats count by index source host\n"
    app_searches.write_text(app_searches.read_text(encoding="utf-8") + said, encoding="utf-8")
    log = "    attack_data: [{data: a.log, sourcetype: tools, source: here, host: there, custom_index: win}]\n"
    (outcome,) = run(app, write_tests("search: Origins\ntests:\n  - name: one\n" + log))
    assert outcome.status == "passed", outcome


WRONG = [
    ("an unknown search", "    search: Toolz\n", "not defined in any app; nearest: `Tools`", True),
    ("an unknown macro", "    macros: {tool_filter: x}\n", "`tool_filter`", True),
    ("a search that does not parse", "    search: Broken\n", "no_such_command", False),
    ("a time that is none", "    earliest_time: yesterday\n", "no time", False),
]


@pytest.mark.parametrize(("extra", "says", "wrong"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_what_cannot_run_is_an_error_with_its_place(
    app: Path, write_log: WriteLog, write_tests: WriteTests, extra: str, says: str, wrong: bool
) -> None:
    write_log("a.log", {"dest": "h1"})
    file = write_tests(HEAD + "  - name: one\n" + LOG + extra)
    (outcome,) = run(app, file)
    assert (outcome.status, outcome.wrong) == ("error", wrong)
    assert says in outcome.reason
    assert not wrong or outcome.reason.startswith(f"{file}:")


def test_a_log_without_events_proves_nothing(app: Path, write_log: WriteLog, write_tests: WriteTests) -> None:
    write_log("a.log")
    (outcome,) = run(app, write_tests(HEAD + "  - name: one\n" + LOG + "    expected: {count: 0}\n"))
    assert (outcome.status, [finding.kind for finding in outcome.findings]) == ("failed", ["empty log"])


def test_a_malformed_log_fails_and_says_where(app: Path, tmp_path: Path, write_tests: WriteTests) -> None:
    (tmp_path / "a.log").write_bytes(b'{"dest": "h1", "tool": "x", "time": "2024-05-01T00:00:00Z"}\n{"dest": "h2\n')
    test = HEAD + "  - name: one\n" + LOG
    (outcome,) = run(app, write_tests(test))
    assert [finding.kind for finding in outcome.findings[:2]] == ["malformed log"] * 2
    assert f"{tmp_path}/a.log byte " in outcome.findings[1].says
    (outcome,) = run(app, write_tests(test + f"    expected: {{malformed: {len(outcome.findings) - 1}}}\n"))
    assert outcome.status == "passed", outcome


# --- isolation --------------------------------------------------------------------------------------------------------

OWN = read_tests(ROOT / "tests/detections/windows_remote_assistance_spawning_process.yml")
SMALL = [test for test in OWN if all(data.path.stat().st_size < 20_000 for data in test.data)]
RUNNER = Runner([])
ALONE = {test.name: replace(RUNNER.run(test), seconds=0) for test in SMALL}


@settings(max_examples=5)
@given(order=st.permutations(SMALL).map(lambda tests: tests[:5]))
def test_the_order_of_tests_does_not_change_what_they_find(order: list[object]) -> None:
    for test in order:
        outcome = replace(RUNNER.run(test), seconds=0)  # type: ignore[arg-type]
        assert outcome == ALONE[outcome.name]
    assert RUNNER.session.index.count() == 0


def test_several_processes_find_what_one_finds_in_the_order_of_the_file() -> None:
    found = [replace(outcome, seconds=0) for outcome in run_all(SMALL, [], workers=2)]
    assert found == [ALONE[test.name] for test in SMALL]


# --- the template -----------------------------------------------------------------------------------------------------


HOSTILE = '"; | delete * #\u2028: {}\n- x'


@pytest.mark.parametrize("search", ["Tools", "Counts"])
def test_a_new_test_with_logs_passes_at_once(app: Path, write_log: WriteLog, tmp_path: Path, search: str) -> None:
    log = write_log("a.log", {"dest": HOSTILE, "tool": "- cmd.exe"}, {"dest": "h2", "tool": "'null'"})
    path = write_test(Runner([app]), search, [log], tmp_path / "new", sourcetype="tools")
    assert path.name == {"Tools": "tools_seen.yml", "Counts": "counts.yml"}[search]
    (test,) = read_tests(path)
    assert {row.fields["dest"] for row in test.expected.rows} == {HOSTILE, "h2"}
    (outcome,) = run(app, path)
    assert outcome.status == "passed", outcome


def test_a_new_test_without_logs_says_what_to_fill_in(app: Path, tmp_path: Path) -> None:
    path = write_test(Runner([app]), "Tools", [], tmp_path)
    with pytest.raises(KnowledgeError, match=r"no such log: .*CHANGE ME\.log"):
        read_tests(path)
    (tmp_path / "CHANGE ME.log").touch()
    (row,) = read_tests(path)[0].expected.rows
    assert row.fields == {"dest": "CHANGE ME", "tool": "CHANGE ME", "risk_message": "$tool$ ran on $dest$"}


def test_a_new_test_replaces_none_and_proves_something(app: Path, write_log: WriteLog, tmp_path: Path) -> None:
    log = write_log("a.log", {"dest": "h1"})
    with pytest.raises(KnowledgeError, match="finds nothing in these logs"):
        write_test(Runner([app]), "Tools", [log], tmp_path)
    write_test(Runner([app]), "Tools", [], tmp_path)
    with pytest.raises(KnowledgeError, match="here already"):
        write_test(Runner([app]), "Tools", [], tmp_path)
