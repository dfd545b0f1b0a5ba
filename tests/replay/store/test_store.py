"""A store gives what its logs give, holds nothing twice, and is never half written."""

from __future__ import annotations

import fcntl
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from replay import arrivals
from replay.engine import Engine, EngineError
from replay.errors import InputError, SearchError
from replay.inputs import Options, quick
from replay.session import Loaded, Session
from replay.store import indexing, parquet
from replay.store.folder import MANIFEST, StoreFolder
from replay.store.indexing import index_logs
from replay.store.manifest import FORMAT
from stores import SEARCHES, SYSMON, over_logs, put, results, summarise_all
from support import ROOT, SHARED, write_app

ATTACK = "Endpoint - Windows Remote Assistance Spawning Process - Rule"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("store") / "s"
    put(store, SYSMON)
    return store


@pytest.mark.parametrize("spl", SEARCHES)
def test_a_search_gives_what_it_gives_over_the_logs(stored: Path, spl: str) -> None:
    expected = results(over_logs([SYSMON]), spl)
    session = Session(store=stored)
    assert results(session, spl) == expected
    assert results(session, spl) == expected  # now from the summary, where there is one
    assert results(Session(store=stored), spl) == expected


@pytest.mark.parametrize("spl", SEARCHES[2:5])
def test_a_time_range_holds_over_summaries(stored: Path, spl: str) -> None:
    times = {"earliest": "2024-03-12T10:40:00Z", "latest": "2024-03-12T11:10:00Z"}
    expected = results(over_logs([SYSMON]), spl, **times)
    assert results(Session(store=stored), spl, **times) == expected
    assert expected != results(over_logs([SYSMON]), spl)


@pytest.mark.skipif(not SHARED.exists(), reason="no real logs beside the checkout")
def test_real_logs_of_several_kinds(tmp_path: Path) -> None:
    logs = sorted(p for p in (SHARED / "data/events").iterdir() if p.suffix in (".log", ".evtx", ".json", ".gz"))[:6]
    put(tmp_path / "s", *logs[:3])
    put(tmp_path / "s", *logs[3:])
    plain, stored = over_logs(logs), Session(store=tmp_path / "s")
    for spl in SEARCHES:
        assert results(stored, spl) == results(plain, spl), spl


def test_where_events_come_from_is_known_without_reading_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, other = tmp_path / "s", tmp_path / "other.log"
    other.write_text("2024-03-12T10:00:00Z user=a\n2024-03-12T10:00:01Z user=b\n", encoding="utf-8")
    put(store, SYSMON)
    options = Loaded().options("own:lines")
    index_logs(Engine(), StoreFolder(store, create=True), [other], "second", options)
    origins = StoreFolder(store).read().origins
    session = Session(store=store)
    rows = session.engine.execute(f'SELECT DISTINCT sourcetype, source, "index" FROM {session.index.table}')
    assert len(origins) == 2
    assert origins == set(rows)
    execute, asked = Engine.execute, list[str]()

    def note(engine: Engine, sql: str) -> Any:
        asked.append(sql)
        return execute(engine, sql)

    monkeypatch.setattr(Engine, "execute", note)
    with pytest.raises(SearchError, match="index `third`"):
        results(session, "index=third")
    assert not [sql for sql in asked if "DISTINCT" in sql]
    assert len(results(session, "index=second sourcetype=own:*")) == 2


def test_a_source_type_by_host_is_found_in_a_store(tmp_path: Path) -> None:
    """Hosts are many, so they are asked of the events where an app goes by them."""
    app = write_app(tmp_path / "app", {"props": {"host::HW-WS-014*": {"EVAL-here": '"yes"'}}})
    put(tmp_path / "s", SYSMON)
    session, plain = Session([app], store=tmp_path / "s"), Session([app])
    plain.load([SYSMON])
    spl = "index=* | stats count by here"
    assert results(session, spl) == results(plain, spl) != []


def test_blocks_of_lines_are_stored_as_single_events_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "careful", SYSMON)
    monkeypatch.setattr(quick, "SMALL", 1)
    monkeypatch.setattr(quick, "BLOCK", 20_000)
    monkeypatch.setattr(arrivals, "_TEXT", 50_000)
    put(tmp_path / "quick", SYSMON)
    assert len(list((tmp_path / "quick/bucket-000001").iterdir())) > 3
    every = "index=* | table _time _raw host source sourcetype index"
    assert results(Session(store=tmp_path / "quick"), every) == results(Session(store=tmp_path / "careful"), every)


def test_lines_without_a_time_are_read_with_care(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = SYSMON.read_text(encoding="utf-8").splitlines(keepends=True)
    xml = [line for line in lines if line.startswith("<Event ") and line.endswith("</Event>\n")][:50]
    xml[20] = xml[20].replace("<TimeCreated SystemTime='", "<TimeCreated SystemTime='no time ")
    log = tmp_path / "log"
    log.write_text("".join(xml), encoding="utf-8")
    monkeypatch.setattr(quick, "SMALL", 1)
    loaded = Loaded()
    put(tmp_path / "s", log, loaded=loaded)
    assert len(loaded.problems) == 1
    every = "index=* | table _time _raw"
    assert results(Session(store=tmp_path / "s"), every) == results(over_logs([log]), every)


def test_the_same_content_is_not_indexed_twice(tmp_path: Path) -> None:
    copy = tmp_path / "copy.log"
    copy.write_bytes(SYSMON.read_bytes())
    first, second, third = (put(tmp_path / "s", log) for log in (SYSMON, SYSMON, copy))
    assert (first.events, second.events, third.events) == (317, 0, 0)
    assert (second.known, third.known) == ((str(SYSMON),), (str(copy),))
    assert Session(store=tmp_path / "s").index.count() == 317


def test_files_of_one_size_are_told_apart_by_their_content(tmp_path: Path) -> None:
    text = SYSMON.read_text(encoding="utf-8")
    logs = [tmp_path / name for name in ("a", "b", "c", "d")]
    for log, host in zip(logs, ("HW-WS-014", "HW-WS-888", "HW-WS-999", "HW-WS-888"), strict=True):
        log.write_text(text.replace("HW-WS-014", host), encoding="utf-8")
    first, second = put(tmp_path / "s", *logs[:2]), put(tmp_path / "s", *logs)
    assert (first.events, second.events) == (2 * 317, 317)
    assert second.known == (str(logs[0]), str(logs[1]), str(logs[3]))


def test_an_archive_that_is_not_read_to_its_end_is_known(tmp_path: Path) -> None:
    packed = tmp_path / "log.zip"
    with ZipFile(packed, "w") as archive:
        archive.write(SYSMON, "log")
    packed.write_bytes(packed.read_bytes() + b"\0" * 1_000_000)
    first, second = put(tmp_path / "s", packed), put(tmp_path / "s", packed)
    assert (first.events, second.known) == (317, (str(packed),))


def test_what_counts_of_a_file_that_grows_is_what_was_read(tmp_path: Path) -> None:
    log, text = tmp_path / "log", SYSMON.read_bytes()
    log.write_bytes(text)

    def append_at_the_end(piece: bytes) -> None:
        if not piece:
            with log.open("ab") as more:
                more.write(text)

    options: Options = {"on_problem": print, "on_piece": append_at_the_end}
    added = index_logs(Engine(), StoreFolder(tmp_path / "s", create=True), [log], "main", options)
    assert added.events == 317
    with pytest.raises(InputError, match="changed since it was indexed"):
        put(tmp_path / "s", log)
    log.write_bytes(text)
    assert put(tmp_path / "s", log).known == (str(log),)


def test_new_files_only_add(tmp_path: Path) -> None:
    store, more = tmp_path / "s", tmp_path / "more.log"
    put(store, SYSMON)
    summarise_all(store)
    before = {path: path.stat().st_mtime_ns for path in (store / "bucket-000001").iterdir()}
    more.write_text(SYSMON.read_text(encoding="utf-8").replace("HW-WS-014", "HW-WS-999"), encoding="utf-8")
    assert put(store, SYSMON, more).events == 317
    spl = "| tstats count from datamodel=Endpoint.Processes by Processes.dest"
    assert results(Session(store=store), spl) == results(over_logs([SYSMON, more]), spl)
    assert {path: path.stat().st_mtime_ns for path in (store / "bucket-000001").iterdir()} == before
    order = "index=* | table _seq host _raw"
    numbers = [json.loads(row)["_seq"] for row in results(Session(store=store), order)]
    assert len(set(numbers)) == 634


def test_a_file_that_has_changed_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(SYSMON.read_bytes())
    put(tmp_path / "s", log)
    before = (tmp_path / "s" / MANIFEST).read_bytes()
    log.write_bytes(SYSMON.read_bytes() * 2)
    with pytest.raises(InputError, match="changed since it was indexed"):
        put(tmp_path / "s", log)
    assert (tmp_path / "s" / MANIFEST).read_bytes() == before


def test_files_that_cannot_be_read_are_told_each_time(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for name in ("a", "b"):
        (logs / name).symlink_to(tmp_path / "gone")
    (logs / "c").write_bytes(SYSMON.read_bytes())
    for events in (317, 0):
        loaded = Loaded()
        added = put(tmp_path / "s", logs, loaded=loaded)
        assert (added.events, len(loaded.problems)) == (events, 2)


def manifest(store: Path, text: str) -> Path:
    store.mkdir()
    (store / MANIFEST).write_text(text, encoding="utf-8")
    return store


BAD = {
    "no JSON": ("{", "not the manifest of a store"),
    "another format": ('{"format": 99, "buckets": []}', f"format 99, not {FORMAT}"),
    "no buckets": (f'{{"format": {FORMAT}}}', "not the manifest of a store"),
    "a way out": (
        f'{{"format": {FORMAT}, "buckets": [{{"name": "b", "files": ["../x"], '
        '"last": 0, "sources": [], "summaries": []}]}',
        "leaves the store",
    ),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD.keys())
def test_a_malformed_manifest_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as e:
        Session(store=manifest(tmp_path / "s", text))
    assert e.value.place.file == str(tmp_path / "s" / MANIFEST)


def test_folders_that_are_something_else_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no store: make one"):
        Session(store=tmp_path / "none")
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="not a store, and not empty"):
        put(tmp_path, SYSMON)
    (tmp_path / "served").mkdir()
    (tmp_path / "served/events.duckdb").touch()
    with pytest.raises(InputError, match="belongs to `replay serve`"):
        put(tmp_path / "served", SYSMON)
    with pytest.raises(InputError, match="not standard input"):
        put(tmp_path / "new", Path("-"))


def test_a_run_that_is_killed_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    store, big = tmp_path / "s", tmp_path / "big.log"
    put(store, SYSMON)
    before = (store / MANIFEST).read_bytes()
    text = "".join(line for line in SYSMON.open(encoding="utf-8") if line.startswith("<Event "))
    big.write_text(text * 150, encoding="utf-8")
    command = [sys.executable, "-m", "replay", "index", str(big), "--store", str(store)]
    with subprocess.Popen(command, cwd=ROOT / "dev", stderr=subprocess.PIPE) as process:
        while not list(store.glob("bucket-000002/*.parquet")):
            assert process.poll() is None, process.stderr and process.stderr.read()
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    assert (store / MANIFEST).read_bytes() == before
    assert Session(store=store).index.count() == 317
    assert put(store, big).events == len(text.splitlines()) * 150
    named = {f"{store}/{name}" for name in StoreFolder(store).read().files}
    assert {str(path) for path in store.glob("bucket-*/events-*")} == named


@pytest.mark.parametrize("trouble", [KeyboardInterrupt, EngineError], ids=["interrupted", "disk full"])
def test_a_run_that_fails_leaves_nothing_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: type[BaseException]
) -> None:
    store, more = tmp_path / "s", tmp_path / "more.log"
    put(store, SYSMON)
    more.write_text(SYSMON.read_text(encoding="utf-8").replace("HW-WS-014", "HW-WS-999"), encoding="utf-8")
    before = sorted(store.rglob("*"))
    monkeypatch.setattr(quick, "SMALL", 1)
    monkeypatch.setattr(quick, "BLOCK", 20_000)
    monkeypatch.setattr(arrivals, "_TEXT", 50_000)
    written = []

    def write(engine: Engine, sql: str, path: Path, **options: Any) -> dict[str, int]:
        written.append(path)
        if len(written) == 4:
            raise trouble("no more room")
        return parquet.write(engine, sql, path, **options)

    monkeypatch.setattr(indexing, "write", write)
    with pytest.raises(trouble):
        put(store, more)
    assert len(written) >= 4
    assert sorted(store.rglob("*")) == before
    assert Session(store=store).index.count() == 317


def test_two_runs_at_once_are_refused_and_searches_go_on(tmp_path: Path) -> None:
    store = tmp_path / "s"
    put(store, SYSMON)
    warnings: list[str] = []
    spl = SEARCHES[2]
    with (store / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another run is changing this store"):
            put(store, SYSMON)
        assert results(Session(store=store, warn=warnings.append), spl) == results(over_logs([SYSMON]), spl)
    assert len(warnings) == 1
    assert "its events are read instead" in warnings[0]


def test_a_report_says_that_it_comes_from_a_store(stored: Path) -> None:
    command = [sys.executable, "-m", "replay", "run", "--store", str(stored), "--output", "html"]
    page = subprocess.run(command, cwd=ROOT / "dev", check=True, capture_output=True, text=True).stdout
    assert "<p>A store of 317 events;" in page
    assert str(stored) in page


def test_a_wrong_app_is_told_before_logs_are_read(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "replay", "index", SYSMON, "--store", tmp_path / "s", "--app", tmp_path / "none"]
    ended = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert ended.returncode == 2 and "no such app folder" in ended.stderr
    assert not (tmp_path / "s").exists()
