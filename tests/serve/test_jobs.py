"""Search jobs beside each other, and what a job takes for the present."""

from __future__ import annotations

import socket
import time
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import pytest
from replay.engine import Engine
from replay.serve.jobs import SIDE_BY_SIDE, Request
from serve.running import INSECURE, Server

JOBS = "/services/search/jobs"
ENDLESS = "| makeresults count=40000 | eval k=1 | join max=0 k [ | makeresults count=40000 | eval k=1 ] | stats count"
PATIENCE = 60.0


def state(server: Server, sid: str) -> str:
    return str(server.get(f"{JOBS}/{sid}").json["entry"][0]["content"]["dispatchState"])


def test_a_short_search_does_not_wait_for_a_long_one(server: Server) -> None:
    long = server.post(JOBS, search=ENDLESS).json["sid"]
    try:
        assert server.search("| makeresults | eval a=1 | table a") == [{"a": "1"}]
        assert state(server, long) == "RUNNING"
    finally:
        server.delete(f"{JOBS}/{long}")


def test_cancelled_searches_make_room(server: Server) -> None:
    """All places are taken; who comes then waits, and runs as soon as the others are cancelled."""
    taken = [server.post(JOBS, search=ENDLESS).json["sid"] for _ in range(SIDE_BY_SIDE)]
    waiting = server.post(JOBS, search="| makeresults").json["sid"]
    try:
        assert state(server, waiting) == "QUEUED"
        assert server.get(f"{JOBS}/{waiting}/results").status == 204
    finally:
        for sid in taken:
            assert server.post(f"{JOBS}/{sid}/control", action="cancel").status == 200
    deadline = time.monotonic() + PATIENCE
    while state(server, waiting) != "DONE":
        assert time.monotonic() < deadline, "cancelled searches still run"
        time.sleep(0.1)


@pytest.mark.parametrize("stop", ["cancel", "finalize"])
def test_an_interrupt_that_is_lost_is_repeated(world: Any, stop: str) -> None:
    """DuckDB forgets one that comes between two statements."""
    w = world()
    job = w.head.jobs.start(Request(ENDLESS, "search", "admin"))
    while job.state == "QUEUED":
        time.sleep(0.01)
    interrupts = []

    def deaf_at_first() -> None:
        interrupts.append(time.monotonic())
        if len(interrupts) > 2:
            Engine.cancel(job.engine)

    with patch.object(job.engine, "cancel", deaf_at_first):
        getattr(w.head.jobs, stop)(job)
        job.future.result(PATIENCE)
    assert len(interrupts) >= 3
    assert job.ended.is_set()


def test_a_job_that_waits_can_be_cancelled(server: Server) -> None:
    taken = [server.post(JOBS, search=ENDLESS).json["sid"] for _ in range(SIDE_BY_SIDE)]
    waiting = server.post(JOBS, search="| makeresults").json["sid"]
    assert server.delete(f"{JOBS}/{waiting}").status == 200
    for sid in taken:
        server.delete(f"{JOBS}/{sid}")
    assert server.search("| makeresults | eval a=1 | table a") == [{"a": "1"}]


def test_a_finalized_search_is_done_with_what_it_has(server: Server) -> None:
    sid = server.post(JOBS, search=ENDLESS).json["sid"]
    while state(server, sid) == "QUEUED":
        time.sleep(0.05)
    assert server.post(f"{JOBS}/{sid}/control", action="finalize").status == 200
    deadline = time.monotonic() + PATIENCE
    while state(server, sid) == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    content = server.get(f"{JOBS}/{sid}").json["entry"][0]["content"]
    assert (content["dispatchState"], content["isFinalized"]) == ("DONE", True), content["messages"]


@pytest.mark.parametrize("path", [f"{JOBS}/export", f"{JOBS}?exec_mode=oneshot"])
def test_a_search_ends_when_nobody_waits_for_it_any_more(server: Server, path: str) -> None:
    body = urlencode({"search": ENDLESS}).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Splunk {server.login()}\r\nContent-Length: {len(body)}"
    with INSECURE.wrap_socket(socket.create_connection(("127.0.0.1", server.port))) as conn:
        conn.sendall(head.encode() + b"\r\n\r\n" + body)
        await_jobs(server, 1)
    await_jobs(server, 0)


def await_jobs(server: Server, count: int) -> None:
    """Wait until so many searches run."""
    deadline = time.monotonic() + PATIENCE
    while len([one for one in server.get(JOBS, count="0").json["entry"] if not one["content"]["isDone"]]) != count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_now_holds_in_the_whole_search(server: Server) -> None:
    spl = '| makeresults | eval n=now(), t=relative_time(now(), "-1h") | addinfo | table n t info_min_time'
    assert server.search(spl, now="1700003600", earliest_time="-1h") == [
        {"n": "1700003600", "t": "1700000000", "info_min_time": "1700000000"}
    ]


def test_index_internal_is_there_and_empty(server: Server) -> None:
    answer = server.post(JOBS, search="search index=_internal", exec_mode="oneshot").json
    assert (answer["results"], answer["messages"]) == ([], [])
    assert "_internal" in [entry["name"] for entry in server.get("/services/data/indexes", count="0").json["entry"]]


def test_raw_results_are_the_events_as_they_are(server: Server) -> None:
    spl = '| makeresults count=2 | streamstats count as n | eval _raw="event <".n.">", other="x"'
    answer = server.post(JOBS, search=spl, exec_mode="oneshot", output_mode="raw")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.body == b"event <1>\nevent <2>\n"


def test_version_1_may_be_named(server: Server) -> None:
    sid = server.post("/services/search/v1/jobs", search="| makeresults", exec_mode="blocking").json["sid"]
    assert len(server.get(f"/servicesNS/admin/search/search/v1/jobs/{sid}/results").json["results"]) == 1
