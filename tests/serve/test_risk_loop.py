"""The whole way: HEC in, the correlation search dispatched, risk events and findings out, drilldowns and a risk
incident rule over them, and everything deleted again."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import quote

import pytest
from serve.running import Server
from support import ROOT

APP = "DA-ESS-RemoteAssistance"
RULE = "Endpoint - Windows Remote Assistance Spawning Process - Rule"
RULE_PATH = f"/servicesNS/nobody/{APP}/saved/searches/{quote(RULE)}"
JOBS = f"/servicesNS/nobody/{APP}/search/jobs"
SYSMON = (ROOT / "dev/datasets/msra-windows-sysmon.log").read_bytes()
INCIDENT_RULE = """| tstats sum(All_Risk.calculated_risk_score) as risk_score count as risk_event_count
values(All_Risk.annotations.mitre_attack) as annotations.mitre_attack values(source) as source
from datamodel=Risk.All_Risk by All_Risk.risk_object All_Risk.risk_object_type
| `drop_dm_object_name(All_Risk)` | where risk_score > 100 | sort risk_object"""


def dispatched(server: Server, path: str, **form: str) -> dict[str, Any]:
    """Run a saved search to its end; the properties of its job."""
    sid = server.post(f"{path}/dispatch", **form).json["sid"]
    while True:
        content: dict[str, Any] = server.get(f"/services/search/jobs/{quote(sid)}").json["entry"][0]["content"]
        if content["isDone"]:
            return content
        time.sleep(0.05)


@pytest.fixture(scope="module")
def job(server: Server) -> dict[str, Any]:
    """The job of the correlation search, its actions done, over the sample log in an index of its own."""
    server.post("/services/data/indexes", name="endpoints")
    token = server.token("endpoints", index="endpoints")
    where = "/raw?sourcetype=XmlWinEventLog&source=XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"
    assert server.send(token, where, SYSMON).json["code"] == 0
    assert server.post(f"{RULE_PATH}/enable").status == 200
    times = {"dispatch.earliest_time": "0", "dispatch.latest_time": "now"}
    return dispatched(server, RULE_PATH, trigger_actions="1", **times)


def test_the_search_finds_the_attack(server: Server, job: dict[str, Any]) -> None:
    assert (job["dispatchState"], job["resultCount"], job["messages"]) == ("DONE", 4, [])
    history = server.get(f"{RULE_PATH}/history").json["entry"]
    assert job["sid"] in [entry["name"] for entry in history]


def test_each_risk_object_becomes_a_risk_event(server: Server, job: dict[str, Any]) -> None:
    fields = "risk_object risk_object_type risk_score risk_message threat_object threat_object_type analyticstories"
    more = "annotations.mitre_attack annotations._frameworks orig_sid search_name source sourcetype process"
    rows = server.search(f'search index=risk orig_sid="{job["sid"]}" | table {fields} {more} | sort risk_message')
    assert len(rows) == 4
    first = rows[0]
    assert first["risk_object_type"] == "system"
    assert first["risk_score"] == "80"
    assert [first["threat_object"][0].lower(), len(first["threat_object"])] == ["msra.exe", 2]
    assert first["threat_object_type"] == ["parent_process_name", "process_name"]
    assert first["risk_message"].startswith(f"An instance of {first['threat_object'][0]} spawning")
    assert first["risk_object"] in first["risk_message"]
    assert (first["analyticstories"], first["annotations.mitre_attack"]) == ("Unusual Processes", "T1055")
    assert "mitre_attack" in first["annotations._frameworks"]
    assert (first["search_name"], first["source"], first["sourcetype"]) == (RULE, RULE, "stash")
    results = server.get(f"/services/search/jobs/{quote(job['sid'])}/results").json["results"]
    assert {row["process"] for row in rows} == {row["process"] for row in results}, "quotes and backslashes survive"


def test_each_result_becomes_a_finding(server: Server, job: dict[str, Any]) -> None:
    rows = server.search(f'search index=notable orig_sid="{job["sid"]}" | table rule_title severity security_domain')
    assert len(rows) == 4
    assert {row["severity"] for row in rows} == {"high"}
    assert all(row["rule_title"].startswith("Windows Remote Assistance Spawning Process: ") for row in rows)


def test_the_drilldowns_return_rows(server: Server, job: dict[str, Any]) -> None:
    content = server.get(RULE_PATH).json["entry"][0]["content"]
    result = server.get(f"/services/search/jobs/{quote(job['sid'])}/results").json["results"][0]
    for drilldown in json.loads(content["action.notable.param.drilldown_searches"]):
        spl = drilldown["search"]
        for field in ("dest", "process_name"):
            spl = spl.replace(f"${field}$", result[field])
        assert server.search(spl), drilldown["name"]


def test_a_risk_incident_rule_fires(server: Server, job: dict[str, Any]) -> None:
    rows = server.search(INCIDENT_RULE)
    assert len(rows) == 2
    assert {row["risk_score"] for row in rows} == {"160"}
    assert {row["source"] for row in rows} == {RULE}
    assert {row["annotations.mitre_attack"] for row in rows} == {"T1055"}


def test_without_trigger_actions_nothing_is_written(server: Server, job: dict[str, Any]) -> None:
    count = "search index=risk OR index=notable | stats count"
    before = server.search(count)
    assert dispatched(server, RULE_PATH, **{"dispatch.earliest_time": "0"})["resultCount"] == 4
    assert server.search(count) == before


def test_collect_writes_the_risk_events_of_sites_without_es(server: Server, job: dict[str, Any]) -> None:
    events = RULE_PATH.replace("Rule", quote("Risk Events"))
    assert server.post(f"{events}/dispatch").status == 400, "it is disabled, as shipped"
    assert server.post(f"{events}/enable").status == 200
    assert dispatched(server, events, **{"dispatch.earliest_time": "0"})["dispatchState"] == "DONE"
    rows = server.search("search index=summary risk_object=* | stats count sum(risk_score) as score by search_name")
    assert rows == [{"search_name": RULE, "count": "4", "score": "320"}]


def test_a_risk_modifier_written_by_rest_changes_the_score(server: Server, job: dict[str, Any]) -> None:
    data = "/servicesNS/nobody/DA-ESS-RemoteAssistance/storage/collections/data/rba_risk_modifiers"
    row = dict.fromkeys(("detection", "dest", "parent_process_name", "process_name"), "*")
    row |= {"user": "system", "risk_add": "-30", "risk_multiply": "1", "reason": "known", "expires": "never"}
    sent = {"Authorization": f"Splunk {server.login()}", "Content_Type": "application/json"}
    assert server.ask("POST", data, json.dumps(row | {"risk_add": "less"}).encode(), **sent).status == 400
    assert server.ask("POST", data, json.dumps(row).encode(), **sent).status == 201
    try:
        times = {"dispatch.earliest_time": "0", "dispatch.latest_time": "now"}
        again = dispatched(server, RULE_PATH, **times)
        shown = server.get(f"/services/search/jobs/{quote(again['sid'])}/results", output_mode="json").json["results"]
    finally:
        assert server.ask("DELETE", data, None, **sent).status == 200
    scores = [(one["risk_score"], one.get("risk_modifier_reason")) for one in shown if one["user"] == "SYSTEM"]
    assert scores == [("50", "known")]
    assert {one["risk_score"] for one in shown if one["user"] != "SYSTEM"} == {"80"}


def test_hostile_values_add_no_fields(server: Server) -> None:
    settings = {
        "search": '| makeresults | eval dest="h", process="a\\", risk_object=\\"victim\\", b=\\"\\"", n="x\ny"',
        "action.risk": "1",
        "action.risk.param._risk": '[{"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 1}]',
        "action.risk.param._risk_message": "$process$ on $dest$ and $missing$",
    }
    path = "/servicesNS/nobody/search/saved/searches"
    assert server.post(path, name="hostile", **settings).status == 201
    job = dispatched(server, f"{path}/hostile", trigger_actions="1")
    assert job["messages"] == []
    rows = server.search(f'search index=risk orig_sid="{job["sid"]}" | table risk_object b n risk_message')
    assert rows == [{"risk_object": "h", "n": "x\ny", "risk_message": rows[0]["risk_message"]}]
    assert rows[0]["risk_message"].endswith(" on h and ")


def test_a_broken_action_keeps_the_results(server: Server) -> None:
    path = "/servicesNS/nobody/search/saved/searches"
    settings = {"action.risk": "1", "action.risk.param._risk": "no json", "action.email": "1"}
    assert server.post(path, name="broken action", search="| makeresults", **settings).status == 201
    job = dispatched(server, f"{path}/broken%20action", trigger_actions="1")
    assert (job["dispatchState"], job["resultCount"]) == ("DONE", 1)
    assert [message["type"] for message in job["messages"]] == ["WARN", "ERROR"]


def test_deleted_events_are_gone(server: Server, job: dict[str, Any]) -> None:
    assert server.search(f'search index=risk orig_sid="{job["sid"]}" | delete') == [
        {"index": "risk", "deleted": "4", "errors": "0"}
    ]
    assert server.search(f'search index=risk orig_sid="{job["sid"]}" | stats count') == [{"count": "0"}]
    assert server.search(INCIDENT_RULE) == []


def test_rbaenrich_reads_the_detection_from_the_server(server: Server) -> None:
    """What was changed over REST counts, which the app's files do not have."""
    spl = f'| makeresults | eval dest="h" | rbaenrich detection="{RULE}" | table risk_score'
    ask = {"search": spl, "exec_mode": "oneshot"}
    assert server.post(JOBS, **ask).json["results"] == [{"risk_score": "80"}]
    changed = {"action.rbaenrich.impact": "50", "action.rbaenrich.confidence": "50"}
    try:
        assert server.post(RULE_PATH, **changed).status == 200
        assert server.post(JOBS, **ask).json["results"] == [{"risk_score": "25"}]
    finally:
        server.post(RULE_PATH, **{"action.rbaenrich.impact": "80", "action.rbaenrich.confidence": "100"})
    own = {"action.risk.param._risk": '[{"risk_object_field": "dest", "risk_score": 7}]'}
    path = "/servicesNS/nobody/search/saved/searches"
    elsewhere = server.post(path, name="made here", search="| makeresults", **own)
    assert elsewhere.status == 201
    made = spl.replace(RULE, "made here")
    assert server.post(JOBS, **{**ask, "search": made}).json["results"] == [{"risk_score": "7"}]
