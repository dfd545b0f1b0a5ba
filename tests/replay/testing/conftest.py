"""A folder with a small app, small logs and tests of them, for all that runs tests of detections."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support import write_app

RISK = [
    {"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 40},
    {"threat_object_field": "tool", "threat_object_type": "process_name"},
]
SAVED = {
    "Tools": {
        "search": "search sourcetype=tools `tools_filter` | table dest tool args",
        "action.correlationsearch.label": "Tools: seen",
        "action.risk": "1",
        "action.risk.param._risk": json.dumps(RISK),
        "action.risk.param._risk_message": "$tool$ ran on $dest$",
    },
    "Counts": {"search": "search sourcetype=tools | stats count by dest"},
    "Broken": {"search": "search sourcetype=tools | no_such_command"},
}


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An app with the searches ``Tools`` (which has risk), ``Counts`` and ``Broken``."""
    confs = {
        "savedsearches": SAVED,
        "macros": {"tools_filter": {"definition": "search *"}},
        "props": {"tools": {"KV_MODE": "json"}},
    }
    # The filter stands within the first command here: what it replaces must fit there.
    confs["macros"]["tools_filter"]["definition"] = "tool=*"
    return write_app(tmp_path / "tools_app", confs)


@pytest.fixture
def write_log(tmp_path: Path) -> Callable[..., Path]:
    """Writes a log of JSON objects, one event each."""

    def write(name: str, *rows: dict[str, str]) -> Path:
        path = tmp_path / name
        lines = [json.dumps({"time": f"2024-05-01T00:00:{n:02}Z", **row}) for n, row in enumerate(rows)]
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        return path

    return write


@pytest.fixture
def write_tests(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a file of tests."""

    def write(text: str) -> Path:
        path = tmp_path / "tests.yml"
        path.write_text(text, encoding="utf-8")
        return path

    return write
