"""Datasets of data models over events: constraints, inherited and calculated fields, nodes.

Source: Knowledge Manager Manual, "About data models"; spl-semantics, section 4.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from replay.context import Context
from replay.engine import Engine, Value
from replay.errors import KnowledgeError
from replay.index import Index
from replay.inputs import Event
from replay.knowledge import Knowledge
from replay.plan import plan_search
from support import same_rows, write_app

Json = dict[str, Any]


def fields(owner: str, *names: str) -> list[Json]:
    return [{"fieldName": name, "owner": owner, "type": "string"} for name in names]


def evaluated(owner: str, name: str, expression: str) -> Json:
    return {
        "calculationType": "Eval", "owner": owner, "expression": expression, "outputFields": fields(owner, name),
    }  # fmt: skip


ROOT: Json = {
    "objectName": "Logon",
    "parentName": "BaseEvent",
    "constraints": [{"search": "`logons` code=*"}],
    "fields": [*fields("BaseEvent", "_time", "host"), *fields("Logon", "user", "code")],
    "calculations": [
        evaluated("Logon", "action", 'if(code=0,"success","failure")'),
        evaluated("Logon", "label", 'action.":".user'),
        evaluated("Logon", "src", 'if(isnull(src) OR src="","unknown",src)'),
    ],
}
FAILED: Json = {
    "objectName": "Failed",
    "parentName": "Logon",
    "constraints": [{"search": "action=failure"}],
    "fields": fields("Failed", "reason"),
    "calculations": [evaluated("Failed", "why", 'coalesce(reason,"none")')],
}
LOCKED: Json = {
    "objectName": "Locked", "parentName": "Failed", "constraints": [{"search": "reason=locked"}], "fields": [],
}  # fmt: skip
COUNTS: Json = {
    "objectName": "Counts",
    "parentName": "BaseSearch",
    "baseSearch": "index=main kind=logon | stats count by user",
    "fields": fields("Counts", "user", "count"),
}

EVENTS = [
    "kind=logon user=bob code=0 src=pc1",
    "kind=logon user=bob code=5 reason=locked",
    "kind=logon user=amy code=6 reason=typo",
    "kind=logon code=7",
    "kind=logon user=none",
    "kind=other user=bob code=0",
]


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return context(tmp_path, accelerate=False)


def context(folder: Path, *, accelerate: bool) -> Context:
    app = write_app(folder / "app", {"macros": {"logons": {"definition": "index=main kind=logon"}}})
    models = app / "default/data/models"
    models.mkdir(parents=True)
    for name, objects in {"Auth": [ROOT, FAILED, LOCKED], "Base": [COUNTS]}.items():
        model = {"modelName": name, "objects": objects}
        (models / f"{name}.json").write_text(json.dumps(model), encoding="utf-8")
    engine = Engine()
    index = Index(engine, accelerate=accelerate)
    index.add(Event(raw, 100.0 + i, "h", "src", "st") for i, raw in enumerate(EVENTS))
    return Context(engine, Knowledge.load([app]), index, "app")


def run(ctx: Context, spl: str) -> list[dict[str, Value]]:
    return list(ctx.engine.rows(plan_search(spl, ctx)))


SEARCHES: list[tuple[str, list[Json]]] = [
    ("| tstats count from datamodel=Auth.Logon", [{"count": 4}]),
    ("| tstats count from datamodel=Auth", [{"count": 4}]),
    ("| tstats count from datamodel=Auth.Failed", [{"count": 3}]),
    ("| tstats count from datamodel=Auth.Locked", [{"count": 1}]),
    ("| tstats count from datamodel=Auth where nodename=Logon", [{"count": 4}]),
    ("| tstats count from datamodel=Auth where nodename=Logon.Failed", [{"count": 3}]),
    ("| tstats count from datamodel=Auth where nodename=Logon.Failed.Locked Logon.user=bob", [{"count": 1}]),
    (
        "| tstats count from datamodel=Auth by nodename",
        [
            {"nodename": "Logon", "count": 4},
            {"nodename": "Logon.Failed", "count": 3},
            {"nodename": "Logon.Failed.Locked", "count": 1},
        ],
    ),
    (
        "| tstats count from datamodel=Auth.Logon by Logon.action",
        [{"Logon.action": "failure", "count": 3}, {"Logon.action": "success", "count": 1}],
    ),
    # calculations run in order, and a null in one is a null in the next
    (
        "| tstats count from datamodel=Auth.Logon by Logon.label",
        [{"Logon.label": label, "count": 1} for label in ("failure:amy", "failure:bob", "success:bob")],
    ),
    (
        "| tstats count from datamodel=Auth.Logon by Logon.src",
        [{"Logon.src": "pc1", "count": 1}, {"Logon.src": "unknown", "count": 3}],
    ),
    # a field has the prefix of the dataset that defines it
    (
        "| tstats count from datamodel=Auth.Failed where Logon.user=* by Logon.user Logon.Failed.why",
        [
            {"Logon.user": "amy", "Logon.Failed.why": "typo", "count": 1},
            {"Logon.user": "bob", "Logon.Failed.why": "locked", "count": 1},
        ],
    ),
    ("| tstats count from datamodel=Auth.Logon where earliest=101 latest=103", [{"count": 2}]),
    ("| tstats count from datamodel=Auth.Logon where host=H", [{"count": 4}]),
    ("| tstats count from datamodel=Auth.Logon where user=bob", [{"count": 0}]),
    (
        "| datamodel Auth Locked search | table Logon.user Logon.action",
        [{"Logon.user": "bob", "Logon.action": "failure"}],
    ),
    (
        "| datamodel Auth Failed flat | table user why",
        [{"why": "none"}, {"user": "amy", "why": "typo"}, {"user": "bob", "why": "locked"}],
    ),
    ("| from datamodel:Auth.Locked | table user reason", [{"user": "bob", "reason": "locked"}]),
    (
        "| from datamodel Auth | stats count by action",
        [{"action": "failure", "count": 3}, {"action": "success", "count": 1}],
    ),
    # a root that is a search
    (
        "| from datamodel:Base.Counts | sort user | table user count",
        [{"user": "amy", "count": 1}, {"user": "bob", "count": 2}, {"user": "none", "count": 1}],
    ),
]


@pytest.mark.parametrize(("spl", "expected"), SEARCHES, ids=[spl for spl, _ in SEARCHES])
@pytest.mark.parametrize("accelerate", [False, True], ids=["computed", "accelerated"])
def test_search(spl: str, expected: list[Json], accelerate: bool, tmp_path: Path) -> None:
    rows = run(context(tmp_path, accelerate=accelerate), spl)
    assert same_rows(rows, expected, ordered=True), rows


ERRORS = [
    ("| tstats count from datamodel=Nosuch", "data model `Nosuch`"),
    ("| tstats count from datamodel=Auth.Nosuch", "`Nosuch`"),
    ("| from datamodel:Auth.Logn", "Logon"),
]


@pytest.mark.parametrize(("spl", "says"), ERRORS)
def test_what_does_not_exist_is_named(spl: str, says: str, ctx: Context) -> None:
    with pytest.raises(KnowledgeError) as caught:
        run(ctx, spl)
    assert says in caught.value.message


def test_a_field_that_the_dataset_does_not_have_is_null_and_said(tmp_path: Path) -> None:
    said: list[str] = []
    found = context(tmp_path, accelerate=False)
    spoken = Context(found.engine, found.knowledge, found.store, "app", warn=said.append)
    assert run(spoken, "| tstats count from datamodel=Auth.Logon by Logon.nosuch") == []
    assert said == ["dataset `Auth.Logon` has no field `Logon.nosuch`, so it is null on every event"]


def test_new_events_are_seen_by_an_accelerated_dataset(tmp_path: Path) -> None:
    ctx = context(tmp_path, accelerate=True)
    count = "| tstats count from datamodel=Auth.Logon"
    assert run(ctx, count) == [{"count": 4.0}]
    assert isinstance(ctx.store, Index)
    ctx.store.add([Event("kind=logon code=0 user=new", 200.0, "h", "src", "st")])
    assert run(ctx, count) == [{"count": 5.0}]
