"""Scheduled searches, with a clock of the test's own: what runs when, over what time, and what is skipped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from replay.serve.cron import CronError, check_schedule, period, times_after
from replay.serve.head import Head
from replay.serve.scheduler import Scheduler
from serve.running import Server, Start
from support import write_app

NOON = 1_767_268_800.0  # 2026-01-01 12:00:00 UTC
HOUR = 3600.0
EVERY_HOUR = {"enableSched": "1", "cron_schedule": "0 * * * *"}


class Clock:
    """Seconds that pass when told to."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class World:
    """A search head with one app, its scheduler and its clock."""

    def __init__(self, folder: Path, searches: Mapping[str, Mapping[str, str]], now: float = NOON + 1) -> None:
        self.app = write_app(folder / "scheduled", {"savedsearches": searches})
        self.folder = folder
        self.clock = Clock(now)
        self.open()

    def open(self) -> None:
        self.head = Head([self.app], "secret", self.folder / "store")
        self.scheduler: Scheduler = self.head.schedule(self.clock)

    def tick(self, seconds: float = 0.0) -> None:
        """Let time pass, let the scheduler look, and wait for the searches that it started."""
        self.clock.now += seconds
        self.scheduler.tick()
        for job in self.head.jobs:
            job.future.result(30)

    def ran(self, name: str = "s") -> list[float]:
        """The scheduled times of the runs, in hours from noon."""
        times = [job.request.now or 0.0 for job in self.head.jobs if job.request.label == name]
        return sorted((at - NOON) / HOUR for at in times)

    def told(self) -> list[str]:
        return [text for _, (_, text) in self.head.bulletin]

    def change(self, name: str = "s", **settings: str) -> None:
        self.head.apps.write("scheduled", "savedsearches", name, settings)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Any]:
    made: list[World] = []

    def make(now: float = NOON + 1, **searches: Mapping[str, str]) -> World:
        made.append(World(tmp_path, searches, now))
        return made[-1]

    yield make
    for one in made:
        one.head.close()


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

ONE = {"search": "| makeresults", **EVERY_HOUR}


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


# --- conditions and throttling ----------------------------------------------------------------------------------------

RISK = {
    "action.risk": "true",
    "action.risk.param._risk": '[{"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 1}]',
}
HOSTS = (
    '| makeresults count=4 | streamstats count as n | eval dest="h".(n%2), host=dest, source="s" '
    "| table dest n host source"
)


def risks(w: World) -> int:
    return int(w.head.engine.execute(f"SELECT count(*) FROM {w.head.index.table} WHERE \"index\" = 'risk'")[0][0])


CONDITIONS: list[tuple[dict[str, str], int]] = [
    ({}, 4),
    ({"counttype": "always"}, 4),
    ({"counttype": "number of events", "relation": "greater than", "quantity": "3"}, 4),
    ({"counttype": "number of events", "relation": "greater than", "quantity": "4"}, 0),
    ({"counttype": "number of events", "relation": "less than", "quantity": "4"}, 0),
    ({"counttype": "number of events", "relation": "equal to", "quantity": "4"}, 4),
    ({"counttype": "number of events", "relation": "not equal to", "quantity": "4"}, 0),
    ({"counttype": "number of hosts", "relation": "equal to", "quantity": "2"}, 4),
    ({"counttype": "number of sources", "relation": "equal to", "quantity": "1"}, 4),
    ({"counttype": "custom", "alert_condition": "search n>3"}, 4),
    ({"counttype": "custom", "alert_condition": "stats count | where count>4"}, 0),
    ({"counttype": "number of events", "relation": "rises by", "quantity": "1"}, 0),
]


@pytest.mark.parametrize(("condition", "written"), CONDITIONS, ids=[" ".join(c.values()) for c, _ in CONDITIONS])
def test_actions_run_if_the_condition_is_met(world: Any, condition: dict[str, str], written: int) -> None:
    w = world(s={**ONE, "search": HOSTS, **RISK, **condition})
    w.tick()
    w.tick(HOUR)
    assert risks(w) == written
    (job,) = w.head.jobs
    assert [kind for kind, _ in job.messages] == ([] if written else ["INFO"])
    assert w.told() == []


RISES = [("rises by", "2", [0, 0, 6]), ("rises by", "50%", [0, 3, 9]), ("drops by", "3", [0, 0, 0])]


@pytest.mark.parametrize(("relation", "quantity", "written"), RISES)
def test_conditions_on_the_change_since_the_last_run(
    world: Any, relation: str, quantity: str, written: list[int]
) -> None:
    condition = {"counttype": "number of events", "relation": relation, "quantity": quantity}
    w = world(s={**ONE, **RISK, **condition})
    w.tick()
    found = []
    for count in (2, 3, 6):
        w.change(search=f'| makeresults count={count} | eval dest="h"')
        w.tick(HOUR)
        found.append(risks(w))
    assert found == written
    w.change(search='| makeresults count=3 | eval dest="h"')
    w.tick(HOUR)
    assert risks(w) - found[-1] == (3 if relation == "drops by" else 0)


WRONG_CONDITIONS = [
    {"counttype": "number of cats", "relation": "greater than", "quantity": "0"},
    {"counttype": "number of events", "relation": "above", "quantity": "0"},
    {"counttype": "number of events", "relation": "greater than", "quantity": "some"},
    {"counttype": "number of events", "relation": "greater than", "quantity": "5%"},
    {"counttype": "custom"},
    {"alert.suppress": "1"},
    {"alert.suppress": "1", "alert.suppress.period": "soon"},
    {"alert.suppress": "1", "alert.suppress.period": "1h", "alert.digest_mode": "0"},
]


@pytest.mark.parametrize("condition", WRONG_CONDITIONS, ids=[json.dumps(one) for one in WRONG_CONDITIONS])
def test_a_wrong_condition_is_told_with_its_place(world: Any, condition: dict[str, str]) -> None:
    w = world(s={**ONE, "search": HOSTS, **RISK, **condition})
    w.tick()
    w.tick(HOUR)
    w.tick()
    (told,) = w.told()
    assert "savedsearches.conf" in told


THROTTLES: list[tuple[str, dict[str, str], list[int]]] = [
    ("off", {"alert.suppress": "0", "alert.suppress.period": "2h"}, [4, 8, 12, 16]),
    ("the whole alert", {"alert.suppress.period": "2h"}, [4, 4, 8, 8]),
    ("by a field that is the same", {"alert.suppress.period": "2h", "alert.suppress.fields": "dest"}, [4, 4, 8, 8]),
    ("by two fields", {"alert.suppress.period": "1d", "alert.suppress.fields": "dest, n"}, [4, 4, 4, 4]),
    ("each result", {"alert.suppress.period": "2h", "alert.suppress.fields": "dest", "alert.digest_mode": "0"},
     [2, 2, 4, 4]),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "written"), [one[1:] for one in THROTTLES], ids=[one[0] for one in THROTTLES])
def test_throttling(world: Any, settings: dict[str, str], written: list[int]) -> None:
    w = world(s={**ONE, "search": HOSTS, **RISK, "alert.suppress": "1", **settings})
    w.tick()
    found = []
    for _ in written:
        w.tick(HOUR)
        found.append(risks(w))
    assert found == written


def test_new_values_are_acted_upon_while_others_are_throttled_even_after_a_stop(world: Any) -> None:
    throttle = {"alert.suppress": "1", "alert.suppress.period": "1d", "alert.suppress.fields": "dest"}
    w = world(s={**ONE, "search": HOSTS, **RISK, **throttle})
    w.tick()
    w.tick(HOUR)
    w.head.close()
    w.open()
    w.change(search=HOSTS.replace("n%2", "n%3"))
    w.tick()
    w.tick(HOUR)
    assert risks(w) == 5


def test_searches_of_one_group_throttle_each_other(world: Any) -> None:
    throttle = {"alert.suppress": "1", "alert.suppress.period": "1d", "alert.suppress.fields": "dest"}
    given = {**ONE, "search": HOSTS, **RISK, **throttle, "alert.suppress.group_name": "g"}
    w = world(s=given, t={**given, "cron_schedule": "30 * * * *"})
    w.tick()
    w.tick(HOUR)
    assert risks(w) == 4
    assert (len(w.ran("s")), len(w.ran("t"))) == (1, 1)


# --- over REST --------------------------------------------------------------------------------------------------------

SAVED = "/servicesNS/nobody/search/saved/searches"


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


def test_throttling_over_rest(server: Server) -> None:
    settings = {"search": '| makeresults | eval dest="h"', "alert.suppress": "1", "alert.suppress.period": "1h", **RISK}
    assert server.post(SAVED, name="throttled", **settings).status == 201

    def fire() -> list[str]:
        sid = server.post(f"{SAVED}/throttled/dispatch", trigger_actions="1").json["sid"]
        while not (content := server.get(f"/services/search/jobs/{sid}").json["entry"][0]["content"])["isDone"]:
            pass
        return [message["text"] for message in content["messages"]]

    def suppressed() -> tuple[bool, bool]:
        content = server.get(f"{SAVED}/throttled/suppress").json["entry"][0]["content"]
        return content["suppressed"], 0 < content["expiration"] <= 3600

    assert suppressed() == (False, False)
    assert fire() == []
    assert suppressed() == (True, True)
    assert fire() == ["alert.suppress: 1 of 1 results are throttled"]
    assert server.post(f"{SAVED}/throttled/acknowledge").status == 200
    assert suppressed() == (False, False)
    assert fire() == []


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
