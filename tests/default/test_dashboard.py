"""The dashboard: its definition is sound, its searches run, and it shows what the detection finds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import pytest
from replay.errors import Place
from replay.plan import plan_search
from replay.preview.definition import problems, query_of, replaced
from replay.preview.views import View, read
from replay.report import Row
from replay.session import Session
from support import ROOT

APP = "DA-ESS-RemoteAssistance"
RULE = "Endpoint - Windows Remote Assistance Spawning Process - Rule"
TOKENS = {"endpoint": "*", "pick_endpoint": "*", "pick_process": "*", "pick_parent": "*"}
FILTER = "`windows_remote_assistance_spawning_process_filter`"
QUIET = {"windows_remote_assistance_spawning_process_filter": 'search NOT dest="HW-WS-027*"'}


@cache
def view() -> View:
    found = read(ROOT / "default/data/ui/views/remote_assistance.xml", APP)
    assert found is not None
    return found


@cache
def session(filtered: bool = False, loaded: bool = True) -> Session:
    made = Session(macros=QUIET if filtered else {}, accelerate=True)
    if loaded:
        made.load([ROOT / "dev/datasets/msra-windows-sysmon.log"])
    return made


def rows(source: str, of: Session | None = None, /, **tokens: str) -> list[Row]:
    """What a data source gives."""
    of = of or session()
    spl = replaced(query_of(view().definition, source), {**TOKENS, **tokens})
    return list(of.engine.rows(plan_search(spl, of.context(APP, Place()))))


@cache
def columns() -> Mapping[str, list[str]]:
    """Data source -> the fields of its results."""
    found = {}
    for source in view().definition["dataSources"]:
        spl = replaced(query_of(view().definition, source), TOKENS)
        found[source] = list(plan_search(spl, session().context(APP, Place())).columns)
    return found


def test_the_definition_is_sound() -> None:
    assert problems(view().definition, columns()) == []


def test_the_view_is_dark_and_named() -> None:
    assert (view().theme, view().label) == ("dark", "Remote Assistance")


def test_the_searches_are_the_detections_own(rule: dict[str, str]) -> None:
    """Whoever changes the detection changes the dashboard: the same commands, the filter aside, in the same order."""
    own = [part.strip() for part in rule["search"].split("\n|")]
    base = [part.strip() for part in query_of(view().definition, "ds_found").split("\n|")]
    assert [part for part in own if part != FILTER] == [part for part in base if part != "eval _time=firstTime"]
    assert query_of(view().definition, "ds_kept").split("\n| ")[len(base)] == FILTER


def test_numbers() -> None:
    assert rows("ds_numbers") == [{"detections": 4.0, "risk": 320.0, "endpoints": 2.0, "users": 3.0}]
    assert rows("ds_coverage_numbers") == [{"endpoints": 5.0, "gaps": 0.0}]
    assert rows("ds_out_count") == [{"out": 0.0}]


def test_the_endpoint_narrows_every_panel_but_the_list_to_choose_from() -> None:
    one = "HW-WS-014.haldenwerke.example"
    assert rows("ds_numbers", endpoint=one)[0]["detections"] == 2.0
    assert {row["Endpoint"] for row in rows("ds_table", endpoint=one)} == {one}
    assert [row["Endpoint"] for row in rows("ds_sides", endpoint=one)] == [one]
    assert [row["Endpoint"] for row in rows("ds_coverage_table", endpoint=one)] == [one]
    assert len(rows("ds_endpoints", endpoint=one)) == 2


def test_rare_command_lines_come_first() -> None:
    found = rows("ds_shells")
    assert len(found) == 4
    assert [(row["Endpoints"], row["Times"]) for row in found] == sorted((r["Endpoints"], r["Times"]) for r in found)


def test_what_the_filter_keeps_out_is_shown_beside_what_is_left() -> None:
    quiet = session(filtered=True)
    assert rows("ds_numbers", quiet)[0]["detections"] == 2.0
    assert rows("ds_out_count", quiet) == [{"out": 2.0}]
    assert {row["Endpoint"] for row in rows("ds_out", quiet)} == {"HW-WS-027.haldenwerke.example"}
    assert [tuple(row.values()) for row in rows("ds_sides", quiet)] == [
        ("HW-WS-027.haldenwerke.example", 2.0, 0.0, 2.0, 160.0),
        ("HW-WS-014.haldenwerke.example", 2.0, 2.0, 0.0, 0.0),
    ]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("ds_table", "No detections. Look at the coverage below before you call it quiet."),
        ("ds_shells", "No shell under msra.exe."),
        ("ds_sides", "Nothing found, with or without it."),
        ("ds_out", "The filter keeps nothing out."),
        ("ds_coverage_table", "no process events: the detection is blind"),
    ],
)
def test_an_empty_panel_says_so(source: str, said: str) -> None:
    (row,) = rows(source, session(loaded=False))
    assert said in row.values()


def test_numbers_of_nothing_are_zero() -> None:
    empty = session(loaded=False)
    assert rows("ds_numbers", empty) == [{"detections": 0.0, "risk": 0.0, "endpoints": 0.0, "users": 0.0}]
    assert rows("ds_coverage_numbers", empty) == [{"endpoints": 0.0, "gaps": 0.0}]
    assert rows("ds_out_count", empty) == [{"out": 0.0}]


def test_the_next_steps_lead_to_the_chosen_process() -> None:
    row = next(row for row in rows("ds_table") if row["PID"] == "7412")
    chosen = {"pick_endpoint": row["Endpoint"], "pick_process": row["PID"], "pick_parent": row["Parent PID"]}
    steps = rows("ds_steps", None, **{key: str(value) for key, value in chosen.items()})
    own = session().context(APP, Place())
    events = list(session().engine.rows(plan_search(str(steps[0]["Search"]), own)))
    assert [event["process_id"] for event in events] == ["7412"]
    family = list(session().engine.rows(plan_search(str(steps[1]["Search"]), own)))
    assert {event["process_name"] for event in family} >= {"msra.exe", "cmd.exe"}
    assert [step["App"] for step in steps].count("SplunkEnterpriseSecuritySuite") == 2


def test_a_hostile_name_cannot_leave_its_quotes() -> None:
    steps = rows("ds_steps", pick_endpoint='x" OR dest="*\\', pick_process='1" | delete "')
    for step in steps[:4]:
        searched = re.findall(r'"([^"]*)"', str(step["Search"]))
        assert "delete" not in re.sub(r'"[^"]*"', "", str(step["Search"]))
        assert searched[0].startswith("x* OR dest=**")
