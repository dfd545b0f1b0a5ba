"""RL105: JSON in a setting that does not parse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from replay.knowledge import Setting
from replay.linting.examined import ExaminedSearch
from replay.linting.json_places import inside
from replay.linting.rule import Found, search_rule
from replay.linting.settings import DRILLDOWNS, RISK, SHAPES, risk_entries
from replay.linting.source import place_in


@search_rule(
    "RL105", "json-malformed", "error",
    title="Risk, annotations or drilldowns that are not JSON, or not of the right shape",
    why="Enterprise Security drops the whole setting: no risk objects, no annotations, no drilldowns.",
    mend="Mend the JSON where the message points. _risk is a list of objects, each with a risk_object_field or a "
    "threat_object_field and its type; annotations are an object of lists.",
    bad="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
action.risk.param._risk = [{"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 50},]
""",
    good="""
[Shells]
search = index=win process_name=cmd.exe | stats count by dest
action.risk.param._risk = [{"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 50}]
""",
)  # fmt: skip
def check(search: ExaminedSearch) -> Iterator[Found]:
    """Parse each JSON setting; look at the keys of ``_risk``."""
    for key, shape in SHAPES.items():
        setting = search.setting(key)
        if setting is None:
            continue
        try:
            value = json.loads(setting.value)
        except (ValueError, RecursionError) as error:
            at = error.pos if isinstance(error, json.JSONDecodeError) else 0
            yield Found(place_in(setting, at), f"{key} is not JSON: {error}")
            continue
        if not isinstance(value, shape):
            yield Found(setting.place, f"{key} must be {'a list' if shape is list else 'an object'} in JSON")
        elif isinstance(value, list):
            yield from _entries(setting)
    for entry in risk_entries(search):
        wrong = _wrong(entry.says)
        if wrong:
            yield Found(entry.place, f"entry {entry.number} of {RISK} {wrong}")


def _entries(setting: Setting) -> Iterator[Found]:
    for number, one in enumerate(inside(setting.value), 1):
        says = ""
        if not isinstance(one.value, dict):
            says = "must be an object in JSON"
        elif setting.key == DRILLDOWNS and not isinstance(one.value.get("search"), str):
            says = "has no search"
        if says:
            yield Found(place_in(setting, one.start), f"entry {number} of {setting.key} {says}")


def _wrong(one: dict[str, Any]) -> str:
    kinds = [kind for kind in ("risk", "threat") if f"{kind}_object_field" in one]
    if not kinds:
        return "has neither risk_object_field nor threat_object_field"
    missing = [f"{kind}_object_type" for kind in kinds if f"{kind}_object_type" not in one]
    return f"has no {missing[0]}" if missing else ""
