"""The REST API as clients other than the SDK see it: formats, errors, paths, logins."""

from __future__ import annotations

import base64
import csv
import io
import json
from typing import Any
from xml.etree import ElementTree

import pytest
from serve.running import PASSWORD, Server

TWO = '| makeresults count=2 | streamstats count as n | eval m=split("x;<y>", ";") | table n m'
V1, V2 = "/services/search/jobs", "/services/search/v2/jobs"
DETECTION = "Endpoint - Windows Remote Assistance Spawning Process - Rule"


def job(server: Server, spl: str, **form: str) -> str:
    answer = server.post(V1, search=spl, exec_mode="blocking", **form)
    assert answer.status == 201, answer.body
    return str(answer.json["sid"])


# --- results ----------------------------------------------------------------------------------------------------------


def test_every_format_of_results(server: Server) -> None:
    sid = job(server, TWO)

    def get(mode: str, **query: str) -> bytes:
        return server.get(f"{V1}/{sid}/results", output_mode=mode, **query).body

    whole = json.loads(get("json"))
    assert whole["fields"] == [{"name": "n"}, {"name": "m"}]
    assert whole["results"] == [{"n": "1", "m": ["x", "<y>"]}, {"n": "2", "m": ["x", "<y>"]}]
    assert (whole["preview"], whole["init_offset"], whole["messages"]) == (False, 0, [])
    assert json.loads(get("json_rows"))["rows"] == [["1", ["x", "<y>"]], ["2", ["x", "<y>"]]]
    assert json.loads(get("json_cols"))["columns"] == [["1", "2"], [["x", "<y>"]] * 2]
    assert list(csv.reader(io.StringIO(get("csv").decode()))) == [["n", "m"], ["1", "x\n<y>"], ["2", "x\n<y>"]]
    root = ElementTree.fromstring(get("xml"))  # noqa: S314  (made by our own server)
    assert [e.text for e in root.iterfind("result/field[@k='m']/value/text")] == ["x", "<y>"] * 2
    assert json.loads(get("json", count="1", offset="1"))["results"] == [whole["results"][1]]
    assert json.loads(get("json", f="n"))["results"] == [{"n": "1"}, {"n": "2"}]
    assert json.loads(get("json", search="stats sum(n) as s"))["results"] == [{"s": "3"}]
    assert json.loads(get("json", search="n=2"))["results"] == [whole["results"][1]]


def test_xml_holds_what_xml_can_hold(server: Server) -> None:
    sid = job(server, r'| makeresults | eval a=urldecode("%01%0B<&>"), _raw=a | table a _raw')
    root = ElementTree.fromstring(server.get(f"{V1}/{sid}/results", output_mode="xml").body)  # noqa: S314
    assert [root.findtext("result/field/value/text"), root.findtext("result/field/v")] == ["\ufffd\ufffd<&>"] * 2


def test_results_of_both_versions_and_methods(server: Server) -> None:
    sid = job(server, TWO)
    for base in (V1, V2, "/servicesNS/nobody/search/search/jobs", "/servicesNS/-/-/search/v2/jobs"):
        assert len(server.get(f"{base}/{sid}/results").json["results"]) == 2
        assert len(server.post(f"{base}/{sid}/results/").json["results"]) == 2


def test_an_export_is_one_object_a_line(server: Server) -> None:
    lines = server.post(f"{V2}/export", search=TWO).body.decode().splitlines()
    assert [json.loads(line) for line in lines] == [
        {"preview": False, "offset": 0, "result": {"n": "1", "m": ["x", "<y>"]}},
        {"preview": False, "offset": 1, "lastrow": True, "result": {"n": "2", "m": ["x", "<y>"]}},
    ]
    nothing = server.post(f"{V2}/export", search="| makeresults | where false()").body
    assert json.loads(nothing) == {"preview": False, "lastrow": True}


# --- jobs -------------------------------------------------------------------------------------------------------------


def test_the_entry_of_a_job(server: Server) -> None:
    sid = job(server, TWO, earliest_time="-1h", latest_time="now")
    entry = server.get(f"{V2}/{sid}").json["entry"][0]
    content = entry["content"]
    assert (entry["name"], content["sid"], content["resultCount"], content["isDone"]) == (TWO, sid, 2, True)
    assert (content["dispatchState"], content["earliestTime"], content["messages"]) == ("DONE", "-1h", [])
    root = ElementTree.fromstring(server.get(f"{V1}/{sid}/", output_mode="xml").body)  # noqa: S314
    assert root.tag == "{http://www.w3.org/2005/Atom}entry"
    assert sid in [one["content"]["sid"] for one in server.get(V1, count="0").json["entry"]]


def test_control(server: Server) -> None:
    sid = job(server, TWO)
    for form in ({"action": "touch"}, {"action": "setttl", "ttl": "7"}, {"action": "save"}):
        assert server.post(f"{V1}/{sid}/control", **form).status == 200
    content = server.get(f"{V1}/{sid}").json["entry"][0]["content"]
    assert (content["ttl"], content["isSaved"]) == (7, True)
    assert server.post(f"{V1}/{sid}/control", action="pause").status == 400
    assert server.post(f"{V1}/{sid}/control", action="cancel").status == 200
    assert server.get(f"{V1}/{sid}").status == 404


def test_a_cancelled_job_stops(server: Server) -> None:
    endless = (
        "| makeresults count=40000 | eval k=1 | join max=0 k [ | makeresults count=40000 | eval k=1 ] | stats count"
    )
    started = server.post(V1, search=endless).json["sid"]
    assert server.get(f"{V1}/{started}/results").status == 204
    assert server.delete(f"{V1}/{started}").status == 200
    assert server.search("| makeresults | table x") == [{}]


BAD_SEARCHES = [
    ("", "Empty search."),
    ("index=main", "Unknown search command 'index=main'"),
    ("| nosuchcommand", "unknown search command `nosuchcommand`"),
    ("search `nosuchmacro`", "macro `nosuchmacro` is not defined in any app"),
    ("search a | stats count(", "column"),
    ("| makeresults | eval a=nosuch(1)", "unknown eval function `nosuch`"),
    ("| makeresults | append [| makeresults | where nosuch(1)=1]", "unknown eval function `nosuch`"),
]
NOT_PLANNED = "| tstats count from datamodel=NoSuchModel"


@pytest.mark.parametrize("mode", ["oneshot", "normal", "blocking"])
@pytest.mark.parametrize(("spl", "said"), BAD_SEARCHES)
def test_a_bad_search_is_told_in_the_words_of_the_parser(server: Server, spl: str, said: str, mode: str) -> None:
    answer = server.post(V1, search=spl, exec_mode=mode)
    assert answer.status == 400
    (message,) = answer.json["messages"]
    assert message["type"] == "FATAL"
    assert said in message["text"]


def test_what_only_the_planner_finds_fails_the_job(server: Server) -> None:
    assert server.post(V1, search=NOT_PLANNED, exec_mode="oneshot").status == 400
    sid = server.post(V1, search=NOT_PLANNED, exec_mode="blocking").json["sid"]
    content = server.get(f"{V1}/{sid}").json["entry"][0]["content"]
    assert content["dispatchState"] == "FAILED"
    assert "NoSuchModel" in content["messages"][0]["text"]


BAD_ARGUMENTS = [
    {"exec_mode": "sometimes"},
    {"earliest_time": "soon"},
    {"earliest_time": "2024-01-02T00:00:00", "latest_time": "2024-01-01T00:00:00"},
    {"nosuchargument": "1"},
    {"timeout": "long"},
    {"output_mode": "pdf", "exec_mode": "oneshot"},
    {"count": "many", "exec_mode": "oneshot"},
    {"search_mode": "realtime"},
]


@pytest.mark.parametrize("form", BAD_ARGUMENTS, ids=[str(form) for form in BAD_ARGUMENTS])
def test_a_bad_argument(server: Server, form: dict[str, str]) -> None:
    assert server.post(V1, search=TWO, **form).status == 400


def test_the_time_range_holds(server: Server) -> None:
    server.post("/services/data/indexes", name="times")
    token = server.token("times", index="times")
    server.send(token, "", b'{"event":"old","time":1000}{"event":"new","time":2000}')
    spl = "search index=times | table _raw"
    assert server.search(spl, earliest_time="1500") == [{"_raw": "new"}]
    assert server.search(spl, latest_time="2000") == [{"_raw": "old"}]
    assert server.search(spl, earliest_time="1000", latest_time="2001") == [{"_raw": "new"}, {"_raw": "old"}]


def test_an_index_that_is_not_there_gives_nothing_and_a_message(server: Server) -> None:
    sid = job(server, "search index=nosuchindex")
    answer = server.get(f"{V1}/{sid}/results").json
    assert answer["results"] == []
    assert "nothing is known of index `nosuchindex`" in answer["messages"][0]["text"]


# --- logins -----------------------------------------------------------------------------------------------------------


def test_nothing_is_told_without_a_login(server: Server) -> None:
    basic = base64.b64encode(b"admin:wrong").decode()
    headers: list[dict[str, Any]] = [
        {},
        {"Authorization": "Splunk nonsense"},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": f"Basic {basic}"},
        {"Authorization": "Basic %%%"},
        {"Authorization": "Negotiate x"},
        {"Cookie": f"splunkd_{server.port}=nonsense"},
    ]
    paths = ["/services/server/info", "/services/search/jobs", "/services/apps/local", "/services/data/inputs/http"]
    for given in headers:
        for path in paths:
            answer = server.ask("GET", f"{path}?output_mode=json", **given)
            assert (answer.status, answer.json["messages"][0]["type"]) == (401, "WARN"), (given, path)


def test_ways_to_log_in(server: Server) -> None:
    basic = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    form = f"username=admin&password={PASSWORD.replace(' ', '+')}&cookie=1".encode()
    answer = server.ask("POST", "/services/auth/login", form)
    key = ElementTree.fromstring(answer.body).findtext("sessionKey")  # noqa: S314
    cookie = answer.headers["set-cookie"]
    ways: list[dict[str, Any]] = [
        {"Authorization": f"Splunk {key}"},
        {"Authorization": f"Bearer {key}"},
        {"Authorization": f"Basic {basic}"},
        {"Cookie": f"splunkd_{server.port}={key}"},
    ]
    assert f"splunkd_{server.port}={key}" in cookie
    assert "HttpOnly" in cookie
    for given in ways:
        assert server.ask("GET", "/services/authentication/current-context", **given).status == 200, given


def test_a_wrong_password(server: Server) -> None:
    for form in (b"username=admin&password=wrong", b"username=nobody&password=wrong", b""):
        answer = server.ask("POST", "/services/auth/login?output_mode=json", form)
        assert (answer.status, answer.json["messages"][0]["text"]) == (401, "Login failed")


def test_a_bearer_token_can_be_taken_back(server: Server) -> None:
    made = server.post("/services/authorization/tokens", name="admin", audience="t", expires_on="+1d")
    content = made.json["entry"][0]["content"]
    bearer: dict[str, Any] = {"Authorization": f"Bearer {content['token']}"}
    assert server.ask("GET", "/services/server/info", **bearer).status == 200
    assert server.delete("/services/authorization/tokens/admin", id=content["id"]).status == 200
    assert server.ask("GET", "/services/server/info", **bearer).status == 401


# --- methods ----------------------------------------------------------------------------------------------------------


def test_methods(server: Server) -> None:
    assert server.delete("/services/server/info").status == 405
    assert server.ask("POST", "/services/auth/login/deeper", b"").status == 404


# --- knowledge --------------------------------------------------------------------------------------------------------


def test_a_saved_search_of_the_app(server: Server) -> None:
    path = f"/servicesNS/nobody/DA-ESS-RemoteAssistance/saved/searches/{DETECTION.replace(' ', '%20')}"
    entry = server.get(path).json["entry"][0]
    assert (entry["name"], entry["acl"]["app"]) == (DETECTION, "DA-ESS-RemoteAssistance")
    assert entry["content"]["action.correlationsearch.enabled"] == "1"
    found = server.get("/servicesNS/-/-/saved/searches", count="0", search=DETECTION).json
    assert [one["name"] for one in found["entry"]] == [DETECTION]
    assert server.delete(path).status == 403


def test_a_macro_changes_the_next_search(server: Server) -> None:
    path = "/servicesNS/nobody/search/admin/macros"
    assert server.post(path, name="answer(1)", args="x", definition="eval a=$x$").status == 201
    spl = "| makeresults | `answer(41)` | table a"
    where = "/servicesNS/nobody/search/search/jobs"
    ask = {"search": spl, "exec_mode": "oneshot"}
    assert server.post(where, **ask).json["results"] == [{"a": "41"}]
    assert server.post(f"{path}/answer(1)", definition="eval a=$x$+1").status == 200
    assert server.post(where, **ask).json["results"] == [{"a": "42"}]
    assert server.delete(f"{path}/answer(1)").status == 200
    assert server.post(where, **ask).status == 400


def test_the_apps_own_folders_are_not_written(server: Server) -> None:
    macro = "/servicesNS/nobody/DA-ESS-RemoteAssistance/configs/conf-macros/oldsummaries_config"
    before = server.get(macro).json["entry"][0]["content"]["definition"]
    assert server.post(macro, definition="false").status == 200
    assert server.get(macro).json["entry"][0]["content"]["definition"] == "false"
    assert server.post(macro, definition=before).status == 200


def test_properties(server: Server) -> None:
    base = "/servicesNS/nobody/search/properties"
    assert server.post(f"{base}/things/a%20stanza/key", value="v").status == 200
    assert server.get(f"{base}/things/a%20stanza/key").body == b"v"
    assert [e["name"] for e in server.get(f"{base}/things").json["entry"]] == ["a stanza"]
    assert server.get(f"{base}/things/a%20stanza").json["entry"][0]["content"]["$text"] == "v"
    assert "things" in [e["name"] for e in server.get(base).json["entry"]]
    assert server.get(f"{base}/nosuchfile").status == 404


def test_a_token_is_found_with_its_prefix_and_without(server: Server) -> None:
    token = server.token("found")
    for name in ("found", "http%3A%2F%2Ffound", "http%3A%252F%252Ffound"):
        entry = server.get(f"/servicesNS/nobody/splunk_httpinput/data/inputs/http/{name}").json["entry"][0]
        assert (entry["name"], entry["content"]["token"]) == ("http://found", token)


def test_a_role_decides_what_a_search_reads_that_names_no_index(server: Server) -> None:
    server.post("/services/data/indexes", name="roles_one")
    token = server.token("roles", index="roles_one")
    server.send(token, "?host=role-test", b'{"event":"x"}')
    count = "search host=role-test | stats count"
    role = "/services/authorization/roles/admin"
    try:
        assert server.search(count) == [{"count": "1"}]
        assert server.post(role, srchIndexesDefault="main;summary").status == 200
        assert server.search(count) == [{"count": "0"}]
        assert server.search(f"{count.replace('host', 'index=roles_one host')}") == [{"count": "1"}]
    finally:
        assert server.post(role, srchIndexesDefault="*").status == 200


def test_data_models(server: Server) -> None:
    entry = server.get("/services/datamodel/model/Endpoint").json["entry"][0]
    assert json.loads(entry["content"]["eai:data"])["modelName"] == "Endpoint"
    assert "Risk" in [e["name"] for e in server.get("/services/datamodel/model", count="0").json["entry"]]


def test_an_app_that_is_not_there(server: Server) -> None:
    assert server.get("/services/apps/local/SplunkEnterpriseSecuritySuite").status == 404


def test_pages(server: Server) -> None:
    first = server.get("/services/apps/local", count="2").json
    assert (len(first["entry"]), first["paging"]["perPage"]) == (2, 2)
    rest = server.get("/services/apps/local", count="-1", offset="2").json
    assert len(rest["entry"]) == first["paging"]["total"] - 2


SAVED = "/servicesNS/nobody/search/saved/searches"


def test_a_malformed_setting_can_be_seen_and_mended(server: Server) -> None:
    assert server.post(SAVED, name="malformed_action", search="| makeresults").status == 201
    stanza = "/servicesNS/nobody/search/configs/conf-savedsearches/malformed_action"
    assert server.post(stanza, **{"action.email": "maybe", "disabled": "?", "enableSched": "?"}).status == 200
    assert server.get(SAVED, count="0").status == 200
    mended = {"action.email": "0", "disabled": "0", "enableSched": "0"}
    assert server.post(f"{SAVED}/malformed_action", **mended).status == 200


@pytest.mark.parametrize("ttl", ["10m", "abc", "²", "-1"])
def test_a_time_to_live_that_is_none_is_refused(server: Server, ttl: str) -> None:
    server.post(SAVED, name="with_ttl", search="| makeresults")
    answer = server.post(f"{SAVED}/with_ttl/dispatch", **{"dispatch.ttl": ttl})
    assert answer.status == 400
    assert b"dispatch.ttl" in answer.body


def test_the_events_of_a_job_are_what_it_found_in_the_index(server: Server) -> None:
    assert server.post("/services/data/indexes", name="of_events").status == 201
    token = server.token("of_events", index="of_events")
    assert server.send(token, "", b'{"event": "one"}{"event": "two"}').status == 200
    sid = job(server, "search index=of_events")
    for version in (V1, V2):
        found = server.get(f"{version}/{sid}/events", output_mode="json").json["results"]
        assert sorted(row["_raw"] for row in found) == ["one", "two"]


def test_server_info(server: Server) -> None:
    (entry,) = server.get("/services/server/info", output_mode="json").json["entry"]
    content = entry["content"]
    assert content["version"][0].isdigit()
    assert content["guid"]
    assert content["serverName"]
