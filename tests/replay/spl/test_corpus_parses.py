"""Splunk's own detections parse: every search of the corpus, macros expanded, to its last character."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from replay.errors import SearchError
from replay.plan import parse
from replay.session import Session
from support import SHARED

CORPUS = SHARED / "corpus"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="../shared/corpus is not here: no detections to parse")
def test_every_search_of_the_corpus_parses(tmp_path: Path) -> None:
    files = sorted(str(p) for p in CORPUS.glob("*.jsonl"))
    make = [sys.executable, str(CORPUS / "make_app.py"), str(tmp_path / "app"), *files]
    subprocess.run(make, check=True, capture_output=True)
    session = Session([tmp_path / "app"])
    searches = [s for s in session.knowledge.saved_searches() if s.app == "escu_corpus"]
    assert len(searches) == 748
    wrong: list[str] = []
    for saved in searches:
        ctx = session.saved_context(saved)
        try:
            parse(saved.search, ctx)
        except SearchError as error:
            # A command that is left out on purpose says so; its arguments are nobody's to judge.
            if "is a Splunk command that this engine does not do" not in error.message:
                wrong.append(f"{saved.name}: {error}")
    assert wrong == []
