"""What a server with ``--store`` keeps, whatever ends it."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from replay.engine import EngineError
from replay.errors import InputError
from replay.serve.head import Head
from replay.store.folder import MANIFEST
from serve.running import Server, Start
from support import write_app, write_lookup

SETTINGS = "/servicesNS/nobody/search/saved/searches"


def test_what_hec_acknowledged_survives_kill_9(start: Start, tmp_path: Path) -> None:
    store = ("--store", str(tmp_path / "store"))
    server = start(*store)
    server.post("/services/data/indexes", name="kept")
    token = server.token("kept", index="kept", indexes="kept")
    acknowledged: list[str] = []

    def send(sender: int) -> None:
        for number in range(1000):
            names = [f"{sender}-{number}-{part}" for part in "ab"]
            body = "".join(json.dumps({"event": name}) for name in names).encode()
            try:
                answer = server.send(token, "", body)
            except OSError:
                return  # the server is gone
            if answer.status == 200:
                acknowledged.extend(names)
            if sender == 0 and number == 20:
                server.process.kill()

    with ThreadPoolExecutor(4) as senders:
        list(senders.map(send, range(4)))
    assert server.process.wait() == -signal.SIGKILL
    assert len(acknowledged) >= 40

    again = start(*store)
    found = [row["_raw"] for row in again.search("search index=kept | table _raw")]
    assert set(acknowledged) <= set(found)
    assert len(found) == len(set(found))
    halves = {name.rpartition("-")[0] for name in found}
    assert len(found) == 2 * len(halves), "a batch is there as a whole or not at all"
    assert again.send(token, "", b'{"event": "after"}').status == 200
    assert again.stop() == 0


def test_settings_documents_and_tokens_are_kept(start: Start, tmp_path: Path) -> None:
    store = ("--store", str(tmp_path / "store"))
    server = start(*store)
    data = "/servicesNS/nobody/search/storage/collections/data/kept"
    assert server.post(SETTINGS, name="kept", search="| makeresults").status == 201
    assert server.post("/servicesNS/nobody/search/storage/collections/config", name="kept").status == 201
    authorization = f"Splunk {server.login()}"
    body = b'{"_key": "k", "a": 1}'
    assert server.ask("POST", data, body, Authorization=authorization, Content_Type="application/json").status == 201
    made = server.post("/services/authorization/tokens", name="admin", audience="t").json["entry"][0]["content"]
    assert server.stop() == 0
    for path in (tmp_path / "store").rglob("*"):
        if path.is_file():
            assert made["token"].encode() not in path.read_bytes(), path

    again = start(*store)
    assert again.get(f"{SETTINGS}/kept").json["entry"][0]["content"]["search"] == "| makeresults"
    assert again.get(f"{data}/k").json == {"_key": "k", "_user": "nobody", "a": 1}
    bearer: dict[str, Any] = {"Authorization": f"Bearer {made['token']}"}
    assert again.ask("GET", "/services/server/info", **bearer).status == 200
    assert again.ask("GET", "/services/server/info", Authorization=authorization).status == 401
    assert again.stop() == 0


def test_without_a_store_nothing_is_left(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    server = start()
    assert any(scratch.iterdir())
    server.search("| makeresults")
    assert server.stop() == 0
    assert list(scratch.iterdir()) == []


def test_given_apps_are_only_read(start: Start, tmp_path: Path) -> None:
    app = write_app(tmp_path / "given", {"macros": {"m": {"definition": "1"}}})
    before = sorted(path for path in app.rglob("*"))
    server = start("--app", str(app), "--store", str(tmp_path / "store"))
    assert server.post("/servicesNS/nobody/given/configs/conf-macros/m", definition="2").status == 200
    assert server.get("/servicesNS/nobody/given/admin/macros/m").json["entry"][0]["content"]["definition"] == "2"
    assert sorted(path for path in app.rglob("*")) == before
    assert "definition = 1" in (app / "default/macros.conf").read_text(encoding="utf-8")
    assert server.stop() == 0


def test_only_the_owner_can_read_the_store(start: Start, tmp_path: Path) -> None:
    server: Server = start("--store", str(tmp_path / "store"))
    assert (tmp_path / "store").stat().st_mode & 0o077 == 0
    assert os.stat(tmp_path / "store/server.key").st_mode & 0o077 == 0
    assert server.stop() == 0


def test_a_store_of_replay_index_is_refused(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text('{"format": 1, "buckets": []}', encoding="utf-8")
    with pytest.raises(InputError, match="belongs to `replay index`"):
        Head([], "secret", tmp_path)


def test_a_store_is_of_one_server_at_a_time(start: Start, tmp_path: Path) -> None:
    server = start("--store", str(tmp_path / "store"))
    with pytest.raises(InputError, match="another server works in this folder"):
        Head([], "secret", tmp_path / "store")
    server.process.kill()
    server.process.wait()
    Head([], "secret", tmp_path / "store").close()


@pytest.mark.parametrize("name", ["kvstore.sqlite", "tokens.json", "alerts.json"])
@pytest.mark.parametrize("content", [b"no file of this kind " * 50, b"\xff\xfe"], ids=["text", "no text"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=rf"/{name}.* is damaged .*: restore it, or move it away"):
        Head([], "secret", tmp_path)


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "events.duckdb").write_bytes(b"no database " * 1000)
    with pytest.raises(EngineError, match=r"events\.duckdb cannot be opened"):
        Head([], "secret", tmp_path)


WRITTEN = (
    '| makeresults | eval host="a", Host="B", n=1.5, several=split("x,y$;$z", ",") | fields - _time '
    "| outputlookup output_format=splunk_mv_csv written.csv"
)


def test_lookups_that_searches_wrote_are_kept_and_those_of_the_app_stay_as_they_are(
    start: Start, tmp_path: Path
) -> None:
    app = write_app(tmp_path / "app", {})
    write_lookup(app, "own.csv", [{"a": "1"}])
    options = ("--store", str(tmp_path / "store"), "--app", str(app))
    server = start(*options)
    server.search(WRITTEN, namespace="app")
    server.search('| makeresults | eval a="2" | table a | outputlookup append=t own.csv', namespace="app")
    server.process.kill()
    server.process.wait()

    again = start(*options)
    written = [{"Host": "B", "host": "a", "n": "1.5", "several": ["x", "y$;$z"]}]
    assert again.search("| inputlookup written.csv", namespace="app") == written
    assert again.search("| inputlookup own.csv", namespace="app") == [{"a": "1"}, {"a": "2"}]
    again.search("| makeresults | eval b=3 | table b | outputlookup own.csv", namespace="app")
    assert again.search("| inputlookup own.csv", namespace="app") == [{"b": "3"}]
    assert again.stop() == 0

    assert start(*options).search("| inputlookup own.csv", namespace="app") == [{"b": "3"}]
    assert (app / "lookups" / "own.csv").read_text().split() == ["a", "1"]
