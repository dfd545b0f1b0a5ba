"""Saved searches over REST: what may be written, what is refused, and when they are to run."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from serve.running import Server
from serve.scheduled import HOUR, SAVED

BOOLEANS = [
    "enableSched", "is_scheduled", "disabled", "is_visible", "realtime_schedule", "run_on_startup", "alert.suppress",
    "alert.digest_mode", "alert.track", "action.email", "action.risk", "action.of_somebody_else",
]  # fmt: skip


@pytest.mark.parametrize("name", BOOLEANS)
def test_a_malformed_boolean_is_refused_by_its_name(server: Server, name: str) -> None:
    server.post(SAVED, name="with_booleans", search="| makeresults", cron_schedule="0 * * * *")
    for path, form in ((f"{SAVED}/with_booleans", {}), (SAVED, {"name": "another", "search": "| makeresults"})):
        answer = server.post(path, **form, **{name: "maybe"})
        assert answer.status == 400
        (message,) = answer.json["messages"]
        assert message["text"] == f"Invalid value 'maybe' for argument '{name}': it must be a boolean"
    assert server.get(f"{SAVED}/another").status == 404
    for value in ("1", "yes", "F", "no", "True"):
        assert server.post(f"{SAVED}/with_booleans", **{name: value}).status == 200, value


def test_alerts_may_be_tracked_as_the_server_thinks_best(server: Server) -> None:
    assert server.post(SAVED, name="tracked", search="| makeresults", **{"alert.track": "auto"}).status == 201


def test_none_is_named_as_the_stanza_that_all_others_inherit(server: Server) -> None:
    answer = server.post(SAVED, name="default", search="| makeresults", description="of all others")
    assert (answer.status, answer.json["messages"][0]["text"]) == (
        400,
        "'default' cannot be a name: its settings would be those of every other stanza",
    )


SCHEDULED = [{"enableSched": value} for value in ("1", "true", "yes", "T")] + [{"is_scheduled": "1"}]


@pytest.mark.parametrize("form", SCHEDULED, ids=[str(form) for form in SCHEDULED])
def test_what_is_scheduled_needs_a_schedule_however_it_is_said(server: Server, form: dict[str, str]) -> None:
    new = {"name": "to_be_scheduled", "search": "| makeresults"}
    for schedule in ({}, {"cron_schedule": ""}, {"cron_schedule": "hourly"}, {"cron_schedule": "0 0 31 2 *"}):
        answer = server.post(SAVED, **new, **form, **schedule)
        assert answer.status == 400
        assert b"cron_schedule" in answer.body
    server.delete(f"{SAVED}/to_be_scheduled")
    assert server.post(SAVED, **new, **form, cron_schedule="0 * * * *").status == 201
    assert server.post(f"{SAVED}/to_be_scheduled", cron_schedule="").status == 400
    assert server.post(f"{SAVED}/to_be_scheduled", cron_schedule="", enableSched="0").status == 200
    assert server.post(f"{SAVED}/to_be_scheduled", **form).status == 400
    assert server.post(f"{SAVED}/to_be_scheduled", description="anything else").status == 200
    assert server.delete(f"{SAVED}/to_be_scheduled").status == 200


def times(server: Server, name: str, earliest: float, latest: float) -> tuple[list[int], list[dict[str, str]]]:
    answer = server.get(f"{SAVED}/{name}/scheduled_times", earliest_time=f"{earliest:.0f}", latest_time=f"{latest:.0f}")
    assert answer.status == 200, answer.body
    document: Any = answer.json
    return document["entry"][0]["content"]["scheduled_times"], document["messages"]


def test_scheduled_times_that_are_too_many_are_told(server: Server) -> None:
    form = {"search": "| makeresults", "cron_schedule": "* * * * *", "is_scheduled": "1"}
    assert server.post(SAVED, name="by_the_minute", **form).status == 201
    found, messages = times(server, "by_the_minute", HOUR, HOUR + 10_000 * 60)
    assert (len(found), messages) == (10_000, [])
    some, messages = times(server, "by_the_minute", HOUR, HOUR + 10_001 * 60)
    assert some == found
    (message,) = messages
    assert message["type"] == "WARN"
    assert message["text"].startswith("These are the first 10000 times: ask for those after 1970-01-07 23:40:00 UTC")
    rest, _ = times(server, "by_the_minute", found[-1], HOUR + 10_001 * 60)
    assert rest == [found[-1] + 60]


@pytest.mark.parametrize("form", [{"is_scheduled": "0"}, {"disabled": "1"}], ids=str)
def test_what_never_runs_has_no_scheduled_times(server: Server, form: dict[str, str]) -> None:
    name = f"never {next(iter(form))}"
    given = {"search": "| makeresults", "cron_schedule": "0 * * * *", "is_scheduled": "1"} | form
    assert server.post(SAVED, name=name, **given).status == 201
    found, (message,) = times(server, quote(name), 0 + 1, 10 * HOUR)
    assert found == []
    assert "it never runs" in message["text"]
