"""Scheduled searches, with a clock of the test's own: what runs when, over what time, and what is skipped."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.serve.cron import CronError, check_schedule, period, times_after
from replay.serve.head import Head
from replay.serve.hec_events import Defaults, raw_events, store
from serve.running import Server, Start
from serve.scheduled import HOUR, NOON, ONE, RISK, SAVED, Clock
from support import ROOT

APP = "DA-ESS-RemoteAssistance"
RULE = "Endpoint - Windows Remote Assistance Spawning Process - Rule"
SYSMON = "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"

# --- cron -------------------------------------------------------------------------------------------------------------


@given(minute=st.integers(0, 59), hour=st.integers(0, 23), at=st.floats(0, 4e9))
def test_scheduled_times_are_those_of_the_fields(minute: int, hour: int, at: float) -> None:
    schedule = f"{minute} {hour} * * *"
    found = next(times_after(schedule, at))
    assert at < found <= at + 86_400
    assert found % 86_400 == hour * HOUR + minute * 60
    assert next(times_after(schedule, found)) == found + 86_400 == found + period(schedule, at)
    assert next(times_after(schedule, found + 1, backward=True)) == found


WRONG = ["", "* * * *", "* * * * * *", "60 * * * *", "@hourly", "0 0 * * MON", "0 0 31 2 *", "x * * * *", "*/0 * * * *"]


@pytest.mark.parametrize("schedule", WRONG)
def test_what_is_no_schedule(schedule: str) -> None:
    with pytest.raises(CronError):
        check_schedule(schedule)


@given(st.text("0123456789*/,- x", max_size=30))
def test_any_text_is_a_schedule_or_an_error(text: str) -> None:
    try:
        check_schedule(text)
    except CronError:
        return
    assert next(times_after(text, NOON)) > NOON


# --- when -------------------------------------------------------------------------------------------------------------


def test_a_search_runs_when_it_is_due_and_once(world: Any) -> None:
    w = world(s=ONE)
    w.tick()
    assert w.ran() == []
    w.tick(HOUR - 2)
    assert w.ran() == []
    w.tick(1)
    w.tick()
    w.tick(1)
    assert w.ran() == [1]
    w.tick(HOUR)
    assert w.ran() == [1, 2]
    assert all(job.sid.startswith("scheduler__admin__scheduled__RMD5") for job in w.head.jobs)


def test_its_time_range_is_relative_to_the_scheduled_time(world: Any) -> None:
    times = {"dispatch.earliest_time": "-70m@m", "dispatch.latest_time": "-10m@m"}
    w = world(s={**ONE, "search": "| makeresults | eval n=now() | addinfo | table n info_*_time", **times})
    w.tick()
    w.tick(HOUR + 125)
    (job,) = w.head.jobs
    assert (job.request.earliest, job.request.latest) == (NOON + HOUR - 4200, NOON + HOUR - 600)
    (row,) = job.page(0, 0)
    assert float(row["n"]) == NOON + HOUR
    assert (float(row["info_min_time"]), float(row["info_max_time"])) == (NOON - 600, NOON + HOUR - 600)


NOT_SCHEDULED: dict[str, dict[str, str]] = {
    "disabled": {**ONE, "disabled": "1"},
    "not enabled": {**ONE, "enableSched": "0"},
    "no cron": {"search": "| makeresults", "enableSched": "1"},
    "no such time": {**ONE, "cron_schedule": "0 0 31 2 *"},
    "no boolean": {**ONE, "enableSched": "maybe"},
}


def test_what_is_not_scheduled_and_why(world: Any) -> None:
    w = world(**NOT_SCHEDULED)
    for _ in range(3):
        w.tick(HOUR)
    assert list(w.head.jobs) == []
    assert [w.scheduler.next_time("scheduled", name) for name in NOT_SCHEDULED] == [None] * 5
    told = w.told()
    assert len(told) == 3, told
    for name in ("no cron", "no such time", "no boolean"):
        assert any(f"`{name}` of scheduled is not scheduled: " in text for text in told), name


def test_a_change_counts_from_the_next_look_on(world: Any) -> None:
    w = world(s={**ONE, "disabled": "1"})
    w.tick(2 * HOUR)
    w.change(disabled="0")
    assert w.scheduler.next_time("scheduled", "s") == NOON + 3 * HOUR
    w.tick(HOUR)
    w.change(cron_schedule="30 * * * *")
    w.tick()
    w.tick(HOUR / 2)
    w.change(enableSched="0")
    w.tick(HOUR)
    assert w.ran() == [3, 3.5]


# --- late -------------------------------------------------------------------------------------------------------------


def test_real_time_scheduling_runs_the_newest_time_only(world: Any) -> None:
    w = world(s=ONE)
    w.tick()
    w.tick(5 * HOUR)
    w.tick(1)
    assert w.ran() == [5]


def test_continuous_scheduling_runs_every_time_in_its_turn(world: Any) -> None:
    w = world(s={**ONE, "realtime_schedule": "0"})
    w.tick()
    w.tick(3 * HOUR)
    assert w.ran() == [1]
    w.tick()
    w.tick()
    w.tick()
    assert w.ran() == [1, 2, 3]


def test_continuous_scheduling_makes_up_for_a_stop(world: Any) -> None:
    w = world(s={**ONE, "realtime_schedule": "0"}, r=ONE)
    w.tick()
    w.tick(HOUR)
    w.tick()
    w.head.close()
    w.clock.now += 3 * HOUR
    w.open()
    for _ in range(5):
        w.tick()
    assert w.ran("s") == [2, 3, 4]
    assert w.ran("r") == []


def test_what_was_not_finished_before_a_stop_runs_again(world: Any) -> None:
    w = world(s={**ONE, "realtime_schedule": "0"})
    w.tick()
    w.tick(HOUR)
    assert w.ran() == [1]
    w.head.close()
    w.open()
    w.tick()
    assert w.ran() == [1]


@pytest.mark.parametrize(("continuous", "later"), [("1", [1, 3]), ("0", [1, 2, 3])])
def test_one_at_a_time(world: Any, continuous: str, later: list[int]) -> None:
    """While it runs, the times of real-time scheduling are skipped, those of continuous scheduling wait."""
    w = world(s={**ONE, "realtime_schedule": continuous})
    w.tick()
    endless: Future[None] = Future()
    with patch.object(ThreadPoolExecutor, "submit", return_value=endless):
        for _ in range(2):
            w.clock.now += HOUR
            w.scheduler.tick()
    assert w.ran() == [1]
    assert any("skipped at 2026-01-01 14:00:00 UTC" in text for text in w.told()) is (continuous == "1")
    endless.set_result(None)
    w.tick(HOUR)
    w.tick()
    w.tick()
    assert w.ran() == later


def test_as_many_at_once_as_max_concurrent_says(world: Any) -> None:
    w = world(s={**ONE, "max_concurrent": "2"})
    w.tick()
    with patch.object(ThreadPoolExecutor, "submit", side_effect=lambda *_: Future()):
        for _ in range(3):
            w.clock.now += HOUR
            w.scheduler.tick()
    assert w.ran() == [1, 2]


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_search_that_fails_is_told(world: Any) -> None:
    w = world(
        parse={**ONE, "search": "| nosuchcommand"},
        run={**ONE, "search": "| makeresults | outputlookup nosuchlookup"},
        action={**ONE, "action.risk": "1", "action.risk.param._risk": "no json"},
        fine={**ONE, "search": "| makeresults"},
    )
    w.tick()
    w.tick(HOUR)
    w.tick()
    told = "\n".join(w.told())
    for name in ("parse", "run", "action"):
        assert f"`{name}`" in told, (name, told)
    assert "`fine`" not in told
    w.tick(HOUR)
    assert w.ran("fine") == [1, 2]


def test_a_warning_is_told_once(world: Any) -> None:
    """An action that this server does not run leaves results unsent: somebody should know, but not every hour."""
    w = world(s={**ONE, "action.email": "1"}, t={**ONE, "action.email": "1", "action.script": "1"})
    w.tick()
    for _ in range(3):
        w.tick(HOUR)
    w.tick()
    assert w.ran() == [1, 2, 3]
    assert sorted(w.told()) == [
        f"scheduler: `{name}` of scheduled: the action `{action}` is not run on this server"
        for name, action in (("s", "email"), ("t", "email"), ("t", "script"))
    ]


@pytest.mark.parametrize("gone", ["disabled", "removed"])
def test_a_job_is_looked_after_though_its_search_is_scheduled_no_longer(world: Any, gone: str) -> None:
    w = world(s=ONE)
    w.change("late", **{**ONE, "search": "| makeresults | outputlookup nosuchlookup"})
    w.tick()
    slow: Future[None] = Future()
    with patch.object(ThreadPoolExecutor, "submit", return_value=slow):
        w.clock.now += HOUR
        w.scheduler.tick()
    if gone == "disabled":
        w.change("late", disabled="1")
    else:
        w.head.apps.remove("scheduled", "savedsearches", "late")
    w.scheduler.tick()
    assert w.told() == []
    for job in w.head.jobs:
        job.tell("ERROR", f"{job.request.label} failed")
    slow.set_result(None)
    w.tick()
    w.tick()
    assert sorted(w.told()) == [
        f"scheduler: `{name}` of 2026-01-01 13:00:00 UTC: {name} failed" for name in ("late", "s")
    ]


def test_a_search_that_is_enabled_again_is_still_one_at_a_time(world: Any) -> None:
    w = world(s=ONE)
    w.tick()
    endless: Future[None] = Future()
    with patch.object(ThreadPoolExecutor, "submit", return_value=endless):
        w.clock.now += HOUR
        w.scheduler.tick()
        for disabled in ("1", "0"):
            w.change(disabled=disabled)
            w.scheduler.tick()
        w.clock.now += HOUR
        w.scheduler.tick()
    assert w.ran() == [1]
    assert "skipped at 2026-01-01 14:00:00 UTC" in w.told()[0]


# --- over REST --------------------------------------------------------------------------------------------------------


def test_a_schedule_over_rest(server: Server) -> None:
    assert server.post(SAVED, name="hourly", search="| makeresults", cron_schedule="0 * * * *").status == 201
    entry = server.get(f"{SAVED}/hourly").json["entry"][0]["content"]
    assert (entry["is_scheduled"], entry["next_scheduled_time"]) == (False, "")
    given = {"is_scheduled": "1", "alert_type": "number of events", "alert_comparator": "greater than",
             "alert_threshold": "0", "actions": "risk,notable"}  # fmt: skip
    changed = server.post(f"{SAVED}/hourly", **given).json["entry"][0]["content"]
    assert changed["next_scheduled_time"].endswith(":00:00 UTC")
    assert {name: changed[name] for name in ("alert_type", "alert_comparator", "alert_threshold", "actions")} == {
        "alert_type": "number of events", "alert_comparator": "greater than", "alert_threshold": "0",
        "actions": "risk,notable"}  # fmt: skip
    assert (changed["counttype"], changed["action.risk"], changed["is_scheduled"]) == ("number of events", "1", True)
    assert server.post(f"{SAVED}/hourly", actions="risk").json["entry"][0]["content"]["actions"] == "risk"
    times = server.get(f"{SAVED}/hourly/scheduled_times", earliest_time="3600", latest_time="10800").json
    assert times["entry"][0]["content"]["scheduled_times"] == [7200, 10800]
    assert server.post(f"{SAVED}/hourly/disable").json["entry"][0]["content"]["next_scheduled_time"] == ""
    assert server.post(f"{SAVED}/hourly/dispatch").status == 400
    for wrong in ({"cron_schedule": "hourly"}, {"is_scheduled": "1", "cron_schedule": ""}):
        assert server.post(f"{SAVED}/hourly", **wrong).status == 400
    assert server.post(SAVED, name="other", search="| makeresults", is_scheduled="1").status == 400


@pytest.mark.slow
def test_a_running_server_runs_what_is_due(start: Start) -> None:
    """The one test that waits for the real clock: until the next full minute."""
    server = start()
    settings = {"search": '| makeresults | eval dest="h"', "cron_schedule": "* * * * *", "is_scheduled": "1", **RISK}
    assert server.post(SAVED, name="minutely", **settings).status == 201
    while not server.search("search index=risk"):
        pass
    (entry,) = server.get(f"{SAVED}/minutely/history").json["entry"]
    assert entry["name"].startswith("scheduler__admin__search__RMD5")
    assert server.stop() == 0


def test_without_the_scheduler_nothing_is_scheduled(start: Start) -> None:
    server = start("--no-scheduler")
    settings = {"search": "| makeresults", "cron_schedule": "* * * * *", "is_scheduled": "1"}
    content = server.post(SAVED, name="minutely", **settings).json["entry"][0]["content"]
    assert (content["is_scheduled"], content["next_scheduled_time"]) == (True, "")
    assert server.stop() == 0


def test_the_shipped_search_on_its_own_schedule(tmp_path: Path) -> None:
    """Its own cron, its own time range, hour by hour over the sample: each hit once, none missed, none twice."""
    with (ROOT / "dev/datasets/msra-windows-sysmon.log").open("rb") as log:
        head = Head([], "secret", tmp_path / "store")
        store(head, [("main", raw_events(log, Defaults("main", "h", SYSMON, "xmlwineventlog")))])
    times = [row[0] for row in head.engine.execute(f"SELECT _time FROM {head.index.table} WHERE \"index\" = 'main'")]
    clock = Clock(min(times) - HOUR)
    scheduler = head.schedule(clock)
    head.apps.write(APP, "savedsearches", RULE, {"disabled": "0"})
    scheduler.tick()
    while clock.now < max(times) + 3 * HOUR:
        clock.now += HOUR
        scheduler.tick()
        for job in head.jobs:
            job.future.result(60)
    assert head.bulletin() == {}
    found = head.engine.execute(f"SELECT count(*) FROM {head.index.table} WHERE \"index\" = 'risk'")
    assert found[0][0] == 4, "as many as over all the time at once"
    head.close()
