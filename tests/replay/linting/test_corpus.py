"""Over real detections: how many findings each rule has, as docs/lint.md says; the judgement of them is by hand."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from replay.linting.linter import lint
from replay.session import Session
from support import ROOT, SHARED

CORPUS = SHARED / "corpus"
FILES = ("escu_endpoint_processes.jsonl", "escu_other.jsonl")


def documented() -> dict[str, int]:
    """Rule -> findings, of the table in docs/lint.md; ``all`` is their sum."""
    text = (ROOT / "docs/lint.md").read_text(encoding="utf-8")
    return {
        row[1]: int(row[2]) for row in re.finditer(r"^\| (RL\d+|all) \| (\d+) \| \d+ \| \d+ \|$", text, re.MULTILINE)
    }


@pytest.mark.skipif(not CORPUS.is_dir(), reason="../shared/corpus is not here: no detections to lint")
def test_the_findings_are_those_that_the_document_counts(tmp_path: Path) -> None:
    files = [str(CORPUS / name) for name in FILES]
    make = [sys.executable, str(CORPUS / "make_app.py"), str(tmp_path / "app"), *files]
    subprocess.run(make, check=True, capture_output=True)
    found = lint(Session([tmp_path / "app"]))
    assert Counter(one.rule.code for one in found) + Counter(all=len(found)) == documented()


def test_the_readme_gives_the_sum() -> None:
    rows = documented()
    assert rows["all"] == sum(count for rule, count in rows.items() if rule != "all")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"it finds {rows['all']} things" in text
    lint_page = (ROOT / "docs/lint.md").read_text(encoding="utf-8")
    read, false = re.findall(r"^\| all \| \d+ \| (\d+) \| (\d+) \|$", lint_page, re.MULTILINE)[0]
    assert f"{read} were read and judged: **{false} is\nfalse**" in text
