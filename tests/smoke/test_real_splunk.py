"""The app as it is installed in a real Splunk, which environment variables name; without them all is skipped.

    SPLUNK_HOST       host of a search head with the app installed
    SPLUNK_PORT       its management port, 8089 if absent
    SPLUNK_TOKEN      an authentication token, or else
    SPLUNK_USERNAME, SPLUNK_PASSWORD
    SPLUNK_VERIFY     0: do not check the certificate of the management port (Splunk's own is self-signed)

    make install && SPLUNK_HOST=... SPLUNK_TOKEN=... .venv/bin/pytest tests/smoke

Nothing is written: searches run, settings are read (Splunk REST API Reference: apps/local, saved/searches,
search/v2/parser, search/jobs with exec_mode=oneshot).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from splunklib import client

ROOT = Path(__file__).resolve().parents[2]
APP = "DA-ESS-RemoteAssistance"
RULE = "Endpoint - Windows Remote Assistance Spawning Process - Rule"
RISK_EVENTS = "Endpoint - Windows Remote Assistance Spawning Process - Risk Events"
MESSAGE = (
    "An instance of msra.exe spawning cmd.exe was identified on endpoint smoke-test, "
    "generating behavior not common with msra.exe."
)
HIT = (
    '| makeresults | eval dest="smoke-test", parent_process_name="msra.exe", process_name="cmd.exe" '
    f'| rbaenrich detection="{RULE}"'
)


def connection(app: str) -> client.Service:
    """A connection whose searches run in ``app``; skips the test where the environment names no Splunk."""
    host, token = os.environ.get("SPLUNK_HOST"), os.environ.get("SPLUNK_TOKEN")
    username, password = os.environ.get("SPLUNK_USERNAME"), os.environ.get("SPLUNK_PASSWORD")
    if not host:
        pytest.skip("no real Splunk: set SPLUNK_HOST, and SPLUNK_TOKEN or SPLUNK_USERNAME and SPLUNK_PASSWORD")
    if not token and not (username and password):
        pytest.skip("no way into the Splunk of SPLUNK_HOST: set SPLUNK_TOKEN, or SPLUNK_USERNAME and SPLUNK_PASSWORD")
    who = {"splunkToken": token} if token else {"username": username, "password": password}
    return client.connect(
        host=host,
        port=int(os.environ.get("SPLUNK_PORT", "8089")),
        verify=os.environ.get("SPLUNK_VERIFY", "1") != "0",
        app=app,
        **who,
    )


@pytest.fixture(scope="module")
def splunk() -> client.Service:
    return connection(APP)


def results(service: client.Service, search: str, **options: str) -> list[dict[str, Any]]:
    """The results of a search; a message of splunkd that is an error or a warning fails the test."""
    reply = json.loads(service.jobs.oneshot(search, output_mode="json", **options).read())
    said = [m for m in reply.get("messages", []) if m.get("type") in ("FATAL", "ERROR", "WARN")]
    assert not said, f"{search}: {said}"
    rows: list[dict[str, Any]] = reply["results"]
    return rows


def test_the_app_is_installed_in_this_version(splunk: client.Service) -> None:
    manifest = json.loads((ROOT / "app.manifest").read_text(encoding="utf-8"))
    app = splunk.apps[APP]
    assert app["version"] == manifest["info"]["id"]["version"]
    assert app["disabled"] == "0", f"{APP} is installed but switched off"


def test_at_most_one_of_the_two_searches_is_enabled(
    splunk: client.Service, record_property: Callable[[str, object], None]
) -> None:
    enabled = [name for name in (RULE, RISK_EVENTS) if splunk.saved_searches[name]["disabled"] == "0"]
    record_property("enabled", ", ".join(enabled) or "none")
    assert len(enabled) < 2, "with both enabled each hit counts twice: enable the Rule with ES, else the Risk Events"


@pytest.mark.parametrize("name", [RULE, RISK_EVENTS])
def test_every_macro_and_command_of_the_search_resolves(splunk: client.Service, name: str) -> None:
    search = splunk.saved_searches[name]["search"]
    assert "rbaenrich" in search
    splunk.parse(search, output_mode="json")  # splunkd refuses what it does not know, with HTTP 400


def test_the_detection_runs(splunk: client.Service) -> None:
    search = splunk.saved_searches[RULE]["search"]
    for row in results(splunk, search, earliest_time="-2m@m", latest_time="-1m@m"):
        assert row["parent_process_name"].lower() == "msra.exe"


@pytest.mark.parametrize("app", [APP, "search"])
def test_the_command_adds_the_risk_in_every_app(app: str) -> None:
    (row,) = results(connection(app), HIT)
    techniques = row["annotations.mitre_attack"]
    assert (row["dest"], row["risk_message"], techniques) == ("smoke-test", MESSAGE, "T1055")
    assert row["threat_object"] == ["msra.exe", "cmd.exe"]
    assert row["threat_object_type"] == ["parent_process_name", "process_name"]
    assert row["annotations.mitre_attack.mitre_technique"] == "Process Injection"
    assert float(row["risk_score"]) > 0
    assert len(row["risk_hash"]) == 64
    assert "risk_object" not in row


def test_the_command_makes_risk_events(splunk: client.Service) -> None:
    (row,) = results(splunk, f"{HIT} output=events")
    assert (row["risk_object"], row["risk_object_type"]) == ("smoke-test", "system")
    assert (row["search_name"], row["source"]) == (RULE, RULE)


def test_an_unknown_detection_is_an_error_that_says_what_to_do(splunk: client.Service) -> None:
    with pytest.raises(Exception, match=r"There is no saved search.*Nearest"):
        results(splunk, f'| makeresults | rbaenrich detection="{RULE}s"')


def test_the_lookup_is_shared() -> None:
    search = '| makeresults | eval technique_id="T1055" | lookup mitre_attack_techniques technique_id OUTPUT technique'
    assert [row["technique"] for row in results(connection("search"), search)] == ["Process Injection"]
