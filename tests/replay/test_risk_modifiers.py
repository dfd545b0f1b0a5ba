"""The shipped search with rows in ``rba_risk_modifiers``, written as the README says, on the shipped day of events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from replay.errors import Place
from replay.plan import plan_search
from replay.session import Session
from support import ROOT

SAMPLE = ROOT / "dev/datasets/msra-windows-sysmon.log"
APP = "DA-ESS-RemoteAssistance"
NAME = "Endpoint - Windows Remote Assistance Spawning Process"
HOST = "HW-WS-014.haldenwerke.example"
Found = list[tuple[Any, ...]]


def search(*rows: str, name: str = f"{NAME} - Rule") -> tuple[list[dict[str, Any]], list[str]]:
    """The rows and warnings of a saved search after each of ``rows`` (an eval) went into the lookup."""
    warnings: list[str] = []
    session = Session(warn=warnings.append)
    session.load([SAMPLE])
    for row in rows:
        spl = f"| makeresults | eval {row} | `rba_risk_modifiers_add`"
        list(session.engine.rows(plan_search(spl, session.context(APP, Place()))))
    saved = session.knowledge.saved_search(name)
    found = [dict(row) for row in session.engine.rows(session.plan_saved(saved))]
    return sorted(found, key=lambda row: str(row["firstTime"])), warnings


CASES: list[tuple[tuple[str, ...], list[str], list[Any]]] = [
    (('dest="HW-WS-014.*", risk_add=-30, reason="test"',), ["50", "50", "80", "80"], ["test", "test", None, None]),
    (('process_name="POWERSHELL.EXE", risk_multiply=0, reason="r"',), ["80", "0", "80", "80"], [None, "r", None, None]),
    (
        ('detection="*remote assistance*", risk_add=10, reason="a"', 'user="system", risk_multiply=0.5, reason="b"'),
        ["90", "90", "90", "45"],
        [["a"], ["a"], ["a"], ["a", "b"]],
    ),
    (('risk_add=-30, expires="2001-01-01"',), ["80"] * 4, [None] * 4),
    (('risk_add=-30, expires="2001-01-01"', 'risk_add=5, reason="r"'), ["85"] * 4, ["r"] * 4),
    (('detection="Another *", risk_add=-30',), ["80"] * 4, [None] * 4),
    (('parent_process_name="msra.exe", user="b.*", risk_add=-100',), ["0", "0", "80", "80"],
     ["no reason given", "no reason given", None, None]),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "scores", "reasons"), CASES)
def test_the_shipped_search_applies_them(rows: tuple[str, ...], scores: list[str], reasons: list[Any]) -> None:
    found, warnings = search(*rows)
    assert [row["risk_score"] for row in found] == scores
    assert [row.get("risk_modifier_reason") for row in found] == reasons
    assert not [w for w in warnings if "rba_risk_modifiers" in w]


def test_risk_events_have_the_modified_score() -> None:
    found, _ = search('dest="hw-ws-014.*", risk_add=-30', name=f"{NAME} - Risk Events")
    assert [(row["risk_object"] == HOST, row["risk_score"], row["risk_severity"]) for row in found] == [
        (True, "50", "medium"), (True, "50", "medium"), (False, "80", "high"), (False, "80", "high")
    ]  # fmt: skip


def test_a_row_that_cannot_be_read_keeps_the_score_and_is_named() -> None:
    found, warnings = search('risk_add=-30, expires="next week"')
    assert [row["risk_score"] for row in found] == ["80"] * 4
    assert any("(expires 'next week')" in w for w in warnings)


def test_an_empty_collection_changes_no_field() -> None:
    found, _ = search()
    assert not [name for row in found for name in row if "modifier" in name]


FALCON = (
    '{{"event_simpleName": "ProcessRollup2", "event_platform": "Win", "timestamp": "17102402{n:02}000", '
    '"aid": "{n:032x}", "ComputerName": "PC{n}", "UserName": "bob", "RawProcessId": "{n}", "TargetProcessId": "{n}", '
    '"ParentProcessId": "7", "ImageFileName": "\\\\Device\\\\HarddiskVolume2\\\\Windows\\\\System32\\\\{child}", '
    '"ParentBaseFileName": "{parent}", "CommandLine": "{child} /c whoami"}}\n'
)
PAIRS = [
    ("msra.exe", "cmd.exe"), ("msra", "cmd"), ("msra", "powershell.exe"), ("msra.exe", "bash"), ("MSRA", "CMD"),
    ("msra", "msra"), ("notmsra", "cmd"), ("msra.exe", "cmdkey"), ("msra2", "cmd"), ("explorer", "cmd"),
]  # fmt: skip


def falcon(folder: Path, definition: str) -> set[tuple[str, str]]:
    """(parent, child) of what the shipped search finds in events of CrowdStrike, with this filter macro."""
    log = folder / "falcon.json"
    text = "".join(FALCON.format(n=n, parent=parent, child=child) for n, (parent, child) in enumerate(PAIRS))
    log.write_text(text, encoding="utf-8")
    session = Session(macros={"windows_remote_assistance_spawning_process_filter": definition})
    assert not session.load([log]).problems
    saved = session.knowledge.saved_search(f"{NAME} - Rule")
    rows = list(session.engine.rows(session.plan_saved(saved)))
    assert {row["risk_score"] for row in rows} == {"80"}
    found = [(str(row["parent_process_name"]), str(row["process_name"])) for row in rows]
    assert len(found) == len(set(found))
    return set(found)


def test_names_without_exe_are_off_as_shipped(tmp_path: Path) -> None:
    assert falcon(tmp_path, "search *") == {("msra.exe", "cmd.exe")}


def test_the_macro_finds_names_without_exe_each_once_and_no_look_alike(tmp_path: Path) -> None:
    assert falcon(tmp_path, "`windows_remote_assistance_without_exe` | search *") == set(PAIRS[:5])


def test_the_filter_that_follows_applies_to_both(tmp_path: Path) -> None:
    definition = "`windows_remote_assistance_without_exe` | search NOT process_name=cmd*"
    assert falcon(tmp_path, definition) == {("msra", "powershell.exe"), ("msra.exe", "bash")}
