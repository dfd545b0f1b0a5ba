"""The unmodified splunk-sdk for Python against the server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from serve.running import PASSWORD, Server
from splunklib import client, results
from splunklib.binding import AuthenticationError, HTTPError

THREE = "| makeresults count=3 | streamstats count as n | table n"


def connect(server: Server, **more: Any) -> client.Service:
    given = {"username": "admin", "password": PASSWORD} | more
    return client.connect(host="127.0.0.1", port=server.port, verify=False, **given)


@pytest.fixture(scope="module")
def service(server: Server) -> client.Service:
    return connect(server)


def rows(stream: Any) -> list[dict[str, Any]]:
    return [row for row in results.JSONResultsReader(stream) if isinstance(row, dict)]


def test_connect_by_password(service: client.Service) -> None:
    assert service.info["product_type"] == "enterprise"
    assert not service.disable_v2_api


def test_connect_by_session_key_and_by_bearer_token(server: Server) -> None:
    made = server.post("/services/authorization/tokens", name="admin", audience="tests").json
    token = made["entry"][0]["content"]["token"]
    for given in ({"token": server.login()}, {"splunkToken": token}):
        assert connect(server, username="", password="", **given).apps.list()


def test_a_wrong_password(server: Server) -> None:
    with pytest.raises(AuthenticationError):
        connect(server, password=PASSWORD[:-1])


def test_oneshot(service: client.Service) -> None:
    assert [r["n"] for r in rows(service.jobs.oneshot(THREE, output_mode="json"))] == ["1", "2", "3"]


def test_a_blocking_search(service: client.Service) -> None:
    job = service.jobs.create(THREE, exec_mode="blocking")
    assert job["resultCount"] == "3"
    assert [r["n"] for r in rows(job.results(output_mode="json", count=1, offset=1))] == ["2"]
    assert job.sid in [one.sid for one in service.jobs.list()]
    job.cancel()
    assert job.sid not in [one.sid for one in service.jobs.list()]


def test_a_normal_search(service: client.Service) -> None:
    job = service.jobs.create(THREE)
    while not job.is_done():
        pass
    assert len(rows(job.results(output_mode="json"))) == 3
    assert len(rows(job.preview(output_mode="json"))) == 3
    assert rows(job.events(output_mode="json")) == []


def test_export(service: client.Service) -> None:
    assert [r["n"] for r in rows(service.jobs.export(THREE, output_mode="json"))] == ["1", "2", "3"]


def test_a_search_that_does_not_parse(service: client.Service) -> None:
    with pytest.raises(HTTPError) as raised:
        service.jobs.create("| nosuchcommand")
    assert raised.value.status == 400
    assert "unknown search command `nosuchcommand`" in str(raised.value)


def test_inputs(service: client.Service) -> None:
    service.inputs.create("of_the_sdk", "http", index="main")
    assert ("http://of_the_sdk", "http") in [(one.name, one.kind) for one in service.inputs]
    service.inputs.delete("http://of_the_sdk", "http")
    assert "http://of_the_sdk" not in [one.name for one in service.inputs]


def test_the_default_index(service: client.Service) -> None:
    assert service.indexes.get_default() == "main"


def test_indexes(service: client.Service) -> None:
    service.indexes.create("sdk_index")
    assert "sdk_index" in [index.name for index in service.indexes]
    with pytest.raises(HTTPError, match="already exists"):
        service.indexes.create("sdk_index")
    service.indexes.delete("sdk_index")
    assert "sdk_index" not in [index.name for index in service.indexes]


def test_saved_searches(service: client.Service) -> None:
    made = service.saved_searches.create("SDK: three / rows", THREE)
    assert [made.disable().refresh()["disabled"], made.enable().refresh()["disabled"]] == ["1", "0"]
    made.update(description="changed", cron_schedule="*/5 * * * *", is_scheduled=True).refresh()
    assert (made["description"], made["is_scheduled"]) == ("changed", "1")
    job = made.dispatch()
    while not job.is_done():
        pass
    assert job["resultCount"] == "3"
    assert [one.sid for one in made.history()] == [job.sid]
    made.delete()
    assert "SDK: three / rows" not in service.saved_searches


def test_confs(server: Server) -> None:
    service = connect(server, app="search", owner="nobody")
    assert "nosuchconf" not in service.confs
    made = service.confs.create("sdkconf").create("a stanza")
    made.submit({"key": "value"})
    assert service.confs["sdkconf"]["a stanza"]["key"] == "value"
    service.confs["sdkconf"].delete("a stanza")
    assert [stanza.name for stanza in service.confs["sdkconf"]] == []


def test_the_kv_store(server: Server) -> None:
    service = connect(server, app="search", owner="nobody")
    service.kvstore.create("sdk_things")
    data = service.kvstore["sdk_things"].data
    key = data.insert(json.dumps({"a": 1}))["_key"]
    data.batch_save({"_key": "two", "a": 2}, {"_key": "three", "a": 3})
    assert [d["a"] for d in data.query(query=json.dumps({"a": {"$gt": 1}}), sort="a:-1")] == [3, 2]
    data.update(key, json.dumps({"a": 9}))
    assert data.query_by_id(key)["a"] == 9
    data.delete_by_id(key)
    assert sorted(d["_key"] for d in data.query()) == ["three", "two"]
    service.kvstore.delete("sdk_things")
    assert "sdk_things" not in service.kvstore


def test_lookups_and_the_kv_store_endpoints_share_their_documents(server: Server) -> None:
    service = connect(server, app="search", owner="nobody")
    service.kvstore.create("sdk_rules", fields={"weight": "number"}, enforceTypes="true")
    definition = {"external_type": "kvstore", "collection": "sdk_rules", "fields_list": "_key, pattern, weight"}
    given = {**definition, "match_type": "WILDCARD(pattern)"}
    service.confs["transforms"].create("sdk_rules").submit(given)
    data = service.kvstore["sdk_rules"].data
    data.insert(json.dumps({"_key": "one", "pattern": "cmd*", "weight": "5"}))

    def search(text: str) -> list[dict[str, Any]]:
        return rows(service.jobs.oneshot(text, output_mode="json"))

    assert search("| inputlookup sdk_rules | table pattern weight") == [{"pattern": "cmd*", "weight": "5"}]
    match = '| makeresults | eval p="cmd.exe" | lookup sdk_rules pattern AS p OUTPUT weight | table p weight'
    assert search(match) == [{"p": "cmd.exe", "weight": "5"}]
    search('| makeresults | eval _key="two", pattern="sh", weight="2.5" | outputlookup append=t sdk_rules')
    assert [(d["_key"], d["weight"]) for d in data.query()] == [("one", 5), ("two", 2.5)]
    search("| inputlookup sdk_rules | search pattern=sh | eval weight=weight*2 | outputlookup append=t sdk_rules")
    assert data.query_by_id("two")["weight"] == 5
    with pytest.raises(HTTPError, match="takes no 'heavy' in `weight`") as raised:
        data.insert(json.dumps({"pattern": "x", "weight": "heavy"}))
    assert raised.value.status == 400
    search("| inputlookup sdk_rules | search pattern=sh | outputlookup sdk_rules")
    assert [d["_key"] for d in data.query()] == ["two"]
    data.delete()
    assert search("| inputlookup sdk_rules") == []
    assert search(match) == [{"p": "cmd.exe"}]


def test_messages_roles_and_users(service: client.Service) -> None:
    service.messages.create("told", value="something happened", severity="warn")
    assert "something happened" in [m["message"] for m in service.messages]
    assert "can_delete" in service.roles["admin"]["imported_roles"]
    assert [user.name for user in service.users] == ["admin"]
    assert "delete_by_keyword" in service.capabilities


def test_events_by_the_management_port(service: client.Service, server: Server) -> None:
    key = f"Splunk {server.login()}"
    index = service.indexes.create("submitted")
    index.submit("key=1 text", sourcetype="words", host="h")
    found = rows(service.jobs.oneshot("search index=submitted | table _raw host sourcetype key", output_mode="json"))
    assert found == [{"_raw": "key=1 text", "host": "h", "sourcetype": "words", "key": "1"}]
    assert server.ask("POST", "/services/receivers/simple?index=nosuchindex", b"x", Authorization=key).status == 400


def test_parse(service: client.Service) -> None:
    parsed = json.loads(service.parse("search a | stats count").body.read())
    assert [c["command"] for c in parsed["commands"]] == ["search", "stats"]
