"""A small app whose search has a filter macro and risk, and logs for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support import write_app

RISK = [
    {"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 40},
    {"risk_object_field": "user", "risk_object_type": "user", "risk_score": 10},
]
BEGIN = "search sourcetype=tools | table dest user tool"
TOOLS = {
    "search": f"{BEGIN} | `tools_filter`",
    "action.risk": "1",
    "action.risk.param._risk": json.dumps(RISK),
    "action.risk.param._risk_message": "$tool$ ran on $dest$",
}
SEARCHES = {
    "Tools": TOOLS,
    "Enriched": {
        **TOOLS,
        "search": f'{BEGIN} | `tools_filter` | rbaenrich detection="Tools" prefix=x_ output=annotate',
    },
    "No risk": {"search": f"{BEGIN} | `tools_filter`"},
    "Counted after": {"search": f"{BEGIN} | `tools_filter` | stats count by dest"},
    "Looks at each": {"search": f'{BEGIN} | `tools_filter` | where tool!="quiet.exe"'},
}


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An app with these searches, and a second filter macro."""
    macros = {name: {"definition": "search *"} for name in ("tools_filter", "keep_all")}
    confs = {"savedsearches": SEARCHES, "macros": macros, "props": {"tools": {"KV_MODE": "json"}}}
    return write_app(tmp_path / "tools_app", confs)


@pytest.fixture
def write_log(tmp_path: Path) -> Callable[..., Path]:
    """Writes a log of JSON objects with a ``dest``, a ``user`` and a ``tool`` each."""

    def write(name: str, *rows: tuple[str, str, str]) -> Path:
        path = tmp_path / name
        objects = [
            {"timestamp": f"2024-05-01T00:00:{n:02}Z", "dest": dest, "user": user, "tool": tool}
            for n, (dest, user, tool) in enumerate(rows)
        ]
        path.write_text("".join(json.dumps(o) + "\n" for o in objects), encoding="utf-8")
        return path

    return write
