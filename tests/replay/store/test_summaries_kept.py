"""Summaries in a store: made ahead, of what searches read, and anew when they would not be the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from replay import index
from replay.engine import Engine
from replay.knowledge.xml_at_once import Order, usual_orders
from replay.session import Session
from replay.store.folder import StoreFolder
from replay.store.summarising import datasets_read
from stores import SEARCHES, SYSMON, over_logs, put, results, summarise_all
from support import write_app


def test_a_summary_is_made_anew_when_its_knowledge_changes(tmp_path: Path) -> None:
    """The fields of a summary are those that a search would compute now: Splunk keeps old ones until a rebuild."""
    store = tmp_path / "s"
    put(store, SYSMON)
    spl = "| tstats count from datamodel=Endpoint.Processes by Processes.dest"

    def hosts(*apps: Path) -> set[str]:
        session = Session(apps, store=store)
        return {json.loads(row)["Processes.dest"] for row in results(session, spl)}

    plain = hosts()
    files = set(store.rglob("Endpoint.Processes-*"))
    props = {"source::XmlWinEventLog:Microsoft-Windows-Sysmon/Operational": {"EVAL-dest": '"renamed"'}}
    other = write_app(tmp_path / "TA-other", {"props": props})
    (other / "metadata/default.meta").write_text("[]\nexport = system\n", encoding="utf-8")
    assert hosts(other) == {"renamed"}
    assert hosts() == plain
    assert len(set(store.rglob("Endpoint.Processes-*")) - files) == 1


def test_the_datasets_that_searches_read_are_summarised_ahead(tmp_path: Path) -> None:
    saved: dict[str, dict[str, Any]] = {
        "a": {"search": "| tstats count from datamodel=Endpoint.Registry by Registry.dest"},
        "b": {"search": "index=* [| tstats count from datamodel=Endpoint.Filesystem by Filesystem.dest]"},
        "c": {"search": "| nothing of this kind"},
        "d": {"search": "| savedsearch e | append [| from datamodel:Endpoint.Ports]"},
        "e": {"search": "| datamodel Endpoint Services search | table x"},
        "f": {"search": "| from savedsearch:f"},
        "g": {"search": "| savedsearch g"},
    }
    app = write_app(tmp_path / "mine", {"savedsearches": saved})
    session = Session([app])
    with datasets_read(session) as datasets:
        names = ["Endpoint.Filesystem", "Endpoint.Ports", "Endpoint.Registry", "Endpoint.Services"]
        assert datasets() == [("mine", *name.split(".")) for name in names]
    put(tmp_path / "s", SYSMON)
    assert summarise_all(tmp_path / "s", app) == [f"summarised {name}" for name in names]
    assert [s.dataset for s in StoreFolder(tmp_path / "s").read().buckets[0].summaries] == names


def test_events_in_a_usual_order_are_read_as_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = [results(over_logs([SYSMON]), spl) for spl in SEARCHES]
    put(tmp_path / "s", SYSMON)
    found: list[Order] = []

    def note(engine: Engine, sample: str) -> list[Order]:
        found.extend(usual_orders(engine, sample))
        return found

    monkeypatch.setattr(index, "FEW", 0)
    monkeypatch.setattr(index, "usual_orders", note)
    for session in (Session(store=tmp_path / "s"), over_logs([SYSMON])):
        found.clear()
        assert [results(session, spl) for spl in SEARCHES] == expected
        assert "Data Name='ParentImage'" in found[0]


def test_a_dataset_that_cannot_be_summarised_ends_nothing(tmp_path: Path) -> None:
    names = ("Broken.Base", "Endpoint.Nothing", "Endpoint.Ports")
    searches = {name: f"| tstats count from datamodel={name}" for name in names}
    app = write_app(tmp_path / "mine", {"savedsearches": {name: {"search": spl} for name, spl in searches.items()}})
    base = {"objectName": "Base", "parentName": "BaseEvent", "constraints": [{"search": "`nowhere`", "owner": "Base"}]}
    models = app / "default/data/models"
    models.mkdir(parents=True)
    (models / "Broken.json").write_text(json.dumps({"modelName": "Broken", "objects": [base]}), encoding="utf-8")
    put(tmp_path / "s", SYSMON)
    broken, unknown, made = summarise_all(tmp_path / "s", app)
    assert broken.startswith("Broken.Base has no summary: ")
    assert "`nowhere`" in broken
    assert unknown.startswith("Endpoint.Nothing has no summary: ")
    assert "`Nothing`" in unknown
    assert made == "summarised Endpoint.Ports"
