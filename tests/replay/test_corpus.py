"""Real detections, planned without data: how much of the language there is.

The corpus is Splunk's own detections as an app (``../shared/corpus/make_app.py``). Every search on Endpoint.Processes
must run, but for one that needs a trained model. Of the others, those that do not run must say which piece is missing.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from replay.check import Verdict, check_searches
from replay.session import Session
from support import SHARED

CORPUS = SHARED / "corpus"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="../shared/corpus is not here: no detections to plan")

MISSING_PIECE = re.compile(
    r"nothing is known of (sourcetype|source|index|eventtype) "
    r"|lookup `[^`]+` (is not defined|is an? )"
    r"|data model `[^`]+` is not defined"
    r"|`[a-z]+` is a Splunk command that this engine does not do"
    r"|event type `[^`]+` is not defined"
)


def verdicts(folder: Path, *names: str) -> list[Verdict]:
    files = [str(CORPUS / name) for name in names]
    subprocess.run([sys.executable, str(CORPUS / "make_app.py"), str(folder), *files], check=True, capture_output=True)
    session = Session([folder], accelerate=True)
    return [v for v in check_searches(session) if v.app == "escu_corpus"]


def test_every_detection_on_endpoint_processes_runs(tmp_path: Path) -> None:
    found = verdicts(tmp_path / "app", "escu_endpoint_processes.jsonl")
    assert len(found) == 257
    failed = {v.search: v.reason for v in found if v.status != "runs"}
    # One asks for a model that the Machine Learning Toolkit must have trained; Splunk, too, fails without it.
    assert list(failed) == ["ESCU - Potentially malicious code on commandline - Rule"]
    assert failed.popitem()[1].startswith("`apply` is a Splunk command that this engine does not do")


def test_other_detections_run_or_name_what_is_missing(tmp_path: Path) -> None:
    found = verdicts(tmp_path / "app", "escu_other.jsonl")
    assert len(found) == 491
    unclear = [v for v in found if v.status != "runs" and not MISSING_PIECE.match(v.reason)]
    assert unclear == []
    assert sum(v.status == "runs" for v in found) > 300
