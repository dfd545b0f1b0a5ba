"""What the actions of a saved search get: alert conditions, and throttling."""

from __future__ import annotations

import json
from typing import Any

import pytest
from serve.running import Server
from serve.scheduled import HOUR, ONE, RISK, SAVED, World

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
    ({"alert_condition": "search n>3"}, 4),
    ({"alert_condition": "search n>100"}, 0),
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


@pytest.mark.parametrize("field", ["host", "source"])
def test_hosts_and_sources_that_no_result_has_are_told(world: Any, field: str) -> None:
    condition = {"counttype": f"number of {field}s", "relation": "greater than", "quantity": "0"}
    none = {**ONE, "search": "| makeresults | where false()", **RISK, **condition}
    w = world(s={**ONE, "search": f"{HOSTS} | fields - {field}", **RISK, **condition}, nothing_found=none)
    w.tick()
    w.tick(HOUR)
    w.tick()
    assert risks(w) == 0
    assert w.told() == [
        f"scheduler: `s` of scheduled: counttype is `number of {field}s`, but no result has the field `{field}`: "
        "their number is taken for 0"
    ]


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
    {"counttype": "number of events", "relation": "equal to", "quantity": "4", "alert_condition": "search n>3"},
    {"alert.suppress": "1"},
    {"alert.suppress": "1", "alert.suppress.period": "1h", "alert.suppress.fields": "dest, nosuch"},
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


def test_what_could_not_be_acted_upon_is_not_throttled(world: Any) -> None:
    """An alert whose actions failed fires again at the next run."""
    w = world(s={**ONE, "search": HOSTS, **RISK, "alert.suppress": "1", "alert.suppress.period": "1d"})
    right = RISK["action.risk.param._risk"]
    w.change(**{"action.risk.param._risk": "[broken"})
    w.tick()
    w.tick(HOUR)
    w.tick()
    assert risks(w) == 0
    w.change(**{"action.risk.param._risk": right})
    w.tick(HOUR)
    assert risks(w) == 4


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
