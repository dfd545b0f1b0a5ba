"""What a search may be asked for beside its text: each argument is followed, refused, or the job says that it is not.

By a client as arguments of ``search/jobs``, by a saved search as ``dispatch.*``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from replay.serve.arguments import terms_of_call, terms_of_dispatch
from replay.serve.calls import Call
from replay.serve.endpoints.search import request_of
from replay.serve.errors import Refused
from replay.serve.jobs import DONE
from serve.running import Server
from serve.scheduled import HOUR, ONE, SAVED
from serve.test_jobs import ENDLESS, PATIENCE

JOBS = "/services/search/jobs"
FOUR = "| makeresults count=4 | streamstats count as n | eval m=n | table n m"


def job(server: Server, spl: str = FOUR, **form: str) -> dict[str, Any]:
    """The entry's content of a search that has ended."""
    answer = server.post(JOBS, search=spl, exec_mode="blocking", **form)
    assert answer.status == 201, answer.body
    content: dict[str, Any] = server.get(f"{JOBS}/{answer.json['sid']}").json["entry"][0]["content"]
    return content


def said(content: Mapping[str, Any]) -> list[str]:
    return [f"{one['type']} {one['text']}" for one in content["messages"]]


# --- refused ----------------------------------------------------------------------------------------------------------

REFUSED = {
    "index_earliest": "-1h", "index_latest": "now", "sample_ratio": "500", "search_mode": "realtime",
    "replay_speed": "2",
}  # fmt: skip
"""What would give other results than were asked for."""


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_give_other_results_is_refused_in_one_sentence(name: str) -> None:
    """The same for a client's search and for a saved one."""
    with pytest.raises(Refused) as of_call:
        terms_of_call([(name, REFUSED[name])])
    with pytest.raises(Refused) as of_setting:
        terms_of_dispatch({f"dispatch.{name}": REFUSED[name]}, {})
    with pytest.raises(Refused) as of_override:
        terms_of_dispatch({}, {f"dispatch.{name}": REFUSED[name]})
    sentence = of_call.value.message
    assert sentence.startswith(f"This server does not do {name}")
    assert of_setting.value.message == of_override.value.message == sentence.replace(name, f"dispatch.{name}", 1)


@pytest.mark.parametrize("name", ["dispatch.index_earliest", "dispatch.index_latest", "dispatch.sample_ratio"])
def test_a_scheduled_search_with_such_a_setting_does_not_run_and_that_is_told(world: Any, name: str) -> None:
    w = world(s={**ONE, name: "7"}, asks_for_nothing={**ONE, "dispatch.sample_ratio": "1"})
    w.tick()
    w.tick(HOUR)
    assert (w.ran("s"), w.ran("asks_for_nothing")) == ([], [1])
    (told,) = w.told()
    assert f"`s` did not start at 2026-01-01 13:00:00 UTC: This server does not do {name}" in told


MALFORMED = [
    {"max_count": "many"}, {"max_count": "-1"}, {"max_time": "1m"}, {"auto_cancel": "²"}, {"enable_lookups": "maybe"},
    {"status_buckets": "some"}, {"time_format": "%d", "earliest_time": "x"}, {"nosuchargument": ""},
    {"namespace": "nosuchapp"},
]  # fmt: skip


@pytest.mark.parametrize("form", MALFORMED, ids=[str(form) for form in MALFORMED])
def test_a_malformed_argument_is_refused_by_its_name(server: Server, form: dict[str, str]) -> None:
    answer = server.post(JOBS, search=FOUR, **form)
    assert answer.status in (400, 404)
    assert list(form)[-1] in answer.body.decode() or form.get("namespace", "-") in answer.body.decode()


def test_a_dispatch_that_is_no_setting_is_refused_from_a_client_and_told_of_a_file(server: Server) -> None:
    assert server.post(SAVED, name="odd", search="| makeresults", **{"dispatch.nosuch": "1"}).status == 201
    assert server.post(f"{SAVED}/odd/dispatch", **{"dispatch.other": "1"}).status == 400
    sid = server.post(f"{SAVED}/odd/dispatch").json["sid"]
    messages = said(server.get(f"{JOBS}/{sid}").json["entry"][0]["content"])
    assert messages == ["WARN `dispatch.nosuch` is no setting of savedsearches.conf: it has no effect"]


# --- without effect ---------------------------------------------------------------------------------------------------

WITHOUT_EFFECT = {
    "adhoc_search_level": ("fast", "verbose"), "auto_finalize_ec": ("10", "0"), "auto_pause": ("30", "0"),
    "enable_lookups": ("0", "true"), "preview": ("1", "false"), "priority": ("9", ""), "reload_macros": ("f", "t"),
    "reuse_max_seconds_ago": ("60", "0"), "spawn_process": ("0", "1"), "status_buckets": ("300", "0"),
    "workload_pool": ("fast", ""),
}  # fmt: skip
"""Argument -> what asks for something, and what does not."""


@pytest.mark.parametrize("name", WITHOUT_EFFECT)
def test_a_job_says_what_it_does_not_follow(name: str) -> None:
    asks, default = WITHOUT_EFFECT[name]
    assert terms_of_call([(name, asks)]).without_effect == (f"`{name}` has no effect on this server (it was {asks})",)
    assert terms_of_call([(name, default)]).without_effect == ()


def test_a_job_says_it_in_its_messages_and_so_do_the_results(server: Server) -> None:
    content = job(server, enable_lookups="0", status_buckets="300")
    sentences = [
        "WARN `enable_lookups` has no effect on this server (it was 0)",
        "WARN `status_buckets` has no effect on this server (it was 300)",
    ]
    assert said(content) == sentences
    page = server.get(f"{JOBS}/{content['sid']}/results", max_lines="3").json
    assert said(page) == [*sentences, "WARN `max_lines` has no effect on this server (it was 3)"]
    page = server.get(f"{JOBS}/{content['sid']}/results", nosuchargument="1").json
    assert said(page)[-1] == "WARN `nosuchargument` has no effect on this server (it was 1)"


def test_a_saved_search_calls_them_as_its_file_does() -> None:
    settings = {"dispatch.lookups": "0", "dispatch.buckets": "5", "dispatch.reduce_freq": "10", "search": "x"}
    assert [text.split()[0] for text in terms_of_dispatch(settings, {}).without_effect] == [
        "`dispatch.lookups`", "`dispatch.buckets`",
    ]  # fmt: skip
    assert terms_of_dispatch(settings, {"dispatch.lookups": "1", "dispatch.buckets": "0"}).without_effect == ()


def test_what_is_so_anyway_is_accepted(server: Server) -> None:
    """All fields are extracted, so those that are required are, too; a label is a label."""
    content = job(server, rf="n", required_field_list="m", label="mine", ui_dispatch_app="search", rt_queue_size="7")
    assert (said(content), content["label"], content["resultCount"]) == ([], "mine", 4)


# --- followed ---------------------------------------------------------------------------------------------------------


def test_max_count_keeps_the_first_results_and_says_so(server: Server) -> None:
    content = job(server, max_count="3")
    assert said(content) == ["WARN max_count: the first 3 of 4 results are kept"]
    assert content["resultCount"] == 3
    page = server.get(f"{JOBS}/{content['sid']}/results", count="0").json
    assert [row["n"] for row in page["results"]] == ["1", "2", "3"]
    assert said(job(server, max_count="4")) == said(job(server, max_count="0")) == []


def test_max_time_finalizes_a_search_and_says_that_it_has_no_results(server: Server) -> None:
    content = job(server, ENDLESS, max_time="1")
    assert (content["isFinalized"], content["dispatchState"], content["resultCount"]) == (True, DONE, 0)
    assert "finalized before its end: it has no results" in said(content)[0]
    assert said(job(server, max_time="60")) == []


def test_auto_cancel_ends_a_search_that_nobody_asks_for(world: Any) -> None:
    w = world(s={**ONE, "search": ENDLESS, "dispatch.auto_cancel": "30"})
    w.scheduler.tick()
    w.clock.now += HOUR
    w.scheduler.tick()
    (running,) = w.head.jobs
    w.head.jobs.reap()
    assert list(w.head.jobs) == [running]
    running.touched -= 31
    w.head.jobs.reap()
    assert list(w.head.jobs) == []
    running.future.result(PATIENCE)
    w.scheduler.tick()
    assert "the search was cancelled" in w.told()[0]


def test_a_client_that_waits_is_not_inactive(world: Any) -> None:
    call = Call(world(s=ONE).head, "POST", JOBS, params=[("search", FOUR), ("auto_cancel", "30")])
    assert [request_of(call, waits=waits).terms.auto_cancel for waits in (False, True)] == [30, 0]


def test_time_format_says_how_the_times_are_written(server: Server) -> None:
    spl = "| makeresults | addinfo | table info_min_time info_max_time"
    times = {"earliest_time": "31/12/2023 23:00", "latest_time": "1/1/2024 01:30"}
    assert server.post(JOBS, search=spl, **times).status == 400
    (row,) = server.search(spl, time_format="%d/%m/%Y %H:%M", **times)
    assert row == {"info_min_time": "1704063600", "info_max_time": "1704072600"}
    (row,) = server.search(spl, time_format="%d/%m/%Y", now="1704063600", earliest_time="-1h", latest_time="now")
    assert row == {"info_min_time": "1704060000", "info_max_time": "1704063600"}


def test_output_time_format_writes_the_time(server: Server) -> None:
    content = job(server, "| makeresults | eval _time=1704063600.25, other=_time | table _time other")
    path = f"{JOBS}/{content['sid']}/results"
    for mode in ("json", "csv", "xml"):
        body = server.get(path, output_mode=mode, output_time_format="%F %T.%3N").body
        assert b"2023-12-31 23:00:00.250" in body, mode
        assert b"2023-12-31T23:00:00.250+00:00" in server.get(path, output_mode=mode).body


def test_fields_of_results(server: Server) -> None:
    path = f"{JOBS}/{job(server)['sid']}/results"
    wanted: list[tuple[dict[str, str], set[str]]] = [
        ({"f": "m"}, {"m"}), ({"field_list": "m, n"}, {"n", "m"}), ({"field_list": "n"}, {"n"}),
    ]  # fmt: skip
    for form, fields in wanted:
        assert set(server.get(path, **form).json["results"][0]) == fields
    lines = server.post(f"{JOBS}/export", search=FOUR, f="n", count="1", offset="1", output_mode="csv").body
    assert lines.split() == [b"n", b"2"]


def test_namespace_is_the_app_of_the_search(server: Server) -> None:
    def app_of(path: str, **form: str) -> str:
        sid = server.post(path, search=FOUR, **form).json["sid"]
        return str(server.get(f"{JOBS}/{sid}").json["entry"][0]["acl"]["app"])

    assert app_of(JOBS, namespace="search") == app_of("/servicesNS/-/-/search/jobs", namespace="search") == "search"
    assert app_of(JOBS) == "DA-ESS-RemoteAssistance"
    assert server.post("/servicesNS/nobody/system/search/jobs", search=FOUR, namespace="search").status == 400


def test_a_dispatch_that_is_to_wait_for_another_says_that_it_does_not(server: Server) -> None:
    assert server.post(SAVED, name="forced", search="| makeresults").status == 201
    messages = []
    for force in ("1", "0"):
        sid = server.post(f"{SAVED}/forced/dispatch", force_dispatch=force).json["sid"]
        messages.append(said(server.get(f"{JOBS}/{sid}").json["entry"][0]["content"]))
    assert messages[0] == []
    assert "`force_dispatch` has no effect" in messages[1][0]
