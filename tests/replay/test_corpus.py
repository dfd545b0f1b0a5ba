"""Real detections, planned without data: how much of the language there is.

The corpus is Splunk's own detections as an app (``../shared/corpus/make_app.py``). Every search on Endpoint.Processes
must run; one of them only after its model has been trained, as in Splunk. Of the others, those that do not run must
say which piece is missing.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from replay.check import Verdict, check_searches
from replay.errors import Place
from replay.plan import plan_search
from replay.session import Session
from support import SHARED

CORPUS = SHARED / "corpus"
EVENTS = SHARED / "data" / "events"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="../shared/corpus is not here: no detections to plan")

MISSING_PIECE = re.compile(
    r"nothing is known of (sourcetype|source|index|eventtype) "
    r"|lookup `[^`]+` (is not defined|is an? )"
    r"|data model `[^`]+` is not defined"
    r"|`[a-z]+` is a Splunk command that this engine does not do"
    r"|event type `[^`]+` is not defined"
)

NEEDS_A_MODEL = "ESCU - Potentially malicious code on commandline - Rule"
LONG_COMMANDS = (
    "sb_panache_vs_art01.evtx",
    "sb_panache_vs_edr.xml.log",
    "md_sqlserver_revshell_4688.evtx",
    "mordor_schtask_create.json",
)
"""Recordings with command lines of more than 200 characters, which is what that detection looks at."""
SUSPICIOUS = re.compile("webclient|frombase64string|set-mppreference", re.IGNORECASE)
"""The rule by which the training below calls a command line malicious."""
COMMANDS = """| tstats count from datamodel=Endpoint.Processes by Processes.parent_process_name Processes.process_name
    Processes.process Processes.user Processes.dest
| `drop_dm_object_name(Processes)` | where len(process) > 200"""
TRAINING = rf"""{COMMANDS} | eval unusual_cmdline_logits=if(match(process, "(?i){SUSPICIOUS.pattern}"), 4, -4)
| `potentially_malicious_code_on_cmdline_tokenize_score`
| fit LinearRegression unusual_cmdline_logits from unusual_cmdline_feature_* into app:unusual_commandline_detection"""


def corpus(folder: Path, *names: str) -> Session:
    files = [str(CORPUS / name) for name in names]
    subprocess.run([sys.executable, str(CORPUS / "make_app.py"), str(folder), *files], check=True, capture_output=True)
    return Session([folder], accelerate=True)


def verdicts(session: Session) -> list[Verdict]:
    return [v for v in check_searches(session) if v.app == "escu_corpus"]


def test_every_detection_on_endpoint_processes_runs(tmp_path: Path) -> None:
    found = verdicts(corpus(tmp_path / "app", "escu_endpoint_processes.jsonl"))
    assert len(found) == 257
    failed = {v.search: v.reason for v in found if v.status != "runs"}
    assert list(failed) == [NEEDS_A_MODEL]
    assert failed[NEEDS_A_MODEL].startswith("model `unusual_commandline_detection` does not exist: train it first")


@pytest.mark.skipif(not EVENTS.is_dir(), reason="../shared/data/events is not here: no real logs to train a model on")
def test_all_execute_on_real_events_the_last_after_its_model_has_been_trained(tmp_path: Path) -> None:
    session = corpus(tmp_path / "app", "escu_endpoint_processes.jsonl")
    assert session.load([EVENTS / name for name in LONG_COMMANDS]).problems == []
    context = session.context(session.home, Place())
    trained = list(session.engine.rows(plan_search(TRAINING, context)))
    assert {row["unusual_cmdline_logits"] for row in trained} == {4.0, -4.0}
    assert [v.search for v in verdicts(session) if v.status != "runs"] == []
    rows = session.engine.rows(session.plan_saved(session.knowledge.saved_search(NEEDS_A_MODEL)))
    found = {(row["process"], row["user"], row["dest"]): row["score"] for row in rows}
    commands = list(session.engine.rows(plan_search(COMMANDS, context)))
    suspicious = {(r["process"], r["user"], r["dest"]) for r in commands if SUSPICIOUS.search(str(r["process"]))}
    assert len(commands) > 70
    assert len(suspicious) == 2
    # On what it was trained with, the model finds just what the rule says: its words are among the model's features.
    assert found.keys() == suspicious
    assert list(found.values()) == pytest.approx([4.0, 4.0])


def test_other_detections_run_or_name_what_is_missing(tmp_path: Path) -> None:
    found = verdicts(corpus(tmp_path / "app", "escu_other.jsonl"))
    assert len(found) == 491
    unclear = [v for v in found if v.status != "runs" and not MISSING_PIECE.match(v.reason)]
    assert unclear == []
    assert sum(v.status == "runs" for v in found) > 300
