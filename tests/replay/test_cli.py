"""The verbs as a user has them: real processes, exit statuses, and what goes to which stream."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from pages import Page
from support import ROOT, write_app

DONE, UNEXPECTED, WRONG, MALFORMED = 0, 1, 2, 3
LINES = '{"_time": 1700000000, "a": "x", "n": 1}\n{"_time": 1700000001, "a": "y [b]", "n": 2}\n'


def replay(*arguments: object, stdin: str = "", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from replay.cli import main; main()", *map(str, arguments)]
    environment = {"PYTHONPATH": str(ROOT / "dev"), "PATH": "", "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, encoding="utf-8", check=False, env=environment, cwd=cwd
    )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "events.json"
    path.write_text(LINES, encoding="utf-8")
    return path


@pytest.fixture
def app(tmp_path: Path) -> Path:
    saved = {"Both": {"search": "index=main `which` | table a n", "action.correlationsearch.enabled": "1"}}
    macros = {"which": {"definition": "n=*"}, "with(1)": {"args": "x", "definition": "n=$x$"}}
    return write_app(tmp_path / "myapp", {"savedsearches": saved, "macros": macros})


def search(log: Path, spl: str, *more: object) -> subprocess.CompletedProcess[str]:
    return replay("search", spl, log, "--sourcetype", "plain", *more)


def test_json_is_one_object_a_line_and_nothing_else(log: Path) -> None:
    done = search(log, "index=main | table a n", "--output", "json")
    assert done.returncode == DONE, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == [{"a": "y [b]", "n": "2"}, {"a": "x", "n": "1"}]
    assert "2 results" in done.stderr


def test_json_keeps_multivalues_and_numbers_as_splunk_prints_them(log: Path) -> None:
    done = search(log, 'index=main n=1 | eval m=split("p,q", ","), h=n/2, w=n*2 | table m h w', "--output", "json")
    assert json.loads(done.stdout) == {"m": ["p", "q"], "h": "0.5", "w": "2"}


def test_csv_has_a_header_and_joins_multivalues_by_newlines(log: Path) -> None:
    done = search(log, 'index=main n=1 | eval m=split("p,q", ",") | table a m z', "--output", "csv")
    assert done.returncode == DONE, done.stderr
    assert list(csv.reader(io.StringIO(done.stdout))) == [["a", "m", "z"], ["x", "p\nq", ""]]


def test_a_table_is_the_default_and_shows_what_events_hold_as_it_is(log: Path) -> None:
    done = search(log, "index=main | table a n")
    assert done.returncode == DONE, done.stderr
    assert "y [b]" in done.stdout
    assert "results" not in done.stdout


def test_no_results_is_no_failure(log: Path) -> None:
    done = search(log, "index=main n=9")
    assert (done.returncode, done.stdout.strip()) == (DONE, "no results")


def test_standard_input_is_read(log: Path) -> None:
    done = replay("search", "index=main | stats count", "-", "--sourcetype", "plain", "--output", "json", stdin=LINES)
    assert (done.returncode, json.loads(done.stdout)) == (DONE, {"count": "2"}), done.stderr


@pytest.mark.parametrize(("expected", "status"), [(2, DONE), (1, UNEXPECTED), (0, UNEXPECTED)])
def test_expect_turns_the_number_of_results_into_a_status(log: Path, expected: int, status: int) -> None:
    done = search(log, "index=main | table n", "--expect", expected, "--output", "json")
    assert done.returncode == status
    assert len(done.stdout.splitlines()) == 2
    assert ("expected" in done.stderr) == (status == UNEXPECTED)


def test_times_limit_the_events(log: Path) -> None:
    done = search(log, "index=main | table n", "--earliest", "1700000001", "--output", "json")
    assert done.stdout == '{"n": "2"}\n'
    done = search(log, "index=main | table n", "--latest", "2023-11-14T22:13:21Z", "--output", "json")
    assert done.stdout == '{"n": "1"}\n'


WRONG_SEARCHES = [
    ("index=main | statz count", "column 14: unknown search command `statz` (nearest: stats"),
    ("index=main (a=1", "column 12: `(` is never closed"),
    ("index=main `nosuch`", "macro `nosuch` is not defined"),
    ("index=main | :bug:", "unknown search command `:bug:`"),
    ("index=main | eval x=nosuch(1)", "unknown eval function `nosuch`"),
    ("index=nowhere", "nothing is known of index `nowhere`"),
    ("| tstats count from datamodel=Nosuch.Root", "data model `Nosuch`"),
    ("", "the search is empty"),
]


def test_a_wrong_search_is_told_before_logs_are_read(tmp_path: Path) -> None:
    done = replay("search", "index=main | statz count", tmp_path / "nosuch.json")
    assert done.returncode == WRONG
    assert "unknown search command `statz`" in done.stderr and "nosuch.json" not in done.stderr


@pytest.mark.parametrize(("spl", "says"), WRONG_SEARCHES)
def test_a_wrong_search_says_where(spl: str, says: str, log: Path) -> None:
    done = search(log, spl)
    assert done.returncode == WRONG, done.stderr
    assert says in " ".join(done.stderr.split())
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_wrong_call_says_what_is_right(log: Path, tmp_path: Path) -> None:
    for arguments, says in (
        (("--output", "xml"), "one of csv, json, table"),
        (("--app", tmp_path / "nosuch"), "no such app folder"),
        (("--set", "which"), "--set takes MACRO=DEFINITION"),
        (("--set", "nosuch=1"), "macro `nosuch` is not defined"),
        (("--earliest", "yesterday"), "--earliest yesterday: no time"),
    ):
        done = search(log, "index=main", *arguments)
        assert done.returncode == WRONG, done.stderr
        assert says in " ".join(done.stderr.split())
        assert "Traceback" not in done.stderr


def test_a_missing_log_is_named(tmp_path: Path) -> None:
    done = replay("search", "index=main", tmp_path / "nosuch.json")
    assert done.returncode == WRONG
    assert "nosuch.json" in done.stderr.replace("\n", "")


def test_malformed_input_gives_its_results_and_a_status(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(LINES + '{"_time": 1700000002, "a": \n', encoding="utf-8")
    done = search(path, "index=main n=* | table n", "--output", "json")
    assert done.returncode == MALFORMED, done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert "malformed:" in done.stderr and "bad.json" in done.stderr
    assert search(path, "index=main", "--tolerate").returncode == DONE


def test_run_takes_the_correlation_search_of_the_app(app: Path, log: Path) -> None:
    done = replay("run", log, "--app", app, "--sourcetype", "plain", "--output", "json")
    assert done.returncode == DONE, done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert "Both" in done.stderr and "index=main n=*" in done.stderr


def test_an_app_may_be_named_by_a_relative_path() -> None:
    done = replay("run", "dev/datasets/msra-windows-sysmon.log", "--app", ".", "--output", "json", cwd=ROOT)
    assert done.returncode == DONE, done.stderr
    assert len(done.stdout.splitlines()) == 4, "its command runs in a working directory of its own"


def test_set_replaces_a_macro(app: Path, log: Path) -> None:
    done = replay("run", log, "--app", app, "--sourcetype", "plain", "--output", "json", "--set", "which=n=1")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [{"a": "x", "n": "1"}], done.stderr


def test_run_names_the_saved_searches_near_a_misspelt_one(app: Path, log: Path) -> None:
    done = replay("run", log, "--app", app, "--search", "Bothh")
    assert done.returncode == WRONG
    assert "Both" in done.stderr


def test_run_writes_its_report_as_one_page(app: Path, log: Path) -> None:
    done = replay("run", log, "--app", app, "--sourcetype", "plain", "--output", "html", "--earliest", "1700000001")
    assert done.returncode == DONE, done.stderr
    page = Page(done.stdout)
    assert page.root.one("title").text == "1 hit: Both"
    assert "from 1700000001 to the last event" in page.section("run").text
    assert "y [b]" in page.root.one("article").text
    assert done.stderr.splitlines()[-1].startswith("1 results; read 1 files, 2 events, 0 problems")


def test_a_report_has_the_exit_status_of_its_run(app: Path, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(LINES + '{"_time": 1700000002, "a": \n', encoding="utf-8")
    run = ("run", path, "--app", app, "--output", "html")
    done = replay(*run)
    assert done.returncode == MALFORMED
    assert "bad.json" in Page(done.stdout).section("problems").text
    assert replay(*run, "--tolerate").returncode == DONE
    assert replay(*run, "--expect", "7").returncode == UNEXPECTED


def test_a_page_is_not_written_onto_a_screen(app: Path, log: Path) -> None:
    screen, end = pty.openpty()
    command = [sys.executable, "-c", "from replay.cli import main; main()", "run", str(log), "--output", "html"]
    environment = {"PYTHONPATH": str(ROOT / "dev"), "PATH": "", "COLUMNS": "200"}
    done = subprocess.run(command, stdout=end, stderr=subprocess.PIPE, text=True, check=False, env=environment)
    os.close(end)
    os.close(screen)
    assert done.returncode == WRONG
    assert "--output html > report.html" in done.stderr


def test_only_run_makes_a_page(app: Path, log: Path) -> None:
    done = search(log, "index=main", "--output", "html")
    assert (done.returncode, done.stdout) == (WRONG, "")
    assert "`replay run`" in done.stderr
    done = replay("run", log, "--app", app, "--output", "xml")
    assert (done.returncode, done.stdout) == (WRONG, "")
    assert "one of csv, html, json, table" in done.stderr


def test_explain_shows_the_expanded_search_and_its_sql(app: Path) -> None:
    done = replay("explain", "Both", "--app", app)
    assert done.returncode == DONE, done.stderr
    assert "index=main n=* | table a n" in done.stdout
    assert "SELECT" in done.stdout


def test_check_gives_a_verdict_for_every_saved_search(tmp_path: Path) -> None:
    saved = {"Good": {"search": "index=main | stats count"}, "Bad": {"search": "index=main | nosuch"}}
    done = replay("check", "--app", write_app(tmp_path / "mine", {"savedsearches": saved}), "--output", "json")
    verdicts = {v["search"]: v for v in map(json.loads, done.stdout.splitlines()) if v["app"] == "mine"}
    assert done.returncode == WRONG
    assert verdicts["Good"]["status"] == "runs"
    assert verdicts["Bad"]["status"] == "fails"
    assert "unknown search command `nosuch`" in verdicts["Bad"]["reason"]
    assert "savedsearches.conf" in verdicts["Bad"]["place"] and "column 14" in verdicts["Bad"]["place"]


def test_check_warns_of_a_custom_command_that_can_never_run(tmp_path: Path) -> None:
    commands = {"KV": {"filename": "kv.py", "chunked": "true"}, "fine": {}, "fit": {}}
    done = replay("check", "--app", write_app(tmp_path / "mine", {"commands": commands}))
    assert done.returncode == DONE
    (warning,) = [line for line in done.stderr.splitlines() if "warning" in line]
    assert "commands.conf:1 [KV]: `KV` is a command of Splunk, another name of `extract`: this one is never" in warning


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "many.json"
    path.write_text(
        "".join(f'{{"_time": {1700000000 + i}, "a": "{"x" * 200}"}}\n' for i in range(5000)), encoding="utf-8"
    )
    command = [sys.executable, "-c", "from replay.cli import main; main()", "search", "index=main", str(path)]
    environment = {"PYTHONPATH": str(ROOT / "dev"), "PATH": ""}
    with subprocess.Popen(
        [*command, "--sourcetype", "plain", "--output", "json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environment,
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read().decode()
        process.wait()
    assert "Traceback" not in errors
    assert process.returncode == DONE


def test_a_store_takes_the_place_of_logs(log: Path, app: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    indexed = replay("index", log, "--store", store, "--sourcetype", "plain", "--app", app)
    assert indexed.returncode == DONE, indexed.stderr
    assert "indexed 1 files, 2 events, 0 problems" in indexed.stderr
    done = replay("run", "--store", store, "--app", app, "--output", "json")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [{"a": "y [b]", "n": "2"}, {"a": "x", "n": "1"}]
    assert f"2 results; 2 events in {store}" in done.stderr


def test_logs_and_a_store_or_neither_is_an_error(log: Path, tmp_path: Path) -> None:
    assert replay("index", log, "--store", tmp_path / "s", "--sourcetype", "plain").returncode == DONE
    both = replay("search", "index=*", log, "--store", tmp_path / "s")
    assert (both.returncode, both.stdout) == (WRONG, "")
    assert "--store searches what is in the store" in both.stderr
    neither = replay("search", "index=*")
    assert (neither.returncode, neither.stdout) == (WRONG, "")
    assert "nothing to search" in neither.stderr


def test_what_is_malformed_is_told_when_it_is_indexed(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text(LINES + "{\n", encoding="utf-8")
    done = replay("index", bad, "--store", tmp_path / "s", "--sourcetype", "plain")
    assert done.returncode == MALFORMED, done.stderr
    assert f"{bad}" in done.stderr
    found = replay("search", "index=main | stats count", "--store", tmp_path / "s", "--output", "json")
    assert json.loads(found.stdout) == {"count": "2"}


def test_long_work_shows_how_far_it_is_on_a_terminal_only(log: Path) -> None:
    command = [sys.executable, "-m", "replay", "search", "index=main", str(log), "--sourcetype", "plain"]
    terminal, its_end = os.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    subprocess.run(command, cwd=ROOT / "dev", env=environment, stdout=subprocess.DEVNULL, stderr=its_end, check=True)
    os.close(its_end)
    shown = os.read(terminal, 100_000).decode()
    os.close(terminal)
    assert "reading" in shown
    assert f"{len(LINES)}/{len(LINES)} bytes" in shown
    assert "reading" not in search(log, "index=main").stderr


def test_all_searches_of_an_app(log: Path, tmp_path: Path) -> None:
    saved = {"good": {"search": "index=main n=1"}, "bad": {"search": "| nonsense"}}
    app = write_app(tmp_path / "mine", {"savedsearches": saved})
    done = replay("run", log, "--sourcetype", "plain", "--app", app, "--all", "--output", "json")
    assert done.returncode == WRONG, done.stderr
    good, bad = (json.loads(line) for line in done.stdout.splitlines())
    assert (good["search"], good["status"], good["results"], good["reason"]) == ("good", "runs", 1, "")
    assert (bad["search"], bad["status"], bad["results"]) == ("bad", "fails", None)
    assert "unknown search command `nonsense`" in bad["reason"]
    assert "[bad]" in bad["place"]
    text = replay("run", log, "--sourcetype", "plain", "--app", app, "--all")
    assert text.stdout.splitlines()[0].split()[:2] == ["runs", "1"]
    assert replay("run", log, "--all", "--search", "good").returncode == WRONG
