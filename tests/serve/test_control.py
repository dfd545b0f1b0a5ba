"""What can be done to a job: each action has the effect that can be seen here, or is refused and says why."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from replay.serve.calls import Call
from replay.serve.endpoints.search import control as answer_control
from replay.serve.jobs import TTL, Job, Request
from serve.running import Server
from serve.scheduled import HOUR, NOON, ONE, World
from serve.test_jobs import ENDLESS, PATIENCE, state

JOBS = "/services/search/jobs"


@pytest.fixture
def sid(server: Server) -> Iterator[str]:
    """A search that has begun and does not end by itself."""
    started = server.post(JOBS, search=ENDLESS).json["sid"]
    while state(server, started) == "QUEUED":
        time.sleep(0.05)
    yield started
    server.delete(f"{JOBS}/{started}")


@pytest.fixture
def done(world: Any) -> tuple[World, Job]:
    """A search that has ended, in a search head of the test's own."""
    w: World = world(s=ONE)
    job = w.head.jobs.start(Request("| makeresults", "search", "admin"))
    job.future.result(PATIENCE)
    return w, job


def content(server: Server, sid: str) -> dict[str, Any]:
    found: dict[str, Any] = server.get(f"{JOBS}/{sid}").json["entry"][0]["content"]
    return found


def control(server: Server, sid: str, action: str, **form: str) -> tuple[int, str]:
    answer = server.post(f"{JOBS}/{sid}/control", action=action, **form)
    (message,) = answer.json["messages"]
    return answer.status, message["text"]


# --- while it runs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["json", "json_rows", "json_cols", "xml", "csv"])
def test_a_preview_of_a_running_search_says_that_it_is_one_and_has_no_rows(server: Server, sid: str, mode: str) -> None:
    answer = server.get(f"{JOBS}/{sid}/results_preview", output_mode=mode)
    assert answer.status == 200
    assert state(server, sid) == "RUNNING"
    if mode == "csv":
        assert answer.body == b""
    elif mode == "xml":
        assert b"<results preview='1'>" in answer.body
        assert b"<result " not in answer.body
    else:
        assert answer.json["preview"] is True
        assert (answer.json.get("results") or answer.json.get("rows") or answer.json.get("columns") or []) == []
    assert server.get(f"{JOBS}/{sid}/results", output_mode=mode).status == 204


def test_a_preview_of_a_search_that_is_done_has_its_results(server: Server) -> None:
    sid = server.post(JOBS, search="| makeresults | eval a=1 | table a", exec_mode="blocking").json["sid"]
    page = server.get(f"{JOBS}/{sid}/results_preview").json
    assert (page["preview"], page["results"]) == (False, [{"a": "1"}])


NO_PREVIEWS = "This server makes no previews: the results are there when the search is done"
NO_PRIORITIES = "Searches have no priorities on this server: they run in the order in which they came"
# What cannot be done is refused; what changes no result is granted, and told.
ANSWERS = {
    "pause": (400, "A search cannot be paused on this server"),
    "sing": (400, "Invalid value 'sing' for argument 'action'"),
    "enablepreview": (200, NO_PREVIEWS),
    "setpriority": (200, NO_PRIORITIES),
}


@pytest.mark.parametrize("action", ANSWERS)
def test_what_is_not_done_here_is_refused_or_told(server: Server, sid: str, action: str) -> None:
    status, text = ANSWERS[action]
    assert control(server, sid, action, priority="9") == (status, text)
    assert ({"type": "WARN", "text": text} in content(server, sid)["messages"]) == (status == 200)
    assert state(server, sid) == "RUNNING"


def test_what_is_so_already_is_granted(server: Server, sid: str) -> None:
    """Nothing is paused and nothing is previewed here."""
    assert control(server, sid, "unpause") == (200, "Search job unpause.")
    assert control(server, sid, "disablepreview") == (200, "Search job disablepreview.")
    found = content(server, sid)
    assert (found["isPaused"], found["isPreviewEnabled"], found["dispatchState"]) == (False, False, "RUNNING")


def test_a_finalized_search_says_that_it_has_no_results(server: Server, sid: str) -> None:
    assert control(server, sid, "finalize")[0] == 200
    deadline = time.monotonic() + PATIENCE
    while state(server, sid) != "DONE":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    page = server.get(f"{JOBS}/{sid}/results").json
    assert page["results"] == []
    (message,) = page["messages"]
    assert message["type"] == "WARN"
    assert "finalized before its end" in message["text"]


def test_finalizing_what_is_done_changes_nothing(server: Server) -> None:
    sid = server.post(JOBS, search="| makeresults | eval a=1 | table a", exec_mode="blocking").json["sid"]
    assert control(server, sid, "finalize")[0] == 200
    assert content(server, sid)["isFinalized"] is False
    assert server.get(f"{JOBS}/{sid}/results").json["results"] == [{"a": "1"}]


# --- how long it is kept ----------------------------------------------------------------------------------------------


def test_setttl(server: Server) -> None:
    sid = server.post(JOBS, search="| makeresults", exec_mode="blocking").json["sid"]
    assert content(server, sid)["ttl"] == TTL
    assert control(server, sid, "setttl", ttl="7")[0] == 200
    assert content(server, sid)["ttl"] == 7
    for form in ({}, {"ttl": "-1"}, {"ttl": "long"}):
        assert control(server, sid, "setttl", **form)[0] == 400
    assert content(server, sid)["ttl"] == 7


def test_a_job_is_kept_for_its_time_to_live_after_it_was_last_touched(done: tuple[World, Job]) -> None:
    w, job = done
    job.touched -= job.ttl - 10
    w.head.jobs.reap()
    assert list(w.head.jobs) == [job]
    call = Call(w.head, "POST", JOBS, {"sid": job.sid}, params=[("action", "touch")])
    assert answer_control(call).status_code == 200
    job.touched -= 20
    w.head.jobs.reap()
    assert list(w.head.jobs) == [job]
    job.touched -= job.ttl
    w.head.jobs.reap()
    assert list(w.head.jobs) == []


def test_a_saved_job_is_kept_until_it_is_unsaved(done: tuple[World, Job]) -> None:
    w, job = done
    job.saved, job.touched = True, 0.0
    w.head.jobs.reap()
    assert list(w.head.jobs) == [job]
    job.saved = False
    w.head.jobs.reap()
    assert list(w.head.jobs) == []


def test_save_and_unsave(server: Server) -> None:
    sid = server.post(JOBS, search="| makeresults", exec_mode="blocking").json["sid"]
    for action, saved in (("save", True), ("unsave", False)):
        assert control(server, sid, action)[0] == 200
        assert content(server, sid)["isSaved"] is saved


PERIODS = [
    ({}, 2 * HOUR),
    ({"dispatch.ttl": "5p"}, 5 * HOUR),
    ({"dispatch.ttl": "90"}, 90),
    ({"dispatch.ttl": "2p", "cron_schedule": "*/5 * * * *"}, 600),
    ({"dispatch.ttl": "1p", "cron_schedule": "* * * * *"}, 60),
    ({"dispatch.ttl": "3p", "cron_schedule": "0 0 * * *"}, 72 * HOUR),
]


@pytest.mark.parametrize(("settings", "ttl"), PERIODS, ids=[str(one) for one, _ in PERIODS])
def test_the_time_to_live_of_a_scheduled_search_is_in_periods_of_its_schedule(
    world: Any, settings: dict[str, str], ttl: float
) -> None:
    w = world(NOON + 12 * HOUR - 1, s={**ONE, **settings})
    w.tick()
    w.tick(2)
    (job,) = w.head.jobs
    assert job.ttl == ttl


def test_without_a_schedule_there_are_no_periods(server: Server) -> None:
    saved = "/servicesNS/nobody/search/saved/searches"
    assert server.post(saved, name="no_periods", search="| makeresults", **{"dispatch.ttl": "5p"}).status == 201
    assert content(server, server.post(f"{saved}/no_periods/dispatch").json["sid"])["ttl"] == TTL
