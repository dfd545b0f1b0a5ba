"""What clients make on a server, and find there afterwards: apps, roles, messages, documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from serve.running import Answer, Server

APPS, ROLES, MESSAGES = "/services/apps/local", "/services/authorization/roles", "/services/messages"
BASE = "/servicesNS/nobody/search/storage/collections"


def names(server: Server, path: str) -> list[str]:
    return [entry["name"] for entry in server.get(path, count="0").json["entry"]]


# --- apps and roles ---------------------------------------------------------------------------------------------------


def test_an_app_is_made_by_name_and_can_be_used(server: Server) -> None:
    settings = {"label": "My app", "description": "of the tests", "version": "1.2.3", "author": "somebody"}
    made = server.post(APPS, name="made_here", **settings)
    assert made.status == 201
    assert "made_here" in names(server, APPS)
    content = server.get(f"{APPS}/made_here").json["entry"][0]["content"]
    assert {key: content[key] for key in settings} == settings
    assert server.post(APPS, name="made_here").status == 409
    macros = "/servicesNS/nobody/made_here/admin/macros"
    assert server.post(macros, name="of_made_here", definition="eval a=1").status == 201
    answer = server.post("/servicesNS/nobody/made_here/search/jobs", search="| makeresults | `of_made_here` | table a",
                         exec_mode="oneshot")  # fmt: skip
    assert answer.json["results"] == [{"a": "1"}]


@pytest.mark.parametrize("form", [{"filename": "1"}, {"filename": "app.tgz"}, {"update": "true"}], ids=str)
def test_a_package_is_not_installed_and_that_is_said(server: Server, form: dict[str, str]) -> None:
    answer = server.post(APPS, name="packaged", **form)
    assert answer.status == 400
    assert b"start it with --app" in answer.body
    assert "packaged" not in names(server, APPS)


def test_a_role_is_made_by_name_and_has_what_it_was_given(server: Server) -> None:
    form = {"srchIndexesAllowed": "main;risk", "srchIndexesDefault": "main", "imported_roles": "user",
            "capabilities": "edit_tokens_all", "srchJobsQuota": "3"}  # fmt: skip
    assert server.post(ROLES, name="analyst", **form).status == 201
    assert "analyst" in names(server, ROLES)
    content = server.get(f"{ROLES}/analyst").json["entry"][0]["content"]
    assert content["srchIndexesAllowed"] == ["main", "risk"]
    assert (content["srchIndexesDefault"], content["imported_roles"]) == (["main"], ["user"])
    assert (content["capabilities"], content["srchJobsQuota"]) == (["edit_tokens_all"], "3")
    assert server.post(ROLES, name="analyst").status == 409
    assert server.post(ROLES, name="other", nosuchargument="1").status == 400
    assert server.delete(f"{ROLES}/analyst").status == 200
    assert "analyst" not in names(server, ROLES)


def test_what_an_index_or_a_token_cannot_be_is_refused(server: Server) -> None:
    assert server.post("/services/data/indexes", name="numbers", datatype="metric").status == 400
    assert "numbers" not in names(server, "/services/data/indexes")
    assert server.post("/services/data/indexes", name="of_datatype", datatype="event").status == 201
    form = {"name": "admin", "audience": "somebody"}
    assert server.post("/services/authorization/tokens", **form, not_before="+1d").status == 400
    assert server.post("/services/authorization/tokens", **form, expires_on="+1d").status == 201


def test_lists_are_sorted_as_asked(server: Server) -> None:
    for name, ttl in (("sorted b", "9"), ("sorted C", "10"), ("sorted a", "2p")):
        form = {"name": name, "search": "| makeresults", "dispatch.ttl": ttl}
        assert server.post("/servicesNS/nobody/search/saved/searches", **form).status == 201

    def order(**query: str) -> list[str]:
        answer = server.get("/servicesNS/nobody/search/saved/searches", search="sorted ", **query)
        return [entry["name"][-1] for entry in answer.json["entry"]]

    assert order(sort_key="name") == ["a", "b", "C"]
    assert order(sort_key="name", sort_dir="desc", count="2") == ["C", "b"]
    assert order(sort_key="dispatch.ttl") == ["b", "C", "a"]


# --- lookups ----------------------------------------------------------------------------------------------------------


def test_a_lookup_is_defined_filled_read_and_removed(server: Server) -> None:
    lookups = "/servicesNS/nobody/search/data/transforms/lookups"
    assert server.post(lookups, name="made_lookup", filename="made.csv").status == 201
    assert "made_lookup" in names(server, lookups)
    assert server.get(f"{lookups}/made_lookup").json["entry"][0]["content"]["filename"] == "made.csv"
    where = {"namespace": "search"}
    server.search('| makeresults | eval host="a", owner="b" | table host owner | outputlookup made_lookup', **where)
    assert server.search("| inputlookup made_lookup", **where) == [{"host": "a", "owner": "b"}]
    spl = '| makeresults | eval host="a" | lookup made_lookup host OUTPUT owner | table owner'
    assert server.search(spl, **where) == [{"owner": "b"}]
    assert server.delete(f"{lookups}/made_lookup").status == 200
    assert server.get(f"{lookups}/made_lookup").status == 404
    assert server.post("/servicesNS/nobody/search/search/jobs", search=spl, exec_mode="oneshot").status == 400


def test_the_files_of_lookups_are_listed(server: Server) -> None:
    files = "/servicesNS/nobody/DA-ESS-RemoteAssistance/data/lookup-table-files"
    assert "mitre_attack_techniques.csv" in names(server, files)


# --- messages ---------------------------------------------------------------------------------------------------------


def test_messages_have_names_that_stay(server: Server) -> None:
    for name in ("first", "second", "third"):
        assert server.post(MESSAGES, name=name, value=f"the {name}", severity="warn").status == 201
    assert server.delete(f"{MESSAGES}/first").status == 200
    assert server.delete(f"{MESSAGES}/first").status == 404
    entry = server.get(f"{MESSAGES}/second").json["entry"][0]
    assert (entry["content"]["message"], entry["content"]["severity"]) == ("the second", "warn")
    assert server.post(MESSAGES, name="second", value="another", severity="error").status == 201
    assert [name for name in names(server, MESSAGES) if name in ("first", "second", "third")] == ["third", "second"]
    assert server.get(f"{MESSAGES}/second").json["entry"][0]["content"]["message"] == "another"
    assert server.post(MESSAGES, name="fourth", value="x", severity="loud").status == 400


# --- documents --------------------------------------------------------------------------------------------------------


@pytest.fixture
def data(server: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """Path of a collection of three documents whose field ``n`` is a number."""
    name = str(abs(hash(request.node.name)))
    assert server.post(f"{BASE}/config", name=name, **{"field.n": "number", "enforceTypes": "true"}).status == 201
    path = f"{BASE}/data/{name}"
    assert send(server, f"{path}/batch_save", [{"_key": f"k{n}", "n": n, "even": n % 2 == 0} for n in (1, 2, 3)]).json
    yield path
    server.delete(f"{BASE}/config/{name}")


def send(server: Server, path: str, body: Any) -> Answer:
    sent = {"Authorization": f"Splunk {server.login()}", "Content_Type": "application/json"}
    return server.ask("POST", path, json.dumps(body).encode(), **sent)


FOUND: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["k1", "k2", "k3"]),
    ({"query": {}}, ["k1", "k2", "k3"]),
    ({"query": {"n": {"$gt": 1}}}, ["k2", "k3"]),
    ({"query": {"$or": [{"n": 1}, {"even": True}]}}, ["k1", "k2"]),
    ({"query": {"n": 99}}, []),
    ({"sort": "n:-1", "limit": 2}, ["k3", "k2"]),
    ({"sort": "n:-1", "skip": 1, "limit": 1}, ["k2"]),
    ({"skip": 2}, ["k3"]),
]


def test_batch_find_answers_each_query_in_its_turn(server: Server, data: str) -> None:
    answer = send(server, f"{data}/batch_find", [query for query, _ in FOUND])
    assert answer.status == 200
    assert [[one["_key"] for one in found] for found in answer.json] == [keys for _, keys in FOUND]
    assert send(server, f"{data}/batch_find", [{"query": {"n": 2}, "fields": "n,_key:0"}]).json == [[{"n": 2}]]
    assert send(server, f"{data}/batch_find", []).json == []


WRONG_QUERIES: list[tuple[Any, str]] = [
    ({"query": {}}, "batch_find takes a list of objects"),
    ([{"query": {}}, 7], "Element 2 of the batch: a query is a JSON object"),
    ([{"query": []}], "Element 1 of the batch: Invalid value for 'query': it must be an object"),
    ([{"query": {"n": {"$near": 1}}}], "Element 1 of the batch: The operator $near is unknown"),
    ([{}, {"limit": "2"}], "Element 2 of the batch: Invalid value for 'limit': it must be a number"),
    ([{"skip": True}], "Element 1 of the batch: Invalid value for 'skip': it must be a number"),
    ([{"sort": "n:up"}], "Element 1 of the batch: Invalid sort 'n:up'"),
    ([{"count": 2}], "Element 1 of the batch: 'count' is unknown (known: query, sort, skip, limit, fields)"),
]


@pytest.mark.parametrize(("body", "said"), WRONG_QUERIES, ids=[said for _, said in WRONG_QUERIES])
def test_a_wrong_batch_find_is_refused_with_its_place(server: Server, data: str, body: Any, said: str) -> None:
    answer = send(server, f"{data}/batch_find?output_mode=json", body)
    assert answer.status == 400
    assert answer.json["messages"][0]["text"].startswith(said)


WRONG_DOCUMENTS: list[tuple[Any, str]] = [
    ({"n": 1}, "batch_save takes a list of at most 1000 documents"),
    ([{"n": 5}, "no document"], "Element 2 of the batch: A document is a JSON object"),
    ([{"n": 5}, {"n": 6}, {"_key": 7}], "Element 3 of the batch: _key is text of at most 1024 characters"),
    ([{"n": "many"}, {"n": 5}], "Element 1 of the batch: "),
    ([{"n": 5}] * 1001, "batch_save takes a list of at most 1000 documents"),
]


@pytest.mark.parametrize(("body", "said"), WRONG_DOCUMENTS, ids=[str(n) for n in range(len(WRONG_DOCUMENTS))])
def test_a_batch_save_that_is_wrong_in_part_saves_nothing(server: Server, data: str, body: Any, said: str) -> None:
    answer = send(server, f"{data}/batch_save?output_mode=json", body)
    assert answer.status == 400
    assert answer.json["messages"][0]["text"].startswith(said)
    assert [one["_key"] for one in server.get(data).json] == ["k1", "k2", "k3"]


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999"], ids=bytes.decode)
def test_a_number_that_json_cannot_hold_is_refused(server: Server, data: str, number: bytes) -> None:
    sent = {"Authorization": f"Splunk {server.login()}", "Content_Type": "application/json"}
    for path, body in ((data, b'{"x": %s}'), (f"{data}/batch_save", b'[{"x": %s}]'), (f"{data}/k1", b'{"x": [%s]}')):
        answer = server.ask("POST", f"{path}?output_mode=json", body % number, **sent)
        assert (answer.status, answer.json["messages"][0]["text"]) == (
            400,
            "JSON in the request is invalid. ( JSON parse error )",
        )
    assert server.ask("POST", data, b'{"_key": "fine", "x": 1.5e3}', **sent).status == 201
    assert server.get(f"{data}/fine").json["x"] == 1500.0


def test_batch_save_inserts_and_replaces(server: Server, data: str) -> None:
    answer = send(server, f"{data}/batch_save", [{"_key": "k2", "n": 20}, {"n": 4}])
    assert answer.status == 200
    replaced, new = answer.json
    assert replaced == "k2"
    found = {one["_key"]: one["n"] for one in server.get(data).json}
    assert found == {"k1": 1, "k2": 20, "k3": 3, new: 4}
