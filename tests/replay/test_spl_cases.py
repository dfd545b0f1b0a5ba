"""How SPL behaves, as data: every case is a search, the rows it runs on, and the rows Splunk's documentation says it
gives.

Cases come from ``tests/cases/commands/*.jsonl`` and, where they exist, from ``../shared/spl-cases.jsonl`` and the files
that the environment variable SPL_CASES names (separated by the path separator). A case that Splunk would answer
otherwise than its source says is listed in ``tests/cases/deviations.json`` with the reason.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support import ROOT, SHARED, run_case, same_rows

DEVIATIONS: dict[str, str] = json.loads((ROOT / "tests/cases/deviations.json").read_text(encoding="utf-8"))


def case_files() -> list[Path]:
    named = [Path(p) for p in os.environ.get("SPL_CASES", "").split(os.pathsep) if p]
    missing = [str(p) for p in named if not p.is_file()]
    assert not missing, f"SPL_CASES names files that do not exist: {missing}"
    files = sorted((ROOT / "tests/cases/commands").glob("*.jsonl"))
    shared = SHARED / "spl-cases.jsonl"
    return files + ([shared] if shared.is_file() else []) + named


def cases() -> list[Any]:
    found = []
    for path in case_files():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip():
                case = json.loads(line)
                found.append(pytest.param(case, id=f"{path.stem}:{case.get('name', number)}"))
    return found


@pytest.mark.parametrize("case", cases())
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    if case.get("name") in DEVIATIONS:
        pytest.xfail(DEVIATIONS[str(case["name"])])
    rows, columns = run_case(case, tmp_path)
    expected = case["expected"]
    assert same_rows(rows, expected, ordered=bool(case.get("ordered", True))), (
        f"{case['spl']}\n expected {expected}\n      got {rows}"
    )
    if case.get("column_order"):
        assert [c for c in columns if not c.startswith("_")] == case["column_order"]


@pytest.mark.skipif(not (SHARED / "spl-cases.jsonl").is_file(), reason="../shared/spl-cases.jsonl is not here")
def test_the_shared_cases_are_among_them() -> None:
    assert any("spl-cases" in str(p) for p in case_files())
