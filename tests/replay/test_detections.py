"""Detections in the shapes that teams write, with what ``replay check`` says of each: it runs, or what is missing.

The app ``tests/cases/detections`` is the sample of a corpus that is always here; test_corpus.py takes the large one.
"""

from __future__ import annotations

import pytest
from replay.check import check_search
from replay.knowledge import SavedSearch
from replay.session import Session
from support import ROOT

SESSION = Session([ROOT / "tests/cases/detections"], accelerate=True)
SAMPLE = ROOT / "dev/datasets/msra-windows-sysmon.log"
DETECTIONS = [s for s in SESSION.knowledge.saved_searches() if s.app == "sample_detections"]
RUNNING = [s for s in DETECTIONS if s.settings["test.expect"] == "runs"]


@pytest.mark.parametrize("saved", DETECTIONS, ids=lambda saved: saved.name)
def test_verdict(saved: SavedSearch) -> None:
    verdict = check_search(SESSION, saved)
    expected = saved.settings["test.expect"]
    if expected == "runs":
        assert (verdict.status, verdict.reason) == ("runs", "")
    else:
        assert verdict.status == "fails"
        assert expected in verdict.reason
        assert "savedsearches.conf" in verdict.place and f"[{saved.name}]" in verdict.place


def test_those_that_run_do_so_on_events() -> None:
    session = Session([ROOT / "tests/cases/detections"], accelerate=True)
    session.load([SAMPLE])
    for saved in RUNNING:
        list(session.engine.rows(session.plan_saved(saved)))
